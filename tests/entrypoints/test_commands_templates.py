"""import_template as interfaces.md has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.models import Indicator, ReportTemplate, TemplateVersion
from tests.entrypoints.cli import INDICATOR_COLUMNS, Ran, csv_of, done, manage, standard_levels, template_file

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _levels(db: None) -> None:
    standard_levels()


ROW = "a,integer,hamlet|commune,sum,flow_sum"


def load(*rows: str, options: tuple[object, ...] = ("--publish",), code: str = "t") -> Ran:
    return manage("import_template", "-", "--code", code, "--name", "Mẫu", *options, stdin=template_file(*rows))


def test_it_prints_version_state_and_number_of_indicators() -> None:
    assert load(ROW, options=()).out == "t version 1 (draft): 1 indicators.\n"
    assert load(ROW, "b,text,hamlet,none,none").out == "t version 2 (published): 2 indicators.\n"
    assert [(version.number, version.is_published) for version in TemplateVersion.objects.order_by("number")] == [(1, False), (2, True)]


def test_the_project_s_own_template_is_sound() -> None:
    path = Path(__file__).parents[2] / "reports" / "data" / "template_dan_van.csv"
    ran = done("import_template", path, "--code", "dan_van", "--name", "Báo cáo", "--name-en", "Report", "--publish")
    assert ran.out == f"dan_van version 1 (published): {Indicator.objects.count()} indicators.\n"


def test_the_english_name_stays_where_none_is_given() -> None:
    load(ROW, options=("--name-en", "Template"))
    load(ROW)
    assert ReportTemplate.objects.get().name_en == "Template"


def test_every_problem_is_named_at_its_line_and_column_and_nothing_is_written() -> None:
    ran = load(ROW, "b,percent,hamlet,formula,formula,a / nope", "c,number,hamlet,sum,flow_sum", "a,integer,village,sum,flow_sum,,wish: 1")
    places = [problem.split(": ")[:2] for problem in ran.problems]
    assert places == [["-:3", "formula"], ["-:4", "value_type"], ["-:5", "rules"]]
    assert not ReportTemplate.objects.exists()


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("b,percent,hamlet,formula,formula,a / (", "formula"),
        ("b,percent,hamlet,formula,formula,b / a", "formula"),
        ("b,percent,hamlet,formula,formula,__import__('os')", "formula"),
        ("b,integer,hamlet,count_yes,flow_sum", "aggregate_up"),
        ("b,integer,village,sum,flow_sum", "levels"),
        ("a,integer,hamlet,sum,flow_sum", "code"),
        ("b,decimal,hamlet,sum,flow_sum,,,,7", "decimals"),
        ("b,integer,hamlet,sum,flow_sum,,error: nope > 1", "rules"),
        ("b,integer,hamlet,sum,flow_sum,,,perhaps", "required"),
    ],
)
def test_what_cannot_be_published_is_refused_in_its_column(row: str, column: str) -> None:
    problems = load(ROW, row).problems
    assert [problem.split(": ")[:2] for problem in problems] == [["-:3", column]]


def test_wrong_columns_are_refused() -> None:
    columns = INDICATOR_COLUMNS.replace("formula,", "").replace("note", "remark")
    ran = manage("import_template", "-", "--code", "t", "--name", "x", stdin=csv_of(columns))
    assert [problem.split(": ")[:2] for problem in ran.problems] == [["-:1", "formula"], ["-:1", "note"], ["-:1", "remark"]]


@pytest.mark.parametrize(
    ("options", "code"),
    [((), "có dấu cách"), ((), ""), ((), "x" * 61), (("--name", "x" * 201), "t"), (("--name", ""), "t"), (("--colour",), "t")],
)
def test_wrong_usage_exits_with_2(options: tuple[str, ...], code: str) -> None:
    assert load(ROW, options=options, code=code).code == 2
    assert not ReportTemplate.objects.exists()
