"""load_templates as interfaces.md has it: the project's own library, of which loading twice is loading once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports.models import ReportTemplate, TemplateVersion
from reports.services import configuring, library
from tests.entrypoints.cli import done, standard_levels, template_file
from units.problems import Refused

pytestmark = pytest.mark.django_db

AT = datetime(2025, 1, 2, tzinfo=UTC)
ROW, OTHER = "a,integer,hamlet|commune,sum,flow_sum", "b,integer,hamlet,sum,flow_sum"


@pytest.fixture(autouse=True)
def _levels(db: None) -> None:
    standard_levels()


def shelf(folder: Path, *lines: str, **files: bytes) -> Path:
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content)
    index = folder / "templates.csv"
    index.write_text("\n".join(["code,file,name,name_en", *lines]) + "\n", encoding="utf-8")
    return index


def newest() -> TemplateVersion:
    version = TemplateVersion.objects.newest_in_use("t")
    assert version is not None
    return version


def test_run_again_it_changes_nothing() -> None:
    first = done("load_templates")
    assert "dan-van version 1: published, 66 indicators." in first.lines
    standing = list(TemplateVersion.objects.values_list()), list(ReportTemplate.objects.values_list())
    again = done("load_templates")
    assert again.lines == [line.replace("published,", "published already,") for line in first.lines]
    assert (list(TemplateVersion.objects.values_list()), list(ReportTemplate.objects.values_list())) == standing


def test_a_changed_file_makes_the_next_version_and_one_s_own_version_stays_the_newest(tmp_path: Path) -> None:
    index = shelf(tmp_path, "t,t.csv,Mẫu,", t=template_file(ROW))
    library.load(AT, index)
    shelf(tmp_path, "t,t.csv,Mẫu,", t=template_file(ROW, OTHER))
    assert [each.is_new for each in library.load(AT, index)] == [True]
    assert (newest().number, newest().indicators.count()) == (2, 2)

    own = configuring.draft_from(newest())
    own.indicators.filter(code="b").delete()
    own.indicators.filter(code="a").update(required=True)
    configuring.publish(own, AT)
    assert [each.is_new for each in library.load(AT, index)] == [False]
    assert newest() == own


def test_every_problem_of_every_file_is_named_and_no_template_is_loaded(tmp_path: Path) -> None:
    bad = template_file("c,number,hamlet,sum,flow_sum", "a,integer,village,sum,flow_sum")
    lines = ("t,t.csv,Mẫu,", "u,u.csv,Mẫu,", "t,t.csv,Mẫu,", "v,nowhere.csv,Mẫu,")
    index = shelf(tmp_path, *lines, t=template_file(ROW), u=bad)
    with pytest.raises(Refused) as refused:
        library.load(AT, index)
    places = {(problem.file, problem.line) for problem in refused.value.problems}
    assert places == {("u.csv", 2), ("u.csv", 3), ("templates.csv", 4), ("templates.csv", 5)}
    assert not ReportTemplate.objects.exists()
