from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from reports.models import Report
from reports.queries.board import Sought, board
from reports.queries.progress import progress_of_cycles
from reports.queries.timeline import timeline, touched_since
from reports.queries.worklists import worklist
from reports.services import closing
from tests.builders import NOON, Play, at, given_cycle, given_user, uids
from units.models import Unit

pytestmark = pytest.mark.django_db
LATER = at("2025-06-19 00:00")


def work(owned: str = "", reviewed: str = "", moment: datetime = NOON) -> Any:
    ids = dict(Unit.objects.values_list("uid", "pk"))
    return worklist([ids[uid] for uid in owned.split()], [ids[uid] for uid in reviewed.split()], moment)


def given_every_state() -> Play:
    play = given_cycle(outline={"P": {"D": {"C": ["H1", "H2", "H3", "H4", "H5"]}}})
    for uid in ("H1", "H2", "H3"):
        play.save(uid, a="1")
    play.submit("H2", "H3")
    play.do("return_for_correction", "H3", reason="Xem lại.")
    play.do("exempt", "H4")
    return play


def test_what_is_submitted_or_exempt_waits_for_nobody():
    given_every_state()
    found = work("H1 H2 H3 H4 H5")
    assert (uids(found.due), uids(found.returned), uids(found.overdue)) == (["H1", "H5"], ["H3"], [])


def test_a_report_is_overdue_from_the_first_moment_after_its_due_day():
    given_every_state()
    assert uids(work("H1 H5", moment=at("2025-06-18 23:59:59.999999")).overdue) == []
    assert uids(work("H1 H5", moment=LATER).overdue) == ["H1", "H5"]


def test_the_newest_reason_goes_with_a_returned_report():
    play = given_every_state()
    play.submit("H3")
    play.do("return_for_correction", "H3", reason="Vẫn sai.")
    assert [report.reason for report in work("H3").returned] == ["Vẫn sai."]


def test_what_waits_for_review_is_counted_for_each_superior():
    given_every_state()
    [commune] = work(reviewed="C", moment=LATER).to_review
    assert (commune.unit.uid, commune.waiting, commune.missing, commune.children) == ("C", 1, 2, 4)


def test_a_closed_cycle_asks_for_nothing():
    play = given_every_state()
    closing.close_cycle(play.cycle, by=None, at=LATER)
    assert work("H1 H3", "C", LATER).is_empty


def test_the_worklist_takes_two_queries(django_assert_num_queries):
    given_every_state()
    ids = list(Unit.objects.values_list("pk", flat=True))
    with django_assert_num_queries(2):
        found = worklist(ids, ids, LATER)
        assert [(report.unit.name, report.cycle.version.template.name) for report in found.overdue]


def test_the_board_is_searched_without_marks_and_narrowed():
    play = given_every_state()
    rows = board(play.report("C"), LATER)

    def found(sought: Sought) -> list[str]:
        return [row.report.unit.uid for row in sought.among(rows)]

    assert found(Sought("don vi h")) == ["H1", "H2", "H3", "H4", "H5"]
    assert found(Sought(state="returned")) == ["H3"]
    assert found(Sought(timeliness="missing")) == ["H1", "H5"]
    assert found(Sought("H5", "draft")) == []


def test_progress_of_cycles_is_what_the_rates_count():
    play = given_every_state()
    [progress] = progress_of_cycles(Report.objects.all(), LATER)
    assert uids(progress.tops) == ["P"]
    assert [(each.expected, each.received, each.accepted, each.on_time, each.late, each.missing) for _, each in progress.levels] == [
        (1, 0, 0, 0, 0, 1),
        (1, 0, 0, 0, 0, 1),
        (1, 0, 0, 0, 0, 1),
        (4, 2, 0, 2, 0, 2),
    ]
    [inside] = progress_of_cycles(Report.objects.filter(superior=play.report("C")), LATER)
    assert uids(inside.tops) == ["H1", "H2", "H3", "H4", "H5"]


def test_the_timeline_gathers_saves_by_day_and_person():
    play = given_cycle()
    who = given_user("lan", H1="preparer approver")
    play.save("H1", by=who, a="1")
    play.save("H1", by=who, a="2")
    play.save("H1", a="3", at=at("2025-06-11 00:00"))
    play.submit("H1")
    assert [(event.action, event.by, event.times) for event in timeline(play.report("H1"))] == [
        ("submit", "", 1),
        ("save", "", 1),
        ("save", "lan", 2),
    ]


def test_cells_touched_since_a_version_come_with_what_they_held_then():
    play = given_cycle()
    play.save("H1", a="1")
    play.save("H1", a="2")
    play.save("H1", a="")
    report = play.report("H1")
    assert touched_since(report, 3) == {}
    assert touched_since(report, 1) == {"a": 1}
    assert touched_since(report, 0) == {"a": None}
