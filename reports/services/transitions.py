"""Taking reports through the workflow: the one mechanism behind every action of `domain.workflow` (semantics §2).

Works on sets, so that a page's one report and a command's hundred thousand take the same way: lock, check everything,
write each state's group with one conditional UPDATE, and leave journal entries, cleared flags and rollup marks behind
in the same transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property, partial
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, prefetch_related_objects

from reports.domain.workflow import TRANSITIONS, Action, State, Then, target
from reports.models import Cycle, JournalEntry, Report, Submission
from reports.models.bulk import as_json, insert_like
from reports.policies import Standing
from reports.services import flagging, rolling_up
from units.bulk import Among
from units.models import Level
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

logger = logging.getLogger(__name__)

#: Actions that change what is counted or expected, or what a later total is held against
_MARKING = frozenset(
    {Action.SUBMIT, Action.WITHDRAW, Action.ACCEPT, Action.RETURN, Action.REOPEN, Action.EXEMPT, Action.UNEXEMPT, Action.APPRAISE}
)
#: of these, those that count nothing by themselves; yet what was declared is held against the total, or no longer is
_DECLARING = frozenset({Action.SUBMIT, Action.WITHDRAW, Action.RETURN})

#: how many reports of a step the log names
_LOGGED = 5
#: how many reports one write takes at once
BATCH = 2000


@dataclass(frozen=True)
class Step:
    """One action on a set of reports: who takes it, when, and why. `by` None is the system."""

    action: Action
    by: User
    at: datetime
    reason: str = ""
    #: the version of each report (by id) that the actor saw; a report that isn't named is taken as it stands
    seen: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def standing(self) -> Standing:
        """What the actor is to reports, asked once for all that the step looks at."""
        return Standing(self.by)


def lock(reports: QuerySet[Report]) -> list[Report]:
    """The reports, locked in one order for the rest of the transaction, yet not against rows that only refer to them.

    By cycle, the deepest first: what is below has to be in before its superior is.
    """
    related = reports.select_related("cycle__version", "unit", "level", "superior")
    return list(related.select_for_update(of=("self",), no_key=True).order_by("cycle_id", "-depth", "pk"))


def lock_many(reports: QuerySet[Report]) -> list[Report]:
    """The same for a thousand of them, which share their cycle, their levels and mostly their superiors.

    Their units are looked up where one is named: see `named`.
    """
    locked = list(reports.select_for_update(of=("self",), no_key=True).order_by("cycle_id", "-depth", "pk"))
    _share(locked, "cycle", Cycle.objects.select_related("version"))
    _share(locked, "level", Level.objects.all())
    _share(locked, "superior", Report.objects.all())
    return locked


def lock_untouched(reports: QuerySet[Report]) -> set[int]:
    """Lock them all, in the order of `lock`; the ids of those that nothing has happened to since their cycle opened.

    Whatever is to be known of one of these before something happens to it is known of all of its level.
    """
    untouched = Q(state=State.NOT_STARTED.value, version=0, journal_at__isnull=True, own={})
    locked = reports.select_for_update(of=("self",), no_key=True).order_by("cycle_id", "-depth", "pk")
    return {pk for pk, is_so in locked.annotate(untouched=untouched).values_list("pk", "untouched") if is_so}


def _share(reports: Sequence[Report], name: str, rows: QuerySet[Any]) -> None:
    """As `prefetch_related` does, without a look at each report's relations: of a country's reports that is a tenth of a lock's time."""
    relation: Any = Report._meta.get_field(name)
    key = attrgetter(relation.attname)
    found = rows.in_bulk({key(report) for report in reports} - {None})
    for report in reports:
        relation.set_cached_value(report, found.get(key(report)))


def groups(reports: Sequence[Report]) -> Iterator[list[Report]]:
    """Locked reports in groups of one cycle and one depth, none larger than one write takes at once."""
    for _, group in groupby(reports, lambda report: (report.cycle_id, report.depth)):
        rest = iter(group)
        while batch := list(islice(rest, BATCH)):
            yield batch


def take(
    step: Step,
    reports: QuerySet[Report],
    updates: Callable[[Report], Mapping[str, Any]] = lambda report: {},
    changes: Callable[[Report], Mapping[str, Any]] = lambda report: {},
) -> list[Report]:
    """Take the step on all of the reports or on none; the reports.

    `updates` gives the fields that the action sets (the same for reports of one cycle) and may raise Refused, `changes`
    what the journal keeps of them.
    """
    with transaction.atomic():
        locked = list(groups(lock(reports)))
        problems = Problems()
        fields: list[Mapping[str, Any]] = []
        for group in locked:
            problems.extend(obstacles(step, group))
            fields.append(_fields(group, updates, problems))
        problems.refuse_if_any()
        for group, sets in zip(locked, fields, strict=True):
            write(step, group, updates=sets, changes={report.pk: as_json(changes(report)) for report in group})
        return [report for group in locked for report in group]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a step on many: the reports on which it was taken, and the others, each with the reason."""

    reports: list[Report]
    refused: list[tuple[Report, Problem]]

    @property
    def problems(self) -> list[Problem]:
        """The reasons, each with its report's unit."""
        return named(self.refused)


def take_possible(step: Step, reports: QuerySet[Report], updates: Mapping[str, Any]) -> Taken:
    """Take the step on those of the reports on which it can be taken. `updates` are the fields that the action sets on each."""
    with transaction.atomic():
        taken = Taken([], [])
        for group in groups(lock(reports)):
            refused = _obstacles(step, group)
            in_the_way = {report.pk for report, _problem in refused}
            possible = [report for report in group if report.pk not in in_the_way]
            if possible:
                write(step, possible, updates=updates)
            taken.reports.extend(possible)
            taken.refused.extend(refused)
        return taken


def _fields(group: Sequence[Report], updates: Callable[[Report], Mapping[str, Any]], problems: Problems) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = {}
    for report in group:
        try:
            fields = updates(report)
        except Refused as refused:
            problems.extend(refused.problems)
    return fields


def check(step: Step, reports: Sequence[Report]) -> None:
    """Raises Refused with every reason for which the step can't be taken."""
    problems = Problems()
    problems.extend(obstacles(step, reports))
    problems.refuse_if_any()


def named(found: Sequence[tuple[Report, Problem]]) -> list[Problem]:
    """The problems, each with its report's unit."""
    prefetch_related_objects([report for report, _ in found], "unit")
    return [problem.at(unit_uid=report.unit.uid) for report, problem in found]


def obstacles(step: Step, reports: Sequence[Report]) -> list[Problem]:
    """Every reason for which the step can't be taken on these locked reports."""
    return named(_obstacles(step, reports))


def _obstacles(step: Step, reports: Sequence[Report]) -> list[tuple[Report, Problem]]:
    if TRANSITIONS[step.action].by.is_the_unit:
        step.standing.learn(reports)
    return [(report, problem) for report in reports if (problem := _obstacle(step, report)) is not None]


def _obstacle(step: Step, report: Report) -> Problem | None:
    transition = TRANSITIONS[step.action]
    if not step.standing.reaches(report):
        return Problem(gettext_noop("There is no such report in this cycle."))
    if not step.standing.may(step.action, report):
        return Problem(gettext_noop("You are not the one who may do this to this report."))
    if not report.cycle.is_open:
        return Problem(gettext_noop("The cycle %(cycle)s is not open; a cycle manager can reopen it."), {"cycle": report.cycle.code})
    if step.seen.get(report.pk, report.version) != report.version:
        return Problem(gettext_noop("Somebody else has changed this report meanwhile. Load it again and look before you go on."))
    if report.state not in transition.sources:
        return Problem(
            gettext_noop("The report is in the state “%(state)s”, where “%(action)s” can't be done."),
            {"state": State(report.state), "action": step.action},
        )
    if transition.needs_approval_level and not report.needs_approval:
        return Problem(gettext_noop("This level asks for no leader's approval: submit the report instead."))
    if report.journal_at is not None and step.at < report.journal_at:
        return Problem(
            gettext_noop("The moment %(at)s lies before the report's last journal entry, %(last)s."),
            {"at": step.at.isoformat(), "last": report.journal_at.astimezone(report.cycle.zone).isoformat()},
        )
    if transition.needs_reason and not step.reason.strip():
        return Problem(gettext_noop("Give a reason: this action is recorded with it."))
    return None


def write(
    step: Step,
    reports: Sequence[Report],
    *,
    updates: Mapping[str, Any] | None = None,
    changes: Mapping[int, str] | None = None,
    submissions: Mapping[int, Submission] | None = None,
) -> None:
    """Write a checked step: `updates` go onto every report, `changes` (JSON) and `submissions` (by report id) into its journal entry.

    Raises Refused when a report isn't in the state any more in which it was checked.
    """
    entries = list(_entries(step, reports, changes or {}, submissions or {}))
    _move(step, reports, updates or {})
    _leave(step, [report.pk for report in reports], entries)
    if step.action in _MARKING:
        rolling_up.mark([report for report in reports if _changes_totals(step.action, report)])


def write_alike(step: Step, like: Report, ids: Sequence[int], *, updates: Mapping[str, Any], changes: Mapping[int, str]) -> None:
    """The same for locked reports, by id, that all stand as the checked one `like` does: a country's take no look at each.

    Raises Refused as `write` does, and ValueError for an action that changes totals: which ones, each report has to tell.
    """
    if step.action in _MARKING:
        raise ValueError(step.action)
    to = _target(step.action, like)
    entry = _entry(step, step.standing.on_behalf(like, step.action), like.state, to.value)
    _update(step, like.state, to, ids, updates)
    _leave(step, ids, ((entry, (pk, changes[pk], None)) for pk in ids))


def _leave(step: Step, ids: Sequence[int], entries: Iterable[tuple[JournalEntry, tuple[int, str, int | None]]]) -> None:
    """What every step leaves behind: its journal entries, no flag that is not true any more, a line in the log."""
    logger.info("%s: %d reports, among them %s", step.action, len(ids), ids[:_LOGGED])
    insert_like(entries, ["report", "changes", "submission"])
    flagging.clear_untrue(ids, step.at)


def entries_left(step: Step, reports: Sequence[Report]) -> dict[int, int]:
    """The journal entries that the step has just left, by report: ids."""
    entries = JournalEntry.objects.filter(Among("report_id", [report.pk for report in reports]), action=step.action.value).order_by("pk")
    return dict(entries.values_list("report_id", "pk"))


def _entries(
    step: Step, reports: Sequence[Report], changes: Mapping[int, str], submissions: Mapping[int, Submission]
) -> Iterator[tuple[JournalEntry, tuple[int, str, int | None]]]:
    """The step's entries, each as one like it with what is its own."""
    like = cache(partial(_entry, step))
    for report in reports:
        sample = like(step.standing.on_behalf(report, step.action), report.state, _target(step.action, report).value)
        submission = submissions[report.pk].pk if report.pk in submissions else None
        yield sample, (report.pk, changes.get(report.pk, "{}"), submission)


def _entry(step: Step, on_behalf: bool, from_state: str, to_state: str) -> JournalEntry:
    return JournalEntry(
        at=step.at,
        by_id=step.by.pk if step.by is not None else None,
        on_behalf=on_behalf,
        action=step.action.value,
        from_state=from_state,
        to_state=to_state,
        reason=step.reason,
    )


def _target(action: Action, report: Report) -> State:
    return target(
        action,
        state=State(report.state),
        resume=State(report.resume_state) if report.resume_state else None,
        in_correction=report.in_correction,
        has_superior=report.superior_id is not None,
    )


def _move(step: Step, reports: Sequence[Report], updates: Mapping[str, Any]) -> None:
    groups: dict[tuple[str, State], list[Report]] = {}
    for report in reports:
        groups.setdefault((report.state, _target(step.action, report)), []).append(report)
    for (source, to), group in groups.items():
        _update(step, source, to, [report.pk for report in group], updates)
        for report in group:
            report.state = to.value
            report.version += 1
            report.journal_at = step.at


def _update(step: Step, source: str, to: State, ids: Sequence[int], updates: Mapping[str, Any]) -> None:
    still_open = Cycle.objects.filter(pk=OuterRef("cycle_id"), state=Cycle.State.OPEN)
    moved = Report.objects.filter(Exists(still_open), Among("pk", ids), state=source).update(
        state=to.value, version=F("version") + 1, journal_at=step.at, **_resume(step.action, source), **updates
    )
    if moved != len(ids):
        raise Refused(Problem(gettext_noop("Somebody else has changed this report meanwhile. Load it again and look before you go on.")))


def _resume(action: Action, source: str) -> dict[str, str]:
    """What PROPOSE and EXEMPT have to remember for the way back; an action that leaves the state leaves it too."""
    if TRANSITIONS[action].then is Then.SAME:
        return {}
    return {"resume_state": source if action in (Action.PROPOSE, Action.EXEMPT) else ""}


def _changes_totals(action: Action, report: Report) -> bool:
    """A tree of one report has no stored total, and a declaration is held against the declaring report's own total alone."""
    if action in _DECLARING:
        return report.has_reports_below
    return report.superior_id is not None or report.has_reports_below
