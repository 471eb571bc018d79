"""May this user do this to this report? The one place that answers (semantics §2, §9).

`None` stands for the system: the commands that an administrator runs without `--user`. It may take every action.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet

from reports.domain.skilful_models import ModelBy
from reports.domain.workflow import EDITABLE, TRANSITIONS, Action, By
from reports.models import BackgroundJob, Cycle, Report, ReportQuerySet, RootOversight, Selection, SelectionChoice, SkilfulModel
from reports.models.skilful_model import SkilfulModelQuerySet
from reports.queries.stretches import reports_under
from units import tree
from units.models import Level, Membership, Unit, UnitQuerySet
from units.reach import User, memberships_of, units_at_and_below, units_in_reach, units_served

Role = Membership.Role
OWNERS = (Role.PREPARER, Role.APPROVER)


def reports_in_reach(user: User) -> ReportQuerySet:
    """Reports of the units of the user's memberships and everything below them, along each cycle's frozen tree (semantics §9)."""
    return Report.objects.all() if user is None else reports_under(heads_in_reach(user))


def heads_in_reach(user: User) -> ReportQuerySet:
    """Reports that, with all that is below them, are those in the user's reach: one may lie below another."""
    if user is None:
        return Report.objects.filter(superior__isnull=True)
    units = units_served(user)
    overseen = RootOversight.objects.filter(unit_id__in=units).values("root_id")
    # In two halves: joined by OR, the database reads every report for it.
    return Report.objects.filter(pk__in=Report.objects.filter(unit_id__in=units).order_by().values("pk").union(overseen))


def reports_to_fill_in(user: User) -> ReportQuerySet:
    """Reports that the user may save now, on behalf of a unit below too: the database's side of `Standing.can(Action.SAVE, …)`."""
    reports = Report.objects.filter(state__in=EDITABLE, cycle__state=Cycle.State.OPEN)
    if user is None:
        return reports
    units = units_served(user, Role.PREPARER)
    with_accounts = Membership.objects.filter(unit_id=OuterRef("unit_id"), role__in=OWNERS, user__is_active=True)
    return reports.filter(Q(unit_id__in=units) | Q(~Exists(with_accounts), superior__unit_id__in=units))


def units_to_read(user: User) -> UnitQuerySet:
    """The units in the user's reach along today's tree, and those whose reports are along a cycle's (semantics §9)."""
    if user is None:
        return Unit.objects.all()
    with_reports = reports_in_reach(user).order_by().values("unit_id")
    return Unit.objects.filter(Q(pk__in=units_in_reach(user).order_by().values("pk")) | Q(pk__in=with_reports))


def manages_cycle(user: User, cycle: Cycle) -> bool:
    """May the user open and close this cycle: a cycle manager over every unit at its top (semantics §9).

    Before it opens that goes by today's tree, and from then on by the tree that it froze.
    """
    return _is_over(user, cycle, Role.CYCLE_MANAGER)


def reaches_all_of_cycle(user: User, cycle: Cycle) -> bool:
    """May the user read every unit at the top of this cycle? Who reads some of it changes nothing of it for the others."""
    return _is_over(user, cycle)


def _is_over(user: User, cycle: Cycle, *roles: str) -> bool:
    """Does the user serve, in one of these roles or in any, at or above every unit at the cycle's top?"""
    if user is None:
        return True
    served = units_served(user, *roles)
    if cycle.state == Cycle.State.PLANNED:
        return _holds_all(served, cycle.units.all())
    overseen = RootOversight.objects.filter(root_id=OuterRef("pk"), unit_id__in=served)
    roots = Report.objects.filter(cycle=cycle, superior__isnull=True)
    return bool(served) and not roots.exclude(unit_id__in=served).exclude(Exists(overseen)).exists()


def _holds_all(served: Iterable[int], tops: QuerySet[Unit]) -> bool:
    """Do all of these units, one at least, lie at or below the served ones of today's tree?"""
    return bool(tops) and not tops.exclude(pk__in=units_at_and_below(served).values("pk")).exists()


def manages_selection(user: User, selection: Selection) -> bool:
    """May the user open and freeze this selection: a cycle manager over every unit at its top."""
    return user is None or _holds_all(units_served(user, Role.CYCLE_MANAGER), selection.units.all())


def reaches_all_of_selection(user: User, selection: Selection) -> bool:
    """May the user read every unit at the top of this selection?"""
    return user is None or _holds_all(units_served(user), selection.units.all())


def choices_in_reach(user: User) -> QuerySet[SelectionChoice]:
    """What the units in the user's reach choose, or have still to, once it is open."""
    return SelectionChoice.objects.filter(unit__in=units_in_reach(user).order_by().values("pk"))


def jobs_in_reach(user: User, at: datetime) -> QuerySet[BackgroundJob]:
    """What this user has ordered, while the report that it is about is in their reach and its time is not over."""
    in_reach = Q(report__isnull=True) | Q(report__in=reports_in_reach(user))
    kept = Q(expires_at__isnull=True) | Q(expires_at__gte=at)
    return BackgroundJob.objects.filter(in_reach, kept, owner_id=user.pk if user else None)


def configurer(user: User) -> User:
    """As whom somebody configures: a superuser with the rights of whoever may run the commands (semantics §9)."""
    return None if getattr(user, "is_superuser", False) else user


def cycles_to_configure(user: User) -> QuerySet[Cycle]:
    """The cycles of units, or with reports, that this user may read; those that are planned among them."""
    if user is None:
        return Cycle.objects.all()
    planned = Cycle.objects.filter(units__in=units_in_reach(user))
    return Cycle.objects.filter(pk__in=planned.values("pk")) | Cycle.objects.filter(pk__in=reports_in_reach(user).values("cycle_id"))


def selections_to_configure(user: User) -> QuerySet[Selection]:
    """The selections whose units at the top this user may read."""
    if user is None:
        return Selection.objects.all()
    return Selection.objects.filter(pk__in=Selection.units.through.objects.filter(unit__in=units_in_reach(user)).values("selection"))


class Standing:
    """What one user is to reports: asks the database once for each cycle, however many reports are looked at."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._spans: dict[int, list[tuple[int, int]]] = {}
        self._managed: dict[int, list[tuple[int, int]]] = {}
        self._with_accounts: dict[int, bool] = {}

    @cached_property
    def roles(self) -> dict[int, set[str]]:
        """Roles by unit."""
        roles: dict[int, set[str]] = {}
        for unit_id, role in memberships_of(self.user).values_list("unit_id", "role"):
            roles.setdefault(unit_id, set()).add(role)
        return roles

    def units_as(self, *roles: str) -> list[int]:
        """The units in which the user has one of these roles."""
        return [unit_id for unit_id, held in self.roles.items() if held & set(roles)]

    def learn(self, reports: Sequence[Report]) -> None:
        """Look up in one query which of the reports' units have accounts of their own; that the user is one of these is known."""
        self._learn({report.unit_id for report in reports})

    def _learn(self, unit_ids: set[int]) -> None:
        self._with_accounts.update(dict.fromkeys(self.units_as(*OWNERS), True))
        unknown = {unit_id for unit_id in unit_ids if unit_id not in self._with_accounts}
        if unknown and self.user is not None:
            owners = Membership.objects.filter(unit_id__in=unknown, role__in=OWNERS, user__is_active=True)
            having = set(owners.values_list("unit_id", flat=True))
            self._with_accounts.update((unit_id, unit_id in having) for unit_id in unknown)

    def may(self, action: Action, report: Report) -> bool:
        """Does the table of transitions (semantics §2) name this user for `action`? The report's state isn't asked."""
        return self.is_one(TRANSITIONS[action].by, report)

    def is_one(self, by: By, report: Report) -> bool:
        if self.user is None:
            return by is not By.MANAGER
        match by:
            case By.PREPARER:
                return self._acts_as(report, Role.PREPARER)
            case By.APPROVER:
                return self._acts_as(report, Role.APPROVER)
            case By.SUBMITTER:
                return self._acts_as(report, Role.APPROVER if report.needs_approval else Role.PREPARER)
            case By.OWNER:
                return self._acts_as(report, *OWNERS)
            case By.REVIEWER:
                return self._reviews(report) if report.superior_id else self._manages(report)
            case By.SUPERVISOR:
                return self._reviews(report) or self._manages(report)
            case By.MANAGER:
                return False  # never of one report: see `manages_cycle`

    def may_choose(self, choice: SelectionChoice) -> bool:
        """Is the choice the user's to make: an owner of its unit or, where that has no accounts, of the unit above?"""
        return self.user is None or self._acts_for(choice.unit_id, choice.unit.parent_id, *OWNERS)

    def can(self, action: Action, report: Report) -> bool:
        """May the user take this action now, by role and by the report's state?"""
        transition = TRANSITIONS[action]
        return (
            report.cycle.is_open
            and report.state in transition.sources
            and (report.needs_approval or not transition.needs_approval_level)
            and self.may(action, report)
        )

    def allowed(self, report: Report) -> set[Action]:
        """The actions that the user may take now."""
        return {action for action in TRANSITIONS if self.can(action, report)}

    def on_behalf(self, report: Report, action: Action) -> bool:
        """Does the user act for a unit without accounts of its own, from the superior unit (semantics §2)?"""
        return self.user is not None and TRANSITIONS[action].by.is_the_unit and not self.roles.get(report.unit_id, set()) & set(OWNERS)

    def reaches(self, report: Report) -> bool:
        """May the user read this report?"""
        if self.user is None or report.unit_id in self.roles:
            return True
        superior = report.superior if Report.superior.is_cached(report) else None
        if superior is not None and superior.unit_id in self.roles:
            return True
        return any(first <= report.position <= last for first, last in self._reach(report.cycle_id))

    def _acts_as(self, report: Report, *roles: str) -> bool:
        return self._acts_for(report.unit_id, report.superior.unit_id if report.superior else None, *roles)

    def _acts_for(self, unit_id: int, superior_id: int | None, *roles: str) -> bool:
        """Has the user one of these roles at the unit or, where that has no accounts of its own, at its superior?"""
        if self.roles.get(unit_id, set()) & set(roles):
            return True
        if superior_id is None or not self.roles.get(superior_id, set()) & set(roles):
            return False
        self._learn({unit_id})
        return not self._with_accounts[unit_id]

    def _reviews(self, report: Report) -> bool:
        return report.superior is not None and Role.REVIEWER in self.roles.get(report.superior.unit_id, ())

    def _manages(self, report: Report) -> bool:
        managed = self.units_as(Role.CYCLE_MANAGER)
        if managed and report.cycle_id not in self._managed:
            self._managed[report.cycle_id] = _spans(report.cycle_id, managed)
        return any(first <= report.position <= last for first, last in self._managed.get(report.cycle_id, ()))

    def _reach(self, cycle_id: int) -> list[tuple[int, int]]:
        if cycle_id not in self._spans:
            self._spans[cycle_id] = _spans(cycle_id, self.roles)
        return self._spans[cycle_id]


# --- The register of Dân vận khéo models, which goes by today's tree (semantics §10) -----------------


def models_in_reach(user: User) -> SkilfulModelQuerySet:
    """The models of the units of the user's memberships and of everything below them."""
    models = SkilfulModel.objects.all()
    return models if user is None else models.filter(unit__in=units_in_reach(user))


def units_to_register_for(user: User, day: date) -> UnitQuerySet:
    """The units whose models the user keeps: those where they prepare, and those directly below without accounts of their own."""
    if user is None:
        return Unit.objects.valid_on(day)
    own = units_served(user, Role.PREPARER)
    owners = Membership.objects.filter(unit_id=OuterRef("pk"), role__in=OWNERS, user__is_active=True)
    return Unit.objects.valid_on(day).filter(Q(pk__in=own) | Q(~Exists(owners), parent_id__in=own))


class RegisterStanding:
    """What one user is to the models of units."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._roles = Standing(user).roles
        self._recognising: dict[int, list[Level]] = {}
        self._with_accounts: dict[int, bool] = {}

    def is_one(self, by: ModelBy, unit: Unit) -> bool:
        if self.user is None:
            return True
        match by:
            case ModelBy.OWNER:
                return self._owns(unit)
            case ModelBy.SUPERIOR:
                return bool(self.recognising(unit))

    def recognising(self, unit: Unit) -> list[Level]:
        """The levels at which the user appraises and recognises the unit's models, the highest first: those of units above it
        where they are a reviewer; a root's own where they manage its cycles.
        """
        if unit.pk not in self._recognising:
            above = list(tree.ancestors_of(unit).select_related("level"))
            units, role = (above, Role.REVIEWER) if above else ([unit], Role.CYCLE_MANAGER)
            levels = [each.level for each in units if each.level and (self.user is None or role in self._roles.get(each.pk, ()))]
            self._recognising[unit.pk] = levels
        return self._recognising[unit.pk]

    def on_behalf(self, unit: Unit) -> bool:
        """Does the user keep the models of a unit without accounts of its own, from its superior?"""
        return self.user is not None and Role.PREPARER not in self._roles.get(unit.pk, ())

    def _owns(self, unit: Unit) -> bool:
        if Role.PREPARER in self._roles.get(unit.pk, ()):
            return True
        if unit.parent_id is None or Role.PREPARER not in self._roles.get(unit.parent_id, ()):
            return False
        if unit.pk not in self._with_accounts:
            owners = Membership.objects.filter(unit_id=unit.pk, role__in=OWNERS, user__is_active=True)
            self._with_accounts[unit.pk] = owners.exists()
        return not self._with_accounts[unit.pk]


def _spans(cycle_id: int, unit_ids: Iterable[int]) -> list[tuple[int, int]]:
    """The stretches of a cycle's tree that lie at or below these units."""
    units = list(unit_ids)
    overseen = RootOversight.objects.filter(root__cycle_id=cycle_id, unit_id__in=units).values_list("root__position", "root__end")
    # One question in two halves: joined by OR, the database reads the whole cycle for it.
    return list(Report.objects.filter(cycle_id=cycle_id, unit_id__in=units).values_list("position", "end").order_by().union(overseen))
