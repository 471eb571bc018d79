"""Semantics §4 read literally from the journal: which flags have to be open, with nothing taken from what the sweep reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reports.domain.aggregation import figures
from reports.domain.deadlines import add_working_days, end_of_day, timeliness
from reports.domain.workflow import WITH_SUPERIOR
from reports.models import Flag, JournalEntry, Report
from reports.queries.calendar import DaysOff
from tests.builders import Play
from tests.properties.brute_force import Oracle

GIVEN_BACK = ("return", "reopen")


@dataclass
class Facts:
    """What the journal of one report says."""

    due: datetime
    state: str = "not_started"
    first: datetime | None = None
    submitted: datetime | None = None
    correct_by: datetime | None = None


def flags_due(play: Play, dues: dict[str, date], at: datetime) -> set[tuple[str, str]]:
    """The open flags, by unit and kind, as the table has them at moment `at`. `dues`: the due days at the opening, by level."""
    oracle = Oracle(play.cycle)
    found: set[tuple[str, str]] = set()
    for report in oracle.reports.values():
        facts = _facts(play, report, dues[report.level.code])
        found |= {(report.unit.uid, kind) for kind in _kinds(play, report, facts, at)}
        if facts.state in WITH_SUPERIOR and _declared(play, report) != oracle.both(report):
            found.add((report.unit.uid, "figures_changed"))
    return found


def flags_open(play: Play) -> set[tuple[str, str]]:
    return set(Flag.objects.filter(report__cycle=play.cycle, cleared_at=None).values_list("report__unit__uid", "kind"))


def _facts(play: Play, report: Report, due: date) -> Facts:
    facts = Facts(end_of_day(due, play.cycle.zone))
    for entry in JournalEntry.objects.filter(report=report).order_by("pk"):
        facts.state = entry.to_state
        if entry.action == "submit":
            facts.first, facts.submitted, facts.correct_by = facts.first or entry.at, entry.at, None
        elif entry.action in GIVEN_BACK:
            facts.correct_by = _end_of_working_day(play, entry.at, play.cycle.correction_days)
        elif entry.action == "extend":
            facts.due = end_of_day(date.fromisoformat(entry.changes["due_on"][1]), play.cycle.zone)
    return facts


def _kinds(play: Play, report: Report, facts: Facts, at: datetime) -> set[str]:
    when = timeliness(exempt=facts.state == "exempt", first=facts.first, due=facts.due, at=at)
    found = {when.value} & {"missing", "late"}
    if facts.correct_by is not None and facts.correct_by < at:
        found.add("correction_overdue")
    if facts.state == "submitted" and facts.submitted and _end_of_working_day(play, facts.submitted, play.cycle.review_days) < at:
        found.add("review_overdue")
    return found


def _end_of_working_day(play: Play, moment: datetime, count: int) -> datetime:
    return end_of_day(add_working_days(moment.astimezone(play.cycle.zone).date(), count, DaysOff()), play.cycle.zone)


def _declared(play: Play, report: Report) -> dict[str, Any]:
    return dict(figures(play.template, report.submissions.order_by("-number")[0].declared))
