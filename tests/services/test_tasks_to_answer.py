"""Tasks through cycles: set in one report, frozen with it, answered in the next one, counted up the tree (semantics §11)."""

from __future__ import annotations

import json
from datetime import date

import pytest

from reports.domain.workflow import State
from reports.models import TemplateVersion
from reports.services import importing
from reports.services.gathering import Figure
from reports.services.importing import Journey
from tests.builders import Play, at, given_cycle, given_template
from tests.domain.builders import indicator
from units.problems import Problems, Refused

pytestmark = pytest.mark.django_db

LEVELS = "commune|district|province"
SCHEME = ["Xây dựng đề án", "Ban Dân vận", "30/11/2025"]
STUDY = ["Tiếp tục khảo sát", "Mặt trận Tổ quốc", "31/12/2026"]


def given_version() -> TemplateVersion:
    return given_template(
        indicator("tra_loi", "table", columns="Việc|Ai|Hạn|Kết quả|Lý do", levels=LEVELS, source="answers:giao", name_vi="Kết quả"),
        indicator("phai_lam", levels=LEVELS, source="count:set:tra_loi"),
        indicator("xong", levels=LEVELS, source="count:done:tra_loi"),
        indicator("qua_han", levels=LEVELS, source="count:overdue:tra_loi"),
        indicator("giao", "table", columns="Việc|Ai|Hạn", levels=LEVELS, source="tasks", name_vi="Nhiệm vụ"),
        indicator("da_giao", levels=LEVELS, source="count:set:giao"),
        indicator("so", levels=f"hamlet|{LEVELS}"),
    )


@pytest.fixture
def halves() -> tuple[Play, Play]:
    """The first half of 2025, in which the commune set two tasks, and the second."""
    version = given_version()
    first = given_cycle(version)
    first.hand_in("C", giao=table(SCHEME, STUDY))
    return first, given_cycle(version, period="2025-H2", due=date(2025, 12, 18), opened=at("2025-11-20 08:00"))


def table(*rows: list[str]) -> str:
    return json.dumps(rows, ensure_ascii=False)


def said(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [f"{problem.column}: {problem.message % problem.params}" for problem in refused.value.problems]


def test_what_a_report_sets_is_counted_with_the_save_and_up_the_tree(halves: tuple[Play, Play]):
    first, _second = halves
    assert first.report("C").own["da_giao"] == 2
    assert first.journal("C")[0].changes["da_giao"] == [None, 2]
    assert (first.total("D", "da_giao"), first.total("P", "da_giao")) == ("2", "2")


def test_what_was_set_is_part_of_what_was_submitted(halves: tuple[Play, Play]):
    first, _second = halves
    submission = first.report("C").last_submission
    assert submission is not None
    assert submission.own["giao"] == [SCHEME, STUDY]


def test_the_next_report_begins_with_the_tasks_to_answer(halves: tuple[Play, Play]):
    _first, second = halves
    second.save("C", so="1")
    assert second.report("C").own["tra_loi"] == [[*SCHEME, "", ""], [*STUDY, "", ""]]
    assert (second.report("C").own["phai_lam"], second.report("C").own["xong"], second.report("C").own["qua_han"]) == (2, 0, 1)


def test_a_report_is_not_submitted_before_each_task_is_answered(halves: tuple[Play, Play]):
    _first, second = halves
    second.save("C", so="1")
    with pytest.raises(Refused) as refused:
        second.submit("C")
    assert [line.split(":")[0] for line in said(refused)] == ["tra_loi", "tra_loi"]
    second.save("C", tra_loi=table([*SCHEME, "Đã hoàn thành", ""], [*STUDY, "Đang thực hiện", ""]))
    second.submit("C")
    second.accept("C")
    assert (second.total("P", "phai_lam"), second.total("P", "xong"), second.total("P", "qua_han")) == ("2", "1", "0")


def test_what_is_left_open_comes_back_in_the_report_after(halves: tuple[Play, Play]):
    _first, second = halves
    second.hand_in("C", tra_loi=table([*SCHEME, "Đã hoàn thành", ""], [*STUDY, "Chuyển sang kỳ sau", "Chờ kinh phí."]))
    third = given_cycle(second.cycle.version, period="2026-H1", due=date(2026, 6, 18), opened=at("2026-05-20 08:00"))
    third.save("C", so="1")
    assert third.report("C").own["tra_loi"] == [[*STUDY, "", ""]]


def test_a_report_before_that_is_not_accepted_asks_for_nothing():
    version = given_version()
    first = given_cycle(version)
    first.save("C", giao=table(SCHEME))
    first.submit("C")
    second = given_cycle(version, period="2025-H2", due=date(2025, 12, 18), opened=at("2025-11-20 08:00"))
    second.hand_in("C", so="1")
    assert "tra_loi" not in second.report("C").own


def test_a_task_without_a_day_or_with_a_person_is_saved_and_not_submitted():
    play = given_cycle(given_version())
    play.save("C", giao=table(["Việc", "ông Giàng Mí Và", "sớm"]))
    with pytest.raises(Refused) as refused:
        play.submit("C")
    assert said(refused) == [
        "giao: “Nhiệm vụ”, row 1: say until which day, as dd/mm/yyyy, for instance 30/11/2025.",
        "giao: “Nhiệm vụ”, row 1: “ông Giàng Mí Và” looks like a person; name the body or the post.",
    ]


def test_a_count_is_never_typed():
    play = given_cycle(given_version())
    with pytest.raises(Refused) as refused:
        play.save("C", da_giao="7")
    assert "computed" in said(refused)[0]


def test_clearing_the_table_clears_its_count():
    play = given_cycle(given_version())
    play.save("C", giao=table(SCHEME))
    play.save("C", giao="")
    assert play.report("C").own == {}
    assert play.journal("C")[-1].changes == {"giao": [[SCHEME], None], "da_giao": [1, None]}


def test_tasks_out_of_a_file_are_counted_too():
    play = given_cycle(given_version())
    rows = [Figure(1, "value", "C", "giao", table(SCHEME, STUDY)), Figure(2, "value", "C", "so", "4")]
    importing.import_figures(play.cycle, rows, Problems(), Journey(State.DRAFT, None, play.tick(None)))
    assert play.report("C").own == {"giao": [SCHEME, STUDY], "da_giao": 2, "so": 4}
