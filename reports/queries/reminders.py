"""Whom a reminder tells, and of what (semantics §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import ContactWay
from reports.models import Cycle, Reminder, Report
from units.models import Membership

_ROLES = {
    Reminder.Audience.UNIT: (Membership.Role.PREPARER, Membership.Role.APPROVER),
    Reminder.Audience.SUPERIOR: (Membership.Role.REVIEWER, Membership.Role.CYCLE_MANAGER),
}


@dataclass(frozen=True)
class Content:
    """What a reminder says, and to whom by mail."""

    report: Report
    owing: list[Report]
    to: list[str]


def contents(reminders: Sequence[Reminder]) -> dict[int, Content]:
    """By reminder; none where nobody has to be told any more. Four queries."""
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
        if content.owing:
            found[reminder.pk] = content
    return found


def ways_told() -> Q:
    """A condition on messages: its owner is still told of such a report, and wants to be told in this way."""
    mine = Membership.objects.filter(user_id=OuterRef("way__user_id"), unit_id=OuterRef("reminder__report__unit_id"))
    by_audience = (Q(Exists(mine.filter(role__in=roles)), reminder__audience=audience.value) for audience, roles in _ROLES.items())
    return reduce(or_, by_audience) & Q(way__in=ContactWay.objects.good())


def to_be_told(reminders: QuerySet[Reminder], audience: Reminder.Audience) -> QuerySet[Reminder, tuple[int, int]]:
    """Of these reminders, pairs of one and of a way by which somebody whom it tells wants to be told."""
    members = "report__unit__memberships"
    of_audience = reminders.filter(
        **{f"{members}__role__in": _ROLES[audience], f"{members}__user__contact_ways__in": ContactWay.objects.good()},
        audience=audience.value,
    )
    return of_audience.order_by().values_list("pk", f"{members}__user__contact_ways").distinct()


def reachable(units: Iterable[int]) -> set[int]:
    """Those of the units that have somebody whom a reminder of their own would reach. One query."""
    return set(_reached(Membership.objects.filter(unit_id__in=units)).values_list("unit_id", flat=True))


def unit_is_reached() -> Exists:
    """A condition on reminders: somebody of the report's unit would be reached."""
    return Exists(_reached(Membership.objects.filter(unit_id=OuterRef("report__unit_id"))))


def _reached(members: QuerySet[Membership]) -> QuerySet[Membership]:
    by_other_ways = Exists(ContactWay.objects.good().filter(user_id=OuterRef("user_id")))
    members = members.filter(role__in=_ROLES[Reminder.Audience.UNIT], user__is_active=True)
    return members.filter(~Q(user__email="") | by_other_ways)


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
    """Mail addresses by unit and role, of those who want mail."""
    elsewhere = Exists(ContactWay.objects.good().filter(user_id=OuterRef("user_id"), replaces_mail=True))
    members = Membership.objects.filter(~elsewhere, unit_id__in=units, user__is_active=True).exclude(user__email="")
    addresses: dict[tuple[int, str], list[str]] = defaultdict(list)
    for unit, role, email in members.values_list("unit_id", "role", "user__email"):
        addresses[unit, role].append(email)
    return addresses
