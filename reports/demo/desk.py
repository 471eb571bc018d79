"""Taking a cycle's reports through the workflow at past moments, in the order of these moments, as it would have been."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractUser

from reports.demo.chance import draw, happens, pick
from reports.demo.figures import EXPLANATIONS
from reports.demo.places import Place, places_of
from reports.demo.tasks import tasks_answered
from reports.domain.workflow import State
from reports.models import Cycle, Reminder, Report, ReportQuerySet
from reports.queries.sourced import sourced_figures
from reports.services import filling, flagging, importing, reminding, reviewing
from reports.services.gathering import Figure
from reports.services.importing import Journey
from reports.services.submitting import Declaration
from units.problems import Problems

Users = Mapping[str, AbstractUser]
#: what a unit enters, as plain text by indicator code
Figures = Callable[[Place], Mapping[str, str]]
#: what a superior does with reports, by uid, at a moment
Review = Callable[[Sequence[str], datetime], object]

#: a draft lacks this many of a hundred figures
_DRAFT_LACKS = 35


class Window(NamedTuple):
    """When a group of reports is submitted and reviewed: days from the desk's day, and hours."""

    day: int
    hour: int
    review_day: int
    review_hour: int

    def later(self, days: int) -> Window:
        return self._replace(day=self.day + days, review_day=self.review_day + days)


class Desk:
    """One cycle. What is planned at moments is done by `run` in their order; days are counted from `base`.

    `figures` says what a unit enters, `users` act for their units (by uid); elsewhere the system does.
    """

    def __init__(self, cycle: Cycle, figures: Figures, users: Users, base: date) -> None:
        self.cycle = cycle
        self.figures = figures
        self.users = users
        self.base = base
        self.places = places_of(cycle)
        self.by_uid = {place.uid: place for place in self.places}
        self._sourced = self._what_sources_say()
        self._agenda: list[tuple[datetime, Callable[[datetime], object]]] = []

    def moment(self, day: int, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(self.base + timedelta(days=day), time(hour, minute), self.cycle.zone)

    def uids(self, level: str, superior_uid: str | None = None) -> list[str]:
        """The units of a level, all or those directly below one."""
        return [place.uid for place in self.places if place.level == level and superior_uid in (None, place.superior_uid)]

    def run(self) -> None:
        """Do what was planned; at one moment in the order of planning."""
        for at, act in sorted(self._agenda, key=lambda planned: planned[0]):
            act(at)
        self._agenda.clear()

    # --- Planning --------------------------------------------------------------------------------

    def plan(self, at: datetime, act: Callable[[datetime], object]) -> None:
        self._agenda.append((at, act))

    def submissions(self, uids: Iterable[str], windows: Sequence[Window], then: Review | None) -> None:
        """Submit the reports in one of the windows each, and let `then` review them."""
        groups: dict[Window, list[str]] = {}
        for uid in uids:
            groups.setdefault(pick(uid, f"window|{self.cycle.code}", windows), []).append(uid)
        for window, group in groups.items():
            minute = draw(group[0], "minute", 0, 54)
            self.plan(self.moment(window.day, window.hour, minute), partial(self.submit, group))
            if then is not None:
                self.plan(self.moment(window.review_day, window.review_hour, minute), partial(then, group))

    def drafts(self, uids: Iterable[str], days: Sequence[int], lacking: int = _DRAFT_LACKS) -> None:
        """Leave the reports as drafts, begun on one of the days."""
        groups: dict[int, list[str]] = {}
        for uid in uids:
            groups.setdefault(pick(uid, "draft day", days), []).append(uid)
        for day, group in groups.items():
            self.plan(self.moment(day, 15, draw(group[0], "minute", 0, 59)), partial(self.enter, group, lacking=lacking))

    def sweeps(self, days: Iterable[int]) -> None:
        """Raise and clear the flags just after midnight."""
        for day in days:
            self.plan(self.moment(day, 0, 5), lambda at: flagging.sweep(at, [self.cycle.pk]))

    def reminders(self, days: Iterable[int]) -> None:
        """Remind whoever owes, at eight in the morning: of the past, so nobody gets these messages any more."""
        for day in days:
            self.plan(self.moment(day, 8), _remind)

    # --- Doing -----------------------------------------------------------------------------------

    def submit(self, uids: Sequence[str], at: datetime) -> None:
        declaration = Declaration(confirm_incomplete=True, explanations=EXPLANATIONS)
        self._import(
            ((self.by_uid[uid], self._figures(self.by_uid[uid])) for uid in uids),
            Journey(State.SUBMITTED, None, at, declaration=declaration),
        )

    def enter(self, uids: Iterable[str], at: datetime, *, lacking: int = 0, without: Collection[str] = ()) -> None:
        """Save the figures but `lacking` in a hundred and those of the indicators `without`."""
        for by, group in self._by_user(uids, lambda place: place.uid).items():
            figures = ((place, self._some_figures(place, lacking, without)) for place in group)
            self._import(figures, Journey(State.DRAFT, self.users.get(by), at))

    def correct(self, uid: str, values: Mapping[str, str], at: datetime) -> None:
        """Change some figures of a returned report, submit it anew, and have it accepted."""
        self._import([(self.by_uid[uid], values)], Journey(State.ACCEPTED, None, at, declaration=Declaration(explanations=EXPLANATIONS)))

    def accept(self, uids: Sequence[str], at: datetime) -> None:
        for by, group in self._by_superior(uids):
            reviewing.accept(group, by=by, at=at)

    def give_back(self, uids: Sequence[str], at: datetime, *, reason: str, notes: Mapping[str, str]) -> None:
        for by, group in self._by_superior(uids):
            reviewing.return_for_correction(group, by=by, at=at, reason=reason, notes=notes)

    def reopen(self, uids: Sequence[str], at: datetime, *, reason: str) -> None:
        for by, group in self._by_superior(uids):
            reviewing.reopen(group, by=by, at=at, reason=reason)

    def exempt(self, uids: Sequence[str], at: datetime, *, reason: str) -> None:
        for by, group in self._by_superior(uids):
            reviewing.exempt(group, by=by, at=at, reason=reason)

    def adjust(self, uid: str, code: str, amount: str, at: datetime, *, reason: str) -> None:
        report = Report.objects.get(cycle=self.cycle, unit__uid=uid)
        filling.adjust(report.pk, code, amount, reason, by=self.users.get(uid), at=at, seen=report.version)

    def _import(self, figures: Iterable[tuple[Place, Mapping[str, str]]], journey: Journey) -> None:
        rows = [(place.uid, code, text) for place, texts in figures for code, text in texts.items()]
        importing.import_figures(self.cycle, (Figure(line, "value", *row) for line, row in enumerate(rows, 1)), Problems(), journey)

    def _some_figures(self, place: Place, lacking: int, without: Collection[str]) -> dict[str, str]:
        figures = self._figures(place).items()
        return {code: text for code, text in figures if code not in without and not happens(place.uid, f"lacks|{code}", lacking)}

    def _what_sources_say(self) -> dict[str, dict[str, str]]:
        """By unit, as plain text: tasks that came back with what became of each."""
        reports = list(Report.objects.filter(cycle=self.cycle).select_related("cycle__version", "unit", "level"))
        said = sourced_figures(reports)
        return {report.unit.uid: self._as_texts(self.by_uid[report.unit.uid], said[report.pk]) for report in reports if said[report.pk]}

    def _as_texts(self, place: Place, said: Mapping[str, Any]) -> dict[str, str]:
        return {code: tasks_answered(place, value) if isinstance(value, list) else str(value) for code, value in said.items()}

    def _figures(self, place: Place) -> dict[str, str]:
        """What the unit enters; where a figure has a source that knows it, what that says."""
        return {**self.figures(place), **self._sourced.get(place.uid, {})}

    def _by_superior(self, uids: Iterable[str]) -> Iterable[tuple[AbstractUser | None, ReportQuerySet]]:
        for uid, group in self._by_user(uids, lambda place: place.superior_uid).items():
            yield self.users.get(uid), Report.objects.filter(cycle=self.cycle, unit__uid__in=[place.uid for place in group])

    def _by_user(self, uids: Iterable[str], acting: Callable[[Place], str]) -> dict[str, list[Place]]:
        """The places by the uid of the unit that acts, where it has an account; the others together."""
        groups: dict[str, list[Place]] = {}
        for uid in uids:
            actor = acting(self.by_uid[uid])
            groups.setdefault(actor if actor in self.users else "", []).append(self.by_uid[uid])
        return groups


def _remind(at: datetime) -> None:
    reminding.plan_reminders(at)
    Reminder.objects.filter(sent_at__isnull=True).update(sent_at=at)
