"""Setting up a cycle and opening it, which freezes its tree (semantics §1)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache, partial

from django.db import transaction
from django.db.models import BooleanField, Case, CharField, Count, ExpressionWrapper, Q, QuerySet, Value, When

from reports.domain.deadlines import end_of_day
from reports.models import Cycle, CycleLevel, Report, Rollup, RootOversight, Selection, SelectionCandidate, TemplateVersion
from reports.models.bulk import insert_like
from reports.models.cycle import DEFAULT_CORRECTION_DAYS, DEFAULT_REMINDERS, DEFAULT_REVIEW_DAYS
from reports.queries.calendar import DaysOff, next_working_day
from units import tree
from units.bulk import reserve_ids
from units.levels import AGENCIES
from units.locks import hold
from units.models import Level, Unit, exists_on
from units.problems import Problem, Problems, Refused, gettext_noop

logger = logging.getLogger(__name__)

#: two cycles set up at once get two codes
_CODES = "reports.cycle-codes"

LEFT_OUT_ELSEWHERE = gettext_noop("This unit can't be left out: it is not under the units at the top.")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cycle is to be. Levels are named by code; without `levels` every level found there reports.

    `kinds` says whether territorial units report, agencies, or both. Agencies have no level of the tree: in `due`, `approval`
    and an indicator's levels they go by `units.levels.AGENCIES`. Of the level that a `selection` is about, only the units
    chosen in it report; the units in `without` don't, nor does what is below them. With `official_due` (by level; a day may be
    said later) the figures are estimated first.
    """

    version: TemplateVersion
    period: str
    first_day: date
    cut_off: date
    reference_day: date
    under: Sequence[str]
    due: Mapping[str, date]
    levels: Collection[str] = ()
    kinds: Collection[str] = (Unit.Kind.TERRITORY,)
    approval: Collection[str] = ()
    review_days: int = DEFAULT_REVIEW_DAYS
    correction_days: int = DEFAULT_CORRECTION_DAYS
    reminders: Sequence[int] = DEFAULT_REMINDERS
    code: str = ""
    only_uids: Collection[str] | None = None
    official_due: Mapping[str, date] | None = None
    selection: Selection | None = None
    without: Sequence[str] = ()
    opens_on: date | None = None


@dataclass(slots=True)
class Opened:
    cycle: Cycle
    by_level: dict[str, int] = field(default_factory=dict)


class LevelsWithoutDueDay(Exception):
    """Some levels that report have no due day. Carries their codes."""

    def __init__(self, levels: Sequence[str]) -> None:
        self.levels = levels
        super().__init__(", ".join(levels))


def open_planned(plan: Plan, at: datetime) -> Opened:
    """Set up a cycle and open it at once, in one transaction.

    Raises Refused where the plan can't be, LevelsWithoutDueDay where a reporting level has no due day.
    """
    with transaction.atomic():
        return open_cycle(set_up(plan), at, levels_named=bool(plan.levels), only_uids=plan.only_uids)


def set_up(plan: Plan) -> Cycle:
    """Record a cycle that is to be opened; due days that are no working days move to the next one."""
    _refuse_out_of_use(plan.version)
    if plan.first_day > plan.cut_off:
        raise Refused(Problem(gettext_noop("The period can't end before it begins.")))
    _refuse_unfit(plan.selection, _reporting(plan))
    units = tree.units_named(plan.under)
    left_out = tree.units_named(plan.without)
    problems = Problems()
    for unit in left_out_elsewhere(left_out, units):
        problems.add(Problem(LEFT_OUT_ELSEWHERE, unit_uid=unit.uid))
    problems.refuse_if_any()
    with transaction.atomic():
        hold(_CODES)
        cycle = Cycle.objects.create(
            code=_free_code(plan),
            version=plan.version,
            period=plan.period,
            first_day=plan.first_day,
            cut_off=plan.cut_off,
            reference_day=plan.reference_day,
            review_days=plan.review_days,
            correction_days=plan.correction_days,
            reminders=sorted(plan.reminders),
            selection=plan.selection,
            opens_on=plan.opens_on,
            asks_official=plan.official_due is not None,
        )
        cycle.units.set(units)
        cycle.left_out.set(left_out)
        _set_due_days(cycle, plan)
    return cycle


def _refuse_out_of_use(version: TemplateVersion) -> None:
    if not version.is_published:
        raise Refused(Problem(gettext_noop("Version %(number)d of the template is not published."), {"number": version.number}))
    if not version.is_in_use:
        retired = gettext_noop("Version %(number)d of the template is retired: no new cycle is opened of it.")
        raise Refused(Problem(retired, {"number": version.number}))


def left_out_elsewhere(left_out: Sequence[Unit], units: Sequence[Unit]) -> list[Unit]:
    """Those of the units left out that would not report anyway, since they are not under `units`. One query."""
    inside = set(Unit.objects.filter(tree.scope(units), pk__in=[unit.pk for unit in left_out]).values_list("pk", flat=True))
    return [unit for unit in left_out if unit.pk not in inside]


def _set_due_days(cycle: Cycle, plan: Plan) -> None:
    days_off = DaysOff()
    known = {level.code: level for level in Level.objects.all()}
    for code in _reporting(plan):
        if code not in plan.due:
            raise LevelsWithoutDueDay([code])
        official = (plan.official_due or {}).get(code)
        CycleLevel.objects.create(
            cycle=cycle,
            level=known[code],
            due_on=next_working_day(plan.due[code], days_off),
            needs_approval=code in plan.approval,
            official_due_on=next_working_day(official, days_off) if official else None,
        )


def _refuse_unfit(selection: Selection | None, levels: Collection[str]) -> None:
    """A cycle takes only what was chosen for good, and of a level that reports in it."""
    if selection is None:
        return
    if not selection.is_frozen:
        raise Refused(Problem(gettext_noop("“%(name)s” is not frozen yet: its units can still change."), {"name": selection.name}))
    if selection.level.code not in levels:
        message = gettext_noop("“%(name)s” has chosen units of the level %(level)s, which doesn't report in this cycle.")
        raise Refused(Problem(message, {"name": selection.name, "level": selection.level.code}))


def _reporting(plan: Plan) -> list[str]:
    """The codes of the levels that report; agencies are none of those that `levels` names, they report by their kind."""
    of_territory = [code for code in plan.levels or plan.due if code != AGENCIES]
    return [
        *(of_territory if Unit.Kind.TERRITORY in plan.kinds else ()),
        *([AGENCIES] if Unit.Kind.AGENCY in plan.kinds else ()),
    ]


def _free_code(plan: Plan) -> str:
    if plan.code:
        if Cycle.objects.filter(code=plan.code).exists():
            raise Refused(Problem(gettext_noop("There is a cycle “%(code)s” already; choose another code."), {"code": plan.code}))
        return plan.code
    return free_code(plan.version, plan.period)


def free_code(version: TemplateVersion, period: str) -> str:
    """`TEMPLATE-PERIOD`, with a suffix where that is taken."""
    wanted = f"{version.template.code}-{period}"
    taken = set(Cycle.objects.filter(code__startswith=wanted).values_list("code", flat=True))
    code, suffix = wanted, 2
    while code in taken:
        code, suffix = f"{wanted}-{suffix}", suffix + 1
    return code


def open_cycle(cycle: Cycle, at: datetime, *, levels_named: bool = True, only_uids: Collection[str] | None = None) -> Opened:
    """Open a cycle that was set up: write the report of every unit valid on its reference day, and freeze their tree.

    Where the levels weren't named, a level found among the units that has no due day raises LevelsWithoutDueDay.
    """
    with transaction.atomic():
        planned = Cycle.objects.filter(pk=cycle.pk, state=Cycle.State.PLANNED)
        if not planned.update(state=Cycle.State.OPEN, opened_at=at):
            raise Refused(Problem(gettext_noop("The cycle “%(code)s” is open already."), {"code": cycle.code}))
        cycle.refresh_from_db()
        _refuse_out_of_use(TemplateVersion.objects.held(cycle.version_id))
        hold(tree.LOCK)  # whoever moves a unit renumbers others: read across that, the wrong tree would be frozen
        levels = {row.level_id: row for row in cycle.levels.select_related("level")}
        _refuse_unfit(cycle.selection, [row.level.code for row in levels.values()])
        places = _places(cycle, levels, levels_named=levels_named, only_uids=only_uids)
        if not places:
            raise Refused(
                Problem(
                    gettext_noop("No unit reports: none of these levels is found under these units on %(day)s."),
                    {"day": cycle.reference_day},
                )
            )
        _write_reports(cycle, places, levels)
        by_rank = sorted(levels.values(), key=lambda row: row.level.rank)
        counted = Counter(place.level_id for place in places)
        return Opened(cycle, {row.level.code: counted[row.level_id] for row in by_rank if counted[row.level_id]})


@dataclass(slots=True)
class Place:
    """A report's place in the cycle's tree; positions count from 1 in preorder."""

    unit_id: int
    level_id: int
    position: int
    superior: Place | None
    root_position: int
    depth: int
    end: int = 0
    below: set[int] = field(default_factory=set)
    report_id: int = 0

    def numbers(self) -> tuple[int | None, ...]:
        """What tells its report from others of its level, as `_OWN_TO_A_REPORT` names it."""
        superior_id = self.superior.report_id if self.superior else None
        return self.report_id, self.unit_id, superior_id, self.position, self.end, self.root_position, self.depth


def _places(cycle: Cycle, levels: Mapping[int, CycleLevel], *, levels_named: bool, only_uids: Collection[str] | None) -> list[Place]:
    # Units that are not valid on the day don't report, but what stands below them still has its superior above them.
    units = Unit.objects.filter(tree.scope(list(cycle.units.all())))
    agencies = next((level_id for level_id, row in levels.items() if row.level.code == AGENCIES), 0)
    territory_reports = any(row.level.code != AGENCIES for row in levels.values())
    left_out = list(cycle.left_out.all())
    may_report = _may_report(cycle.reference_day, cycle.selection, left_out, with_agencies=bool(agencies))
    nearest: dict[int, Place | None] = {}
    places: list[Place] = []
    without_due: set[int] = set()
    unseen = set(only_uids or ())
    rows = units.values_list("pk", "uid", "parent_id", "level_id", may_report)
    for unit_id, uid, parent_id, own_level_id, may in rows.iterator(chunk_size=5000):
        superior = nearest.get(parent_id)
        level_id = own_level_id or agencies
        reports = may and (only_uids is None or uid in only_uids)
        if reports:
            unseen.discard(uid)
        if reports and level_id not in levels and territory_reports and not levels_named:
            without_due.add(level_id)
        if not reports or level_id not in levels:
            nearest[unit_id] = superior
            continue
        nearest[unit_id] = place = _place(unit_id, level_id, len(places) + 1, superior)
        places.append(place)
    if cycle.selection is not None:
        placed = {place.unit_id for place in places}
        chosen = units.filter(pk__in=_chosen(cycle.selection)).exclude(tree.scope(left_out)).values_list("pk", "uid")
        unseen |= {uid for unit_id, uid in chosen if unit_id not in placed}
    _refuse_strangers(unseen, cycle)
    if without_due:
        raise LevelsWithoutDueDay(list(Level.objects.filter(pk__in=without_due).values_list("code", flat=True)))
    for place in reversed(places):
        place.end = max(place.end, place.position)
        if place.superior is not None:
            place.superior.end = max(place.superior.end, place.end)
            place.superior.below |= place.below | {place.level_id}
    return places


def _may_report(day: date, selection: Selection | None, left_out: Sequence[Unit], *, with_agencies: bool) -> ExpressionWrapper:
    """Who may report in a cycle whose reference day is `day`; of these, those of a level that reports do."""
    kinds = [Unit.Kind.TERRITORY, *([Unit.Kind.AGENCY] if with_agencies else [])]
    may = exists_on(day) & Q(kind__in=kinds)
    if left_out:
        may &= ~tree.scope(left_out)
    return ExpressionWrapper(may if selection is None else may & ~_passed_over(selection), BooleanField())


def _passed_over(selection: Selection) -> Q:
    """The units of the selection's level that were not chosen."""
    return Q(level=selection.level_id) & ~Q(pk__in=_chosen(selection))


def _chosen(selection: Selection) -> QuerySet:
    return SelectionCandidate.objects.filter(choice__selection=selection, is_chosen=True).order_by().values("unit_id")


class WhyNot(StrEnum):
    """Why a unit at or below the top of a cycle has no report in it."""

    LEVEL = "level"
    DAY = "day"
    AGENCY = "agency"
    CHOICE = "choice"
    LEFT_OUT = "left out"


@dataclass(slots=True)
class Forecast:
    """What opening a cycle would write: its reports by level, the highest first; and how many units have none, with a few names."""

    by_level: dict[str, int] = field(default_factory=dict)
    left_out: dict[WhyNot, int] = field(default_factory=dict)
    examples: dict[WhyNot, list[str]] = field(default_factory=dict)

    @property
    def reports(self) -> int:
        return sum(self.by_level.values())


#: how many units a forecast names for each reason
EXAMPLES = 5


def forecast(
    units: Iterable[Unit], on: date, levels: Collection[str], selection: Selection | None = None, without: Sequence[Unit] = ()
) -> Forecast:
    """Count, without opening anything, what a cycle of these units on that day would hold if these levels reported (semantics §1).

    Seven queries at most, however many units.
    """
    may_report = _may_report(on, selection, without, with_agencies=AGENCIES in levels)
    why_not = _why_not(on, levels, selection, without)
    below = Unit.objects.filter(tree.scope(units)).annotate(may_report=may_report, why_not=why_not).order_by()
    found = Forecast()
    left_out: Counter[WhyNot] = Counter()
    for row in below.values("may_report", "why_not", "level__code", "level__rank").annotate(count=Count("pk")).order_by("level__rank"):
        level = row["level__code"] or AGENCIES
        if row["may_report"] and level in levels:
            found.by_level[level] = row["count"]
        else:
            left_out[WhyNot(row["why_not"])] += row["count"]
    for reason in WhyNot:
        if left_out[reason]:
            named = below.filter(why_not=reason.value).exclude(may_report=True, level__code__in=levels).order_by("tree_id", "lft")
            found.left_out[reason] = left_out[reason]
            found.examples[reason] = list(named.values_list("name", flat=True)[:EXAMPLES])
    return found


def _why_not(on: date, levels: Collection[str], selection: Selection | None, left_out: Sequence[Unit]) -> Case:
    """Why a unit that has no report has none; of one that has, it says nothing."""
    reasons = [When(~exists_on(on), then=Value(WhyNot.DAY.value))]
    if AGENCIES not in levels:
        reasons.insert(0, When(kind=Unit.Kind.AGENCY, then=Value(WhyNot.AGENCY.value)))
    if left_out:
        reasons.insert(0, When(tree.scope(left_out), then=Value(WhyNot.LEFT_OUT.value)))
    if selection is not None:
        reasons.append(When(_passed_over(selection), then=Value(WhyNot.CHOICE.value)))
    return Case(*reasons, default=Value(WhyNot.LEVEL.value), output_field=CharField())


def _place(unit_id: int, level_id: int, position: int, superior: Place | None) -> Place:
    if superior is None:
        return Place(unit_id, level_id, position, None, root_position=position, depth=0)
    return Place(unit_id, level_id, position, superior, superior.root_position, superior.depth + 1)


def _refuse_strangers(uids: Iterable[str], cycle: Cycle) -> None:
    problems = Problems()
    for uid in sorted(uids):
        problems.add(
            Problem(
                gettext_noop("This unit is not under the units named, or not valid on %(day)s."),
                {"day": cycle.reference_day.isoformat()},
                unit_uid=uid,
            )
        )
    problems.refuse_if_any()


_OWN_TO_A_REPORT = ["pk", "unit", "superior", "position", "end", "root_position", "depth"]


def _write_reports(cycle: Cycle, places: Sequence[Place], levels: Mapping[int, CycleLevel]) -> None:
    for place, report_id in zip(places, reserve_ids(Report, len(places)), strict=True):
        place.report_id = report_id
    like = cache(partial(_report_like, cycle, levels))
    insert_like(((like(place.level_id, frozenset(place.below)), place.numbers()) for place in places), _OWN_TO_A_REPORT)
    inner = [place for place in places if place.end > place.position]
    insert_like(((_EMPTY_TOTAL, (place.report_id, place.end - place.position + 1)) for place in inner), ["pk", "expected"])
    _record_oversight(places)


_EMPTY_TOTAL = Rollup()


def _report_like(cycle: Cycle, levels: Mapping[int, CycleLevel], level_id: int, below: frozenset[int]) -> Report:
    """What all reports of a level have in common that have the same levels below them."""
    row = levels[level_id]
    return Report(
        cycle=cycle,
        level_id=level_id,
        levels_below=sorted(levels[each].level.code for each in below),
        needs_approval=row.needs_approval,
        due_on=row.due_on,
        due_at=end_of_day(row.due_on, cycle.zone),
    )


def _record_oversight(places: Sequence[Place]) -> None:
    """Units above a root keep what is below them in reach though they have no report in this cycle."""
    roots = {place.unit_id: place.report_id for place in places if place.superior is None}
    above = tree.ancestor_pairs(list(roots))
    RootOversight.objects.bulk_create(
        (RootOversight(root_id=roots[unit_id], unit_id=ancestor_id) for unit_id, ancestor_id in above), batch_size=2000
    )


def open_due(at: datetime) -> list[Opened]:
    """Open every planned cycle whose day has come in its own time zone; one that can't be opened holds up nobody else."""
    opened = []
    for cycle in Cycle.objects.filter(state=Cycle.State.PLANNED, opens_on__isnull=False):
        if cycle.opens_on and cycle.opens_on <= at.astimezone(cycle.zone).date():
            try:
                opened.append(open_cycle(cycle, at))
            except (Refused, LevelsWithoutDueDay):
                logger.exception("The cycle %s can't be opened", cycle.code)
    return opened
