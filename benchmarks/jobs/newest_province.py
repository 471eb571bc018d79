"""A province of today as its people see it on an evening of a cycle: 124 communes directly under it, with their hamlets, and what it
was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.contrib.auth.models import User

from benchmarks import country
from benchmarks.country import ZONE
from benchmarks.measuring import say
from benchmarks.redrawing import among_standing, as_file, hamlet_rows, official_rows
from reports.demo.figures import Span
from reports.demo.places import COMMUNE_AFTER, PROVINCE_AFTER, Place, places_of, rows_under
from reports.domain.periods import parse_period
from reports.domain.workflow import State
from reports.models import Cycle, Report, TemplateVersion
from reports.services import rolling_up
from reports.services.importing import Journey, import_figures
from reports.services.opening import open_planned
from reports.services.reorganising import reorganise_by_file
from reports.services.submitting import Declaration
from units.importing import import_units
from units.inventing import invent_hamlets
from units.models import Membership
from units.problems import Problems
from units.reorganising import Roles

#: the period that is over, and the one under way
PERIODS = ("2025-H2", "2026-H1")
_DUE = {"hamlet": 16, "commune": 18, "province": 25}
#: of a hundred units below the province's, how many are accepted and how many more submitted, in the one under way
_ACCEPTED, _SUBMITTED = 60, 80


@dataclass(frozen=True)
class Seats:
    """Who looks: a commune's officer and the province's reviewer, each with the report of the cycle under way."""

    commune: Report
    officer: User
    province: Report
    reviewer: User


def seats() -> Seats:
    """Add the province of 2025 to the database, with a cycle that is over and one under way.

    Its predecessors reported the first half of 2025, in the country's cycle or, where they aren't in that, in one of their own.
    """
    before = sorted(old for old, new, *_ in official_rows() if new == PROVINCE_AFTER)
    import_units(rows_under({PROVINCE_AFTER, *before}))
    invent_hamlets([PROVINCE_AFTER, *before])
    if Report.objects.filter(unit__uid__in=before).count() < len(before):
        country.report_all(open_planned(country.plan(TemplateVersion.objects.get(), before), country.OPENED_AT).cycle, say)
    rows = among_standing([*official_rows(), *hamlet_rows()])
    reorganise_by_file(as_file(rows), by=None, at=country.ACCEPTED_AT, roles=Roles.KEEP)
    over, now = (_cycle(period) for period in PERIODS)
    _report(over, accepted=100, submitted=100)
    _report(now, accepted=_ACCEPTED, submitted=_SUBMITTED)
    country.settle()
    reports = Report.objects.filter(cycle=now).select_related("unit")
    commune, province = (reports.get(unit__uid=uid) for uid in (COMMUNE_AFTER, PROVINCE_AFTER))
    roles = Membership.Role
    return Seats(
        commune,
        someone("officer", commune, (roles.PREPARER, roles.APPROVER, roles.REVIEWER)),
        province,
        someone("reviewer", province, (roles.PREPARER, roles.APPROVER, roles.REVIEWER, roles.CYCLE_MANAGER)),
    )


def someone(username: str, report: Report, roles: Sequence[Membership.Role]) -> User:
    """A new user with these roles at the report's unit."""
    user = User.objects.create(username=username)
    Membership.objects.bulk_create(Membership(user=user, unit_id=report.unit_id, role=role) for role in roles)
    return user


def _cycle(code: str) -> Cycle:
    period = parse_period(code)
    due = {level: period.last_day.replace(day=day) for level, day in _DUE.items()}
    plan = replace(
        country.plan(TemplateVersion.objects.get(), [PROVINCE_AFTER]),
        period=code,
        first_day=period.first_day,
        cut_off=period.last_day,
        reference_day=period.last_day,
        due=due,
        code=code,
    )
    return open_planned(plan, _morning(period.last_day.replace(day=1))).cycle


def _report(cycle: Cycle, *, accepted: int, submitted: int) -> None:
    """So many of a hundred units are in; the commune that is looked at and the province are still writing."""
    places = [place for place in places_of(cycle) if place.uid != PROVINCE_AFTER]
    shares: dict[State, list[Place]] = {State.ACCEPTED: [], State.SUBMITTED: [], State.DRAFT: []}
    for number, place in enumerate(places):
        in_hundred = number * 37 % 100
        is_in = State.ACCEPTED if in_hundred < accepted else State.SUBMITTED if in_hundred < submitted else State.DRAFT
        is_watched = place.uid == COMMUNE_AFTER and accepted < 100
        shares[State.DRAFT if is_watched else is_in].append(place)
    for state, group in shares.items():
        figures = country.figures_of(group, Span((cycle.period,), f"before {cycle.period}", cycle.period))
        journey = Journey(state, None, _morning(cycle.cut_off), declaration=Declaration(confirm_incomplete=True))
        import_figures(cycle, figures, Problems(), journey)
    rolling_up.drain_all([cycle.pk])


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=ZONE)
