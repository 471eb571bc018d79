"""Entering figures (semantics §2, §3). Saving takes the version that the editor saw: nothing is silently overwritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from reports.domain.indicators import EnteredBy, Template
from reports.domain.numbers import parse_plain
from reports.domain.validation import check_appraisal, check_own, enterable, tallied
from reports.domain.workflow import Action, State
from reports.models import Adjustment, Report
from reports.models.bulk import as_json, each_its_own
from reports.queries.sourced import sourced_figures
from reports.services import transitions
from reports.services.transitions import Step
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

Changes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """What a save leaves behind, as JSON: the report's own values, and what was before and is after of each that changed."""

    own: str
    changes: str

    @classmethod
    def of(cls, own: Mapping[str, Any], changes: Mapping[str, Any]) -> Written:
        return cls(as_json(own), as_json(changes))


@dataclass(frozen=True, slots=True)
class Clash:
    """A cell that somebody else changed since the editor loaded it: what stands there now, and what was to be written."""

    indicator: str
    theirs: Any
    mine: Any


class Conflict(Refused):
    """A save over somebody else's newer one. Nothing was written; `version` is the one to look at."""

    def __init__(self, version: int, clashes: Sequence[Clash]) -> None:
        self.version = version
        self.clashes = clashes
        super().__init__(Problem(gettext_noop("Somebody else has saved this report meanwhile. Both values are shown: choose one.")))


def save(report_id: int, changes: Changes, *, by: User, at: datetime, seen: int) -> Report:
    """Write these cells of one report; None clears a cell, a cell that isn't named stays.

    The first save of a report fills in what its sources say (queries.sourced), but for the cells that are named. `seen` is
    the version that the editor saw. Raises Conflict when it isn't the report's any more, Refused with the
    reason when the state, the user's role or a value forbids it.
    """
    with transaction.atomic():
        report = _locked(report_id)
        step = Step(Action.SAVE, by, at)
        transitions.check(step, [report])
        _refuse_older(report, changes, seen)
        _write(step, [(report, {**filled_in([report])[report.pk], **changes})], misplaced, Problems())
        return report


def filled_in(reports: Sequence[Report]) -> dict[int, Changes]:
    """What a first save fills in from sources (semantics §10), by report of one cycle: nothing in one that was begun."""
    first = [report for report in reports if report.state == State.NOT_STARTED]
    sourced = sourced_figures(first)
    own = {report.pk: report.own for report in first}
    filled = {pk: {code: value for code, value in figures.items() if code not in own[pk]} for pk, figures in sourced.items()}
    return {report.pk: filled.get(report.pk, {}) for report in reports}


def save_locked(
    entries: Sequence[tuple[Report, Changes]], *, by: User, at: datetime, reason: str = "", seen: Mapping[int, int] | None = None
) -> None:
    """Write the cells of several locked reports. Raises Refused with all that is wrong with the reports and with the cells.

    `seen` are the versions, by id, that the editor saw.
    """
    step = Step(Action.SAVE, by, at, reason, seen or {})
    problems = Problems()
    problems.extend(transitions.obstacles(step, [report for report, _ in entries]))
    _write(step, entries, misplaced, problems)


def save_first(like: Report, written: Mapping[int, Written], *, by: User, at: datetime, reason: str = "") -> None:
    """Write the first figures of locked reports (by id) that are all as `like` is: of indicators that are `enterable_at_first`.

    Raises Refused with what stands in `like`'s way, and so in that of them all.
    """
    step = Step(Action.SAVE, by, at, reason)
    transitions.check(step, [like])
    transitions.write_alike(step, like, list(written), **_stored(written))


def enterable_at_first(report: Report, by: User) -> frozenset[str]:
    """The indicators whose figures this user may enter without a look at each: none where the report has been begun, or nothing may be."""
    if report.state != State.NOT_STARTED or report.own or by is not None or not report.cycle.is_open:
        return frozenset()
    template = report.cycle.version.compiled()
    counted = {tally.table for tally in template.tallies.values()}
    return enterable(template, report.level.code, frozenset(report.levels_below)) - counted


def appraise(report_id: int, changes: Changes, *, by: User, at: datetime, seen: int) -> Report:
    """Write what the superior enters on the report of a unit below (semantics §5); the journal names the reviewer.

    Raises Conflict and Refused as `save` does, and where one of these figures breaks an error rule of its own.
    """
    with transaction.atomic():
        report = _locked(report_id)
        step = Step(Action.APPRAISE, by, at)
        transitions.check(step, [report])
        _refuse_older(report, changes, seen)
        _write(step, [(report, changes)], _not_the_superiors, Problems())
        return report


def _refuse_older(report: Report, changes: Changes, seen: int) -> None:
    if report.version != seen:
        raise Conflict(report.version, [Clash(code, report.own.get(code), value) for code, value in changes.items()])


def _says_something_new(report: Report, changes: Changes) -> bool:
    """A save of what stands already is no event. The first one of a report is: it has been begun."""
    return report.state == State.NOT_STARTED or any(report.own.get(code) != value for code, value in changes.items())


def _write(
    step: Step,
    entries: Sequence[tuple[Report, Changes]],
    forbidden: Callable[[Template, Report, Changes, User], list[Problem]],
    problems: Problems,
) -> None:
    written: list[tuple[Report, Written]] = []
    refused: list[tuple[Report, Problem]] = []
    for report, changes in entries:
        if not _says_something_new(report, changes):
            continue
        before = report.own.get
        changed = {code: value for code, value in changes.items() if before(code) != value}
        refused += [(report, problem) for problem in forbidden(report.cycle.version.compiled(), report, changed, step.by)]
        changed |= _counted_anew(report, {**report.own, **changed})
        journal = {code: [before(code), value] for code, value in changed.items()}
        report.own = {code: value for code, value in {**report.own, **changed}.items() if value is not None}
        written.append((report, Written.of(report.own, journal)))
    problems.extend(transitions.named(refused))
    problems.refuse_if_any()
    if written:
        transitions.write(step, [report for report, _ in written], **_stored({report.pk: figures for report, figures in written}))


def _counted_anew(report: Report, own: Changes) -> Changes:
    """What is counted of the report's tables (semantics §11) and isn't what it was."""
    template = report.cycle.version.compiled()
    counts = tallied(template, own, report.cycle.cut_off) if template.tallies else {}
    return {code: value for code, value in counts.items() if report.own.get(code) != value}


def _stored(written: Mapping[int, Written]) -> dict[str, Any]:
    """What is written onto the reports (by id), and into their journals."""
    own = each_its_own({pk: figures.own for pk, figures in written.items()})
    return {"updates": {"own": own}, "changes": {pk: figures.changes for pk, figures in written.items()}}


def misplaced(template: Template, report: Report, changed: Changes, by: User) -> list[Problem]:
    """Cells that this unit may not enter: not its level's, computed, closed by a level below, or the superior's (§5)."""
    entered = {code: value for code, value in changed.items() if value is not None}
    problems = check_own(template, entered, report.level.code, report.levels_below)
    if by is not None:
        problems += [
            Problem(gettext_noop("“%(code)s” is entered by the superior."), {"code": code}, column=code)
            for code in entered
            if _is_the_superiors(template, code)
        ]
    return problems


def _not_the_superiors(template: Template, report: Report, changed: Changes, by: User) -> list[Problem]:
    """Cells that a reviewer may not enter: nobody edits a child's figure but the child (§5)."""
    problems = check_own(template, changed, report.level.code, report.levels_below)
    problems += [
        Problem(gettext_noop("“%(code)s” is entered by the unit: return the report to have it corrected."), {"code": code}, column=code)
        for code in changed
        if code in template.by_code and not _is_the_superiors(template, code)
    ]
    return problems or check_appraisal(template, {**report.own, **changed}, report.level.code, changed)


def _is_the_superiors(template: Template, code: str) -> bool:
    indicator = template.by_code.get(code)
    return indicator is not None and indicator.entered_by is EnteredBy.SUPERIOR


def adjust(report_id: int, indicator: str, amount: str, reason: str, *, by: User, at: datetime, seen: int) -> Adjustment:
    """Add to (or take from) the sum of what is below, as a row with its reason (semantics §5).

    `amount` is plain text with a point. Raises Refused where the indicator is no sum, nothing is below, or it has no reason.
    """
    with transaction.atomic():
        report = _locked(report_id)
        step = Step(Action.SAVE, by, at, reason, {report.pk: seen})
        transitions.check(step, [report])
        value = _amount(report, indicator, amount)
        if not reason.strip():
            raise Refused(Problem(gettext_noop("Give a reason for the adjustment."), column="reason"))
        transitions.write(step, [report], changes={report.pk: as_json({f"{indicator} ±": [None, value]})})
        return Adjustment.objects.create(
            report=report, indicator=indicator, amount=str(value), reason=reason.strip(), by_id=by.pk if by else None, at=at
        )


def drop_adjustment(adjustment_id: int, *, by: User, at: datetime, seen: int) -> Report:
    """Take an adjustment back; the journal keeps that it was there."""
    with transaction.atomic():
        adjustment = Adjustment.objects.filter(pk=adjustment_id).first()
        if adjustment is None:
            raise Refused(Problem(gettext_noop("This adjustment is not there any more.")))
        report = _locked(adjustment.report_id)
        step = Step(Action.SAVE, by, at, adjustment.reason, {report.pk: seen})
        transitions.check(step, [report])
        transitions.write(step, [report], changes={report.pk: as_json({f"{adjustment.indicator} ±": [adjustment.amount, None]})})
        adjustment.delete()
        return report


def _amount(report: Report, code: str, amount: str) -> Any:
    indicator = report.cycle.version.compiled().by_code.get(code)
    if indicator is None or not indicator.may_be_adjusted:
        raise Refused(Problem(gettext_noop("“%(code)s” is no sum: only sums are adjusted."), {"code": code}, column="indicator"))
    if not report.has_reports_below:
        raise Refused(Problem(gettext_noop("Nothing reports below this unit: correct its own figure instead."), column="indicator"))
    value = parse_plain(amount, replace(indicator, negative=True))
    if value is None:
        raise Refused(Problem(gettext_noop("Write the amount that is to be added, or taken with a minus."), column="amount"))
    return value


def _locked(report_id: int) -> Report:
    found = transitions.lock(Report.objects.filter(pk=report_id))
    if not found:
        raise Refused(Problem(gettext_noop("There is no such report in this cycle.")))
    return found[0]
