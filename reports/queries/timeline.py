"""What happened to a report, for a reader: every transition by itself, saves gathered by day and person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Max, OuterRef, Prefetch, Subquery
from django.db.models.functions import TruncDate

from reports.domain.workflow import Action
from reports.models import JournalEntry, Report, ReviewAnswer, ReviewNote
from reports.models.journal import ACTION_LABELS
from units.bulk import Among

#: what gives a report back to its unit, to be corrected
GIVEN_BACK = (Action.RETURN.value, Action.REOPEN.value)
#: how a person is called
_NAMES = ("username", "first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a report's history; `times` counts the saves that it stands for. `by` is empty for the system."""

    at: datetime
    by: str
    on_behalf: bool
    action: str
    label: str
    reason: str = ""
    to_state: str = ""
    times: int = 1
    notes: list[ReviewNote] = field(default_factory=list)
    answers: list[ReviewAnswer] = field(default_factory=list)


def timeline(report: Report) -> list[Event]:
    """The report's journal, the newest first. Four queries, however often it was saved."""
    journal = JournalEntry.objects.filter(report=report)
    answers = Prefetch("answers", ReviewAnswer.objects.select_related("note"))
    steps = journal.exclude(action=Action.SAVE.value).select_related("by").prefetch_related("notes", answers).defer("changes")
    events = [_event(entry) for entry in steps.order_by("-pk")]
    days = (
        journal.filter(action=Action.SAVE.value)
        .annotate(day=TruncDate("at", tzinfo=report.cycle.zone))
        .order_by()
        .values("day", "by_id", "on_behalf", *(f"by__{name}" for name in _NAMES))
        .annotate(times=Count("pk"), last=Max("at"))
    )
    label = str(dict(ACTION_LABELS)[Action.SAVE.value])
    for row in days:
        by = name_of(get_user_model()(**{name: row[f"by__{name}"] for name in _NAMES}) if row["by_id"] else None)
        events.append(Event(row["last"], by, row["on_behalf"], Action.SAVE.value, label, times=row["times"]))
    return sorted(events, key=lambda event: event.at, reverse=True)


def _event(entry: JournalEntry) -> Event:
    return Event(
        entry.at,
        name_of(entry.by),
        entry.on_behalf,
        entry.action,
        entry.get_action_display(),
        entry.reason,
        entry.to_state if entry.to_state != entry.from_state else "",
        notes=list(entry.notes.all()),
        answers=list(entry.answers.all()),
    )


def name_of(user: object | None) -> str:
    """How a person is called on screen; empty for the system."""
    if user is None:
        return ""
    return user.get_full_name() or user.get_username()  # type: ignore[attr-defined]


def notes_in(events: Sequence[Event]) -> list[ReviewNote]:
    """`newest_notes` of a report whose timeline is there already."""
    said = {answer.note_id: answer.text for event in reversed(events) for answer in event.answers}
    notes = next((event.notes for event in events if event.action in GIVEN_BACK), [])
    for note in notes:
        note.newest_answer = said.get(note.pk)
    return notes


def newest_notes(report: Report) -> list[ReviewNote]:
    """The reviewer's notes on single indicators since the report was last given back, each with its `newest_answer`, None for none."""
    given_back = JournalEntry.objects.filter(report=report, action__in=GIVEN_BACK)
    answer = ReviewAnswer.objects.filter(note=OuterRef("pk")).order_by("-pk").values("text")[:1]
    notes = ReviewNote.objects.filter(entry_id__in=list(given_back.order_by("-pk").values_list("pk", flat=True)[:1]))
    return list(notes.annotate(newest_answer=Subquery(answer)))  # type: ignore[no-redef]


_EXPLAINS = " !"


def explanations_as_changes(explanations: Mapping[str, str]) -> dict[str, list[str | None]]:
    """How the journal keeps what explains warnings, by code, with a report that is proposed."""
    return {f"{code}{_EXPLAINS}": [None, text] for code, text in explanations.items()}


def proposed_explanations(report: Report) -> dict[str, str]:
    """What explains warnings, by code, in a report that was proposed since it was last submitted. One query at most."""
    if not report.needs_approval:
        return {}
    steps = JournalEntry.objects.filter(report=report, action__in=[Action.PROPOSE.value, Action.SUBMIT.value])
    newest = steps.order_by("-pk").first()
    if newest is None or newest.action != Action.PROPOSE.value:
        return {}
    return {name.removesuffix(_EXPLAINS): text for name, (_, text) in newest.changes.items() if name.endswith(_EXPLAINS)}


def touched_since(report: Report, seen: int) -> dict[str, Any]:
    """The cells that were written after version `seen`, with what each held in that version."""
    return touched_since_each([(report, seen)]).get(report.pk, {})


def touched_since_each(made_from: Sequence[tuple[Report, int]]) -> dict[int, dict[str, Any]]:
    """The same of many reports, each since a version of its own, by report. One query.

    Every write raises the version by one and leaves one journal entry.
    """
    newer = {report.pk: report.version - seen for report, seen in made_from if report.version > seen}
    before: dict[int, dict[str, Any]] = {pk: {} for pk in newer}
    if not newer:
        return before
    journal = JournalEntry.objects.filter(Among("report_id", newer)).order_by("report_id", "-pk")
    for pk, action, changes in journal.values_list("report_id", "action", "changes"):
        newer[pk] -= 1
        if newer[pk] >= 0 and action in (Action.SAVE.value, Action.APPRAISE.value):
            before[pk].update((code, old) for code, (old, _) in changes.items())
    return before
