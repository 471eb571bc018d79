"""What the register of Dân vận khéo models says: to the reports of a period (semantics §10), and to readers of the register."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q

from reports.domain.periods import PeriodKind, parse_period
from reports.domain.skilful_models import UNDER_WAY, Days, ModelAction, ModelState, Step, is_counted
from reports.domain.sources import RegisterCount
from reports.domain.validation import enterable
from reports.models import Cycle, Report, SkilfulModel, SkilfulModelEntry
from reports.models.skilful_model import FIELD_LABELS, SkilfulModelQuerySet
from units import tree
from units.bulk import Among
from units.models import Unit

#: of more units than these the register is asked by their superiors, whose stretches of the tree are few
_FEW = 100


class _Life(NamedTuple):
    unit_id: int
    field: str
    steps: list[Step]


def counted_models(reports: Sequence[Report], sources: Mapping[str, RegisterCount]) -> dict[int, dict[str, int]]:
    """How many models each of these reports of one cycle counts, by report id and code.

    A model is counted once: by its unit's report, or where that may not enter the figure, by the nearest one above that may.
    A report in whose count no model ever was is left out: an empty register says nothing. Three queries where there is none,
    else four and one for each rank of units.
    """
    cycle = reports[0].cycle
    lives = _lives(reports, cycle)
    if not lives:
        return {}
    days = days_of(cycle)
    asked = {report.pk for report in reports}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    homes = _Homes(cycle, {life.unit_id for life in lives})
    for code, source in sources.items():
        for life in lives:
            home = homes.of(life.unit_id, code)
            if home in asked:
                counts = (source.field is None or source.field == life.field) and is_counted(source.what, life.steps, days)
                found[home][code] = found[home].get(code, 0) + counts
    return dict(found)


def days_of(cycle: Cycle) -> Days:
    """The days of a cycle as the register counts by them."""
    period = parse_period(cycle.period)
    if period.kind is PeriodKind.SPAN:
        return Days(cycle.first_day, cycle.cut_off, cycle.first_day)
    return Days(cycle.first_day, cycle.cut_off, min(cycle.first_day, parse_period(f"{period.year:04}-Y").first_day))


def _lives(reports: Sequence[Report], cycle: Cycle) -> list[_Life]:
    """The models at and below the reports' units on the cycle's tree, each with its steps up to the cut-off."""
    tops = list(_tops(reports))
    handed_over = _handed_over_since(cycle, tops)
    here = tree.scope(tops, "model__unit__") | Q(Among("model_id", handed_over)) if handed_over else tree.scope(tops, "model__unit__")
    entries = SkilfulModelEntry.objects.filter(here, on__lte=cycle.cut_off).exclude(action=ModelAction.HAND_OVER.value).order_by("pk")
    columns = ("model_id", "model__unit_id", "model__field", "action", "on", "to_state", "effective")
    lives: dict[int, _Life] = {}
    for model_id, unit_id, field, action, on, then, effective in entries.values_list(*columns):
        life = lives.setdefault(model_id, _Life(handed_over.get(model_id, unit_id), field, []))
        life.steps.append(Step(ModelAction(action), on, ModelState(then), effective))
    return list(lives.values())


def _handed_over_since(cycle: Cycle, tops: Iterable[Unit]) -> dict[int, int]:
    """By model that is at or below these units now, or was on the cycle's reference day: the unit that ran it on that day, where another
    one does now (§8)."""
    here = tree.scope(tops, "from_unit__") | tree.scope(tops, "model__unit__")
    since = SkilfulModelEntry.objects.filter(here, from_unit__isnull=False, on__gt=cycle.reference_day)
    return dict(since.order_by("-pk").values_list("model_id", "from_unit_id"))


def _tops(reports: Sequence[Report]) -> Iterable[Unit]:
    own = Unit.objects.filter(Among("pk", [report.unit_id for report in reports]))
    if len(reports) <= _FEW:
        return own
    return Unit.objects.filter(Q(pk__in=own.order_by().values("parent_id")) | Q(pk__in=own.filter(parent__isnull=True).values("pk")))


class _Homes:
    """Which report of a cycle counts the models of a unit, indicator by indicator."""

    def __init__(self, cycle: Cycle, unit_ids: set[int]) -> None:
        self._template = cycle.version.compiled()
        self._chains: dict[int, list[int]] = {unit_id: [unit_id] for unit_id in unit_ids}
        for unit_id, above in tree.ancestor_pairs(list(unit_ids)):
            self._chains[unit_id].append(above)
        known = {unit_id for chain in self._chains.values() for unit_id in chain}
        rows = Report.objects.filter(Among("unit_id", known), cycle=cycle).values_list("unit_id", "pk", "level__code", "levels_below")
        self._reports = {unit_id: (pk, enterable(self._template, level, frozenset(below))) for unit_id, pk, level, below in rows}

    def of(self, unit_id: int, code: str) -> int | None:
        for each in self._chains[unit_id]:
            pk, may_enter = self._reports.get(each, (None, frozenset()))
            if code in may_enter:
                return pk
        return None


# --- For readers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader of the register looks for; what is empty doesn't narrow. `unit` is a uid: it and all below it."""

    text: str = ""
    field: str = ""
    state: str = ""
    year: int | None = None
    unit: str = ""

    def among(self, models: SkilfulModelQuerySet) -> SkilfulModelQuerySet:
        found = models.matching(self.text) if self.text.strip() else models
        exactly = {"field": self.field, "state": self.state, "registered_on__year": self.year}
        found = found.filter(**{name: value for name, value in exactly.items() if value})
        if self.unit:
            found = found.filter(tree.scope(Unit.objects.filter(uid=self.unit), "unit__"))
        return found


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """How the models of a field stand now."""

    label: str
    models: int
    under_way: int
    effective: int
    recognised: int


_COUNTED = ("models", "under_way", "effective", "recognised")


def counts_by_field(models: SkilfulModelQuerySet) -> list[FieldCounts]:
    """The models by field, struck-out ones left aside, in the order of the fields. One query."""
    under_way = Q(state__in=[state.value for state in UNDER_WAY])
    rows = (
        models.exclude(state=ModelState.CANCELLED.value)
        .order_by()
        .values("field")
        .annotate(
            models=Count("pk"),
            under_way=Count("pk", filter=under_way),
            effective=Count("pk", filter=under_way & Q(is_effective=True)),
            recognised=Count("pk", filter=Q(recognised_level__isnull=False)),
        )
    )
    found = {field: counts for field, *counts in rows.values_list("field", *_COUNTED)}
    return [FieldCounts(str(label), *found.get(field, [0] * len(_COUNTED))) for field, label in FIELD_LABELS]


def steps_of(model: SkilfulModel) -> list[SkilfulModelEntry]:
    """What happened to a model, the newest first."""
    return list(model.entries.select_related("by", "level").order_by("-pk"))
