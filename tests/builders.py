"""A cycle in a line, and hands to play it with: what tests of services, pages and tasks begin from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model

from reports.domain import indicators as domain
from reports.domain.aggregation import answered, figures, rollup_value
from reports.domain.numbers import parse_plain
from reports.domain.periods import parse_period
from reports.models import Cycle, Flag, JournalEntry, Report, Selection, SelectionChoice, TemplateVersion
from reports.queries.consolidated import total_of
from reports.queries.summing import both_of
from reports.services import choosing, configuring, filling, flagging, opening, reviewing, rolling_up, submitting
from reports.services.opening import Plan
from reports.services.submitting import Declaration
from tests import unit_builders
from tests.domain.builders import indicator
from units.models import Level, Membership, Unit

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LEVELS = unit_builders.LEVELS
ONE_COMMUNE = {"P": {"D": {"C": ["H1", "H2", "H3"]}}}


def at(text: str) -> datetime:
    """A moment in Viet Nam: `2025-06-16 09:30` or `2025-06-16 23:59:59.999999`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


NOON = at("2025-06-10 12:00")


def given_template(*indicators: domain.Indicator, code: str = "t") -> TemplateVersion:
    """A published version of a template of these indicators."""
    unit_builders.make_standard_levels(unit_builders.Level)
    version = configuring.add_version(code, f"Mẫu {code}", indicators or (indicator("a", levels="|".join(LEVELS)),))
    configuring.publish(version, datetime.now(UTC))
    return version


def given_cycle(
    version: TemplateVersion | None = None,
    outline: Mapping[str, Any] | None = None,
    *,
    period: str = "2025-H1",
    under: Sequence[str] = (),
    due: date = date(2025, 6, 18),
    opened: datetime = NOON,
    **plan: Any,
) -> Play:
    """An open cycle over the units of an outline (which are made unless they are there), every level due on one day."""
    outline = ONE_COMMUNE if outline is None else outline
    unit_builders.make_standard_levels(unit_builders.Level)
    if outline and not Unit.objects.filter(uid__in=outline).exists():
        unit_builders.tree(outline)
    span = parse_period(period)
    wanted = Plan(
        version=version or given_template(),
        period=period,
        first_day=plan.pop("first_day", span.first_day),
        cut_off=span.last_day,
        reference_day=plan.pop("reference_day", span.last_day),
        under=under or list(outline),
        due=plan.pop("dues", dict.fromkeys(LEVELS, due)),
        **plan,
    )
    return Play(opening.open_planned(wanted, opened).cycle)


def given_selection(
    outline: Mapping[str, Any],
    *,
    code: str = "chon-thon",
    under: Sequence[str] = ("P",),
    level: str = "hamlet",
    share: int = 20,
    on: date = date(2025, 2, 1),
) -> Selection:
    """An open selection among the units of an outline, which are made unless they are there."""
    unit_builders.make_standard_levels(unit_builders.Level)
    if outline:
        unit_builders.tree(outline)
    selection = Selection.objects.create(
        code=code, name="Chọn thôn", level=Level.objects.get(code=level), share=share, on=on, choose_by=date(2025, 2, 14)
    )
    selection.units.set(Unit.objects.filter(uid__in=under))
    choosing.open_selection(selection, by=None)
    return selection


def choose(selection: Selection, uid: str, *chosen: str, by: Any = None, seen: int | None = None) -> SelectionChoice:
    """What the unit chooses, on the morning of 3 February 2025."""
    choice = selection.choices.get(unit__uid=uid)
    units = list(Unit.objects.filter(uid__in=chosen).values_list("pk", flat=True))
    return choosing.choose(choice.pk, units, by=by, at=at("2025-02-03 09:00"), seen=choice.version if seen is None else seen)


def given_user(name: str, **roles: str) -> Any:
    """A user with roles at units: `given_user("lan", C="preparer approver")`."""
    user = get_user_model().objects.create_user(name, email=f"{name}@example.com", password="mot mat khau dai")
    for uid, named in roles.items():
        for role in named.split():
            Membership.objects.create(user=user, unit=Unit.objects.get(uid=uid), role=role)
    return user


class Play:
    """A cycle in the hands of a test. Units are named by uid; an action's moment is a minute after the one before, or `at`."""

    def __init__(self, cycle: Cycle) -> None:
        self.cycle = Cycle.objects.select_related("version__template").get(pk=cycle.pk)
        self.template = self.cycle.version.compiled()
        self.now = cycle.opened_at or NOON

    def tick(self, moment: datetime | None) -> datetime:
        self.now = moment or self.now + timedelta(minutes=1)
        return self.now

    def report(self, uid: str) -> Report:
        return Report.objects.for_display().get(cycle=self.cycle, unit__uid=uid)

    def reports(self, *uids: str) -> Any:
        return Report.objects.filter(cycle=self.cycle, unit__uid__in=uids)

    def state(self, uid: str) -> str:
        return self.report(uid).state

    def save(self, uid: str, *, by: Any = None, at: Any = None, seen: Any = None, **figures: str) -> None:
        """Enter figures as plain text; "" clears a cell."""
        report = self.report(uid)
        values = {code: parse_plain(text, self.template.by_code[code]) for code, text in figures.items()}
        filling.save(report.pk, values, by=by, at=self.tick(at), seen=report.version if seen is None else seen)

    def appraise(self, uid: str, **figures: str) -> None:
        """Enter figures as the superior does, as plain text."""
        report = self.report(uid)
        values = {code: parse_plain(text, self.template.by_code[code]) for code, text in figures.items()}
        filling.appraise(report.pk, values, by=None, at=self.tick(None), seen=report.version)

    def adjust(self, uid: str, code: str, amount: str, reason: str = "vì sao") -> None:
        report = self.report(uid)
        filling.adjust(report.pk, code, amount, reason, by=None, at=self.tick(None), seen=report.version)

    def submit(self, *uids: str, by: Any = None, at: datetime | None = None, confirm: bool = True) -> None:
        submitting.submit(self.reports(*uids), by=by, at=self.tick(at), declaration=Declaration(confirm_incomplete=confirm))

    def accept(self, *uids: str, by: Any = None, at: datetime | None = None) -> None:
        reviewing.accept(self.reports(*uids), by=by, at=self.tick(at))

    def hand_in(self, uid: str, **figures: str) -> None:
        """Save, submit and accept."""
        self.save(uid, **figures)
        self.submit(uid)
        if self.report(uid).superior_id:
            self.accept(uid)

    def do(self, action: str, *uids: str, by: Any = None, at: datetime | None = None, **more: Any) -> None:
        """Any other action by its name in the services."""
        service = getattr(submitting, action, None) or getattr(reviewing, action)
        if action in ("return_for_correction", "reopen", "exempt", "extend", "send_back"):
            more.setdefault("reason", "vì sao")
        service(self.reports(*uids), by=by, at=self.tick(at), **more)

    def total(self, uid: str, code: str) -> str:
        """The stored total as `export_rollup` writes it, once the marks are drained."""
        rolling_up.drain_all([self.cycle.pk])
        return self._written(uid, code)[0]

    def answered(self, uid: str, code: str) -> int | None:
        rolling_up.drain_all([self.cycle.pk])
        return self._written(uid, code)[1]

    def _written(self, uid: str, code: str) -> tuple[str, int | None]:
        report = Report.objects.select_related("rollup", "level").get(cycle=self.cycle, unit__uid=uid)
        cells = total_of(self.template, report).cells
        wanted = self.template.by_code[code]
        return rollup_value(wanted, figures(self.template, cells)[code]), answered(wanted, cells)

    def both(self, uid: str, code: str) -> str:
        """What the unit sees while it prepares: below and own."""
        rolling_up.drain_all([self.cycle.pk])
        report = self.report(uid)
        cells = both_of(self.template, [report])[report.pk]
        return rollup_value(self.template.by_code[code], figures(self.template, cells)[code])

    def sweep(self, moment: datetime) -> None:
        flagging.sweep(moment, [self.cycle.pk])

    def flags(self, uid: str) -> list[str]:
        """Kinds of open flags."""
        open_flags = Flag.objects.filter(report__cycle=self.cycle, report__unit__uid=uid, cleared_at__isnull=True)
        return sorted(open_flags.values_list("kind", flat=True))

    def journal(self, uid: str) -> list[JournalEntry]:
        return list(JournalEntry.objects.filter(report__cycle=self.cycle, report__unit__uid=uid).order_by("pk"))


def uids(reports: Iterable[Report]) -> list[str]:
    return [report.unit.uid for report in reports]
