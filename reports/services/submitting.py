"""What a unit does with its report: propose, send back inside the unit, submit, withdraw (semantics §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from reports.domain.aggregation import Cells
from reports.domain.rates import Rates
from reports.domain.validation import Finding, check_submission
from reports.domain.workflow import Action
from reports.models import Report, ReviewAnswer, Submission
from reports.queries import summing
from reports.queries.calendar import working_days_from
from reports.queries.past import Past
from reports.queries.progress import rates_below
from reports.queries.sourced import Sourced, sourced_figures
from reports.queries.timeline import explanations_as_changes, newest_notes
from reports.services import rolling_up, transitions
from reports.services.transitions import Step
from units.bulk import Among, add_many
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

Explanations = Mapping[str, str]
Seen = Mapping[int, int] | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What stands between a report and its submission, and what the submission would declare.

    `unreadable` are reports directly below whose figures can't be read: nothing is declared over them. `sourced` is what the
    sources of cells say, by code.
    """

    below: Cells
    both: Cells
    unreadable: Sequence[int]
    sourced: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = field(default_factory=list)
    #: own values of a year's first half
    six_months: Mapping[str, Any] = field(default_factory=dict)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "warn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness(Checked):
    """The same, with the rates at the moment of submitting."""

    rates: dict[str, Rates]

    @property
    def is_incomplete(self) -> bool:
        """Are reports below not all accepted (exempt ones aside)?"""
        return self.rates[""].accepted < self.rates[""].expected


@dataclass(frozen=True, slots=True)
class Declaration:
    """How a submission is meant: that what is missing below is known, what explains each warning, what is said to the notes."""

    confirm_incomplete: bool = False
    explanations: Explanations = field(default_factory=dict)
    explanations_required: bool = False
    #: what is said to the reviewer's notes on indicators, by code
    answers: Mapping[str, str] = field(default_factory=dict)


def readiness(
    reports: Sequence[Report], at: datetime, *, drained: bool = False, past: Past | None = None, sourced: Sourced | None = None
) -> dict[int, Readiness]:
    """Check reports of one cycle as submitting them at moment `at` would, by report id, in a fixed number of queries.

    Stale totals below are brought up to date first. With `drained` they are taken as they stand: a page that is only looked
    at writes nothing.
    """
    if not drained and any(report.has_reports_below for report in reports):
        rolling_up.drain_all([reports[0].cycle_id])
    rates = rates_below(reports, at)
    return {
        pk: Readiness(each.below, each.both, each.unreadable, each.sourced, each.findings, each.six_months, rates=rates[pk])
        for pk, each in checked(reports, past, sourced).items()
    }


def checked(reports: Sequence[Report], past: Past | None = None, sourced: Sourced | None = None) -> dict[int, Checked]:
    """The same without rates, over stored totals as they stand: what changes as somebody types.

    `past` is that of the reports' units and `sourced` what their sources say, where these are known already.
    """
    if not reports:
        return {}
    cycle = reports[0].cycle
    template = cycle.version.compiled()
    figures = summing.below_and_both(template, reports)
    past = past or Past(cycle, [report.unit_id for report in reports])
    previous = past.previous if template.uses_previous else {}
    year_ago = past.year_ago if template.uses_year_ago else {}
    sourced = sourced_figures(reports, past) if sourced is None else sourced
    halves = {unit_id: found.six_months for unit_id, found in past.six_months.items()}
    return {
        report.pk: Checked(
            *figures[report.pk],
            sourced[report.pk],
            check_submission(
                template,
                report.own,
                report.level.code,
                report.levels_below,
                figures[report.pk].both,
                previous.get(report.unit_id),
                year_ago.get(report.unit_id),
                sourced[report.pk],
                halves.get(report.unit_id),
            ),
            halves.get(report.unit_id, {}),
        )
        for report in reports
    }


def propose(
    reports: QuerySet[Report], *, by: User, at: datetime, reason: str = "", declaration: Declaration | None = None, seen: Seen = None
) -> None:
    """Put reports before the unit's leader.

    What explains warnings goes with it, for the leader to take over; what answers the reviewer's notes is said from now on.
    """
    step = Step(Action.PROPOSE, by, at, reason, seen or {})
    declaration = declaration or Declaration()
    said = {code: text.strip() for code, text in declaration.explanations.items() if text.strip()}
    with transaction.atomic():
        proposed = transitions.take(step, reports, changes=lambda report: explanations_as_changes(said))
        _answer_notes(step, proposed, declaration.answers)


def send_back(reports: QuerySet[Report], *, by: User, at: datetime, reason: str, seen: Seen = None) -> None:
    """Hand proposed reports back inside the unit."""
    transitions.take(Step(Action.SEND_BACK, by, at, reason, seen or {}), reports)


def withdraw(reports: QuerySet[Report], *, by: User, at: datetime, reason: str = "", seen: Seen = None) -> None:
    """Take submitted reports back that nobody has accepted yet."""
    transitions.take(Step(Action.WITHDRAW, by, at, reason, seen or {}), reports, lambda report: {"review_due_at": None})


def submit(
    reports: QuerySet[Report],
    *,
    by: User,
    at: datetime,
    reason: str = "",
    declaration: Declaration | None = None,
    seen: Seen = None,
) -> None:
    """Submit reports of one cycle, the deepest first, freezing what each declares (semantics §6).

    A root is accepted as it is submitted. Raises Refused with every error that blocks.
    """
    step = Step(Action.SUBMIT, by, at, reason, seen or {})
    with transaction.atomic():
        # all reports before any total: whoever holds totals and waits for a report could wait for ever
        locked = list(transitions.groups(transitions.lock(reports)))
        obstacles = {problem.unit_uid: problem for problem in transitions.obstacles(step, [report for group in locked for report in group])}
        problems = Problems()
        problems.extend(obstacles.values())
        declaration = declaration or Declaration()
        for group in locked:
            if problems:
                # what was refused below is a problem of its own, and not one more of its superior
                declaration = replace(declaration, confirm_incomplete=True)
            try:
                _submit_locked(step, [report for report in group if report.unit.uid not in obstacles], declaration)
            except Refused as refused:
                problems.include(refused.problems)
        problems.refuse_if_any()


def _submit_locked(step: Step, reports: Sequence[Report], declaration: Declaration) -> None:
    if not reports:
        return
    ready = readiness(reports, step.at)
    problems = Problems()
    for report in reports:
        problems.extend(_obstacles(report, ready[report.pk], declaration, step.reason))
    problems.refuse_if_any()
    submissions = _record(step, reports, ready, declaration)
    newest = Submission.objects.filter(report=OuterRef("pk")).order_by("-number").values("pk")[:1]
    cycle = reports[0].cycle
    by_review: dict[bool, list[Report]] = {}
    for report in reports:
        by_review.setdefault(report.superior_id is not None, []).append(report)
    for is_reviewed, group in by_review.items():
        updates = {
            "first_submitted_at": Coalesce(F("first_submitted_at"), Value(step.at)),
            "submitted_at": step.at,
            "correct_by_at": None,
            "review_due_at": working_days_from(cycle, step.at, cycle.review_days) if is_reviewed else None,
            "last_submission_id": newest,
            **({} if is_reviewed else {"in_correction": False}),
        }
        transitions.write(step, group, updates=updates, submissions=submissions)
    _answer_notes(step, reports, declaration.answers)


def _answer_notes(step: Step, reports: Sequence[Report], answers: Mapping[str, str]) -> None:
    said = {code: text.strip() for code, text in answers.items() if text.strip()}
    if not said:
        return
    entries = transitions.entries_left(step, reports)
    for report in reports:
        notes = [note for note in newest_notes(report) if said.get(note.indicator, note.newest_answer) != note.newest_answer]
        add_many([ReviewAnswer(entry_id=entries[report.pk], note=note, text=said[note.indicator]) for note in notes])


def _obstacles(report: Report, ready: Readiness, declaration: Declaration, reason: str) -> list[Problem]:
    """Why the report can't be submitted so. Where nobody is asked for explanations one by one, the reason explains them all."""
    problems = [finding.problem.at(unit_uid=report.unit.uid, column=finding.code) for finding in ready.errors]
    if ready.unreadable:
        message = gettext_noop("A figure of a unit below can't be read; an administrator has to look before this report is submitted.")
        problems.append(Problem(message, unit_uid=report.unit.uid))
    unexplained = [finding for finding in ready.warnings if not declaration.explanations.get(finding.code, "").strip()]
    if declaration.explanations_required:
        unusual = gettext_noop("This figure is unusual: explain it.")
        problems += [Problem(unusual, unit_uid=report.unit.uid, column=finding.code) for finding in unexplained]
    elif not reason.strip():
        problems += [finding.problem.at(unit_uid=report.unit.uid, column=finding.code) for finding in unexplained if finding.insists]
    if ready.is_incomplete and not declaration.confirm_incomplete:
        rates = ready.rates[""]
        problems.append(
            Problem(
                gettext_noop("Only %(accepted)d of %(expected)d reports below are accepted: confirm that you submit without the others."),
                {"accepted": rates.accepted, "expected": rates.expected},
                unit_uid=report.unit.uid,
            )
        )
    return problems


def _record(step: Step, reports: Sequence[Report], ready: Mapping[int, Readiness], declaration: Declaration) -> dict[int, Submission]:
    adjustments = summing.adjustments_of(report.pk for report in reports)
    numbers = dict(
        Submission.objects.filter(Among("report_id", [report.pk for report in reports]))
        .order_by("number")
        .values_list("report_id", "number")
    )
    rows = [
        Submission(
            report=report,
            number=numbers.get(report.pk, 0) + 1,
            at=step.at,
            is_official=report.cycle.official_opened_at is not None,
            own=report.own,
            adjustments=adjustments.get(report.pk, []),
            declared=ready[report.pk].both,
            rates={level: rates.as_dict() for level, rates in ready[report.pk].rates.items()},
            warnings=[
                {"indicator": finding.code, "rule": finding.rule, "explanation": declaration.explanations.get(finding.code, "").strip()}
                for finding in ready[report.pk].warnings
            ],
        )
        for report in reports
    ]
    add_many(rows)
    return {row.report_id: row for row in rows}
