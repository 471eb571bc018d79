"""Whom a reminder tells, and of what (semantics §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from reports.models import Cycle, Reminder, Report
from units.models import Membership

_ROLES = {
    Reminder.Audience.UNIT: (Membership.Role.PREPARER, Membership.Role.APPROVER),
    Reminder.Audience.SUPERIOR: (Membership.Role.REVIEWER, Membership.Role.CYCLE_MANAGER),
}


@dataclass(frozen=True)
class Content:
    """What a reminder says, and to whom."""

    report: Report
    owing: list[Report]
    to: list[str]


def contents(reminders: Sequence[Reminder]) -> dict[int, Content]:
    """By reminder; none where nobody has to be told any more or nobody has an address. Four queries."""
    about = [reminder.report_id for reminder in reminders]
    reports = Report.objects.filter(cycle__state=Cycle.State.OPEN).for_display().defer("own").in_bulk(about)
    owing = _owing(about)
    addresses = _addresses({report.unit_id for report in reports.values()})
    found = {}
    for reminder in reminders:
        report = reports.get(reminder.report_id)
        if report is None:
            continue
        content = Content(
            report=report,
            owing=[each for each in owing[reminder.audience, report.pk] if _is_named(each, reminder)],
            to=sorted({address for role in _ROLES[Reminder.Audience(reminder.audience)] for address in addresses[report.unit_id, role]}),
        )
        if content.owing and content.to:
            found[reminder.pk] = content
    return found


def reachable(units: Iterable[int]) -> set[int]:
    """Those of the units that have somebody whom a reminder of their own would reach. One query."""
    return {unit for unit, role in _addresses(units) if role in _ROLES[Reminder.Audience.UNIT]}


def unit_has_address() -> Exists:
    """A condition on reminders: somebody of the report's unit would be reached."""
    roles = _ROLES[Reminder.Audience.UNIT]
    members = Membership.objects.filter(unit_id=OuterRef("report__unit_id"), role__in=roles, user__is_active=True)
    return Exists(members.exclude(user__email=""))


def _owing(about: Iterable[int]) -> Mapping[tuple[str, int | None], list[Report]]:
    """The unsubmitted reports among these and directly below them, by whom they are a matter of."""
    owing: dict[tuple[str, int | None], list[Report]] = defaultdict(list)
    for report in Report.objects.filter(pk__in=about).owing().select_related("unit").defer("own"):
        owing[Reminder.Audience.UNIT.value, report.pk].append(report)
    below = Report.objects.filter(superior_id__in=about).owing().order_by("position")
    for report in below.select_related("unit").defer("own"):
        owing[Reminder.Audience.SUPERIOR.value, report.superior_id].append(report)
    return owing


def _is_named(owing: Report, reminder: Reminder) -> bool:
    if reminder.audience == Reminder.Audience.UNIT:
        return owing.due_on == reminder.due_on
    return owing.due_on <= reminder.due_on


def _addresses(units: Iterable[int]) -> Mapping[tuple[int, str], list[str]]:
    """By unit and role."""
    members = Membership.objects.filter(unit_id__in=units, user__is_active=True).exclude(user__email="")
    addresses: dict[tuple[int, str], list[str]] = defaultdict(list)
    for unit, role, email in members.values_list("unit_id", "role", "user__email"):
        addresses[unit, role].append(email)
    return addresses
