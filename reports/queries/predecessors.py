"""What units have of those that they were made of, however many reorganisations ago (semantics §8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from django.db.models import Q, QuerySet

from reports.domain.indicators import Template
from reports.domain.restating import Legacy, OwnRestated, Step, inheritance, own_restated
from reports.domain.workflow import State
from reports.models import Cycle, Report
from units.bulk import Among
from units.kinship import LeadsTo
from units.models import Succession

#: by unit: its predecessors, with the share of each that it received
Predecessors: TypeAlias = Mapping[int, Mapping[int, Decimal]]


def steps_of(successions: QuerySet[Succession]) -> dict[int, list[Step]]:
    """By predecessor. One query."""
    steps: dict[int, list[Step]] = defaultdict(list)
    for predecessor, successor, share in successions.order_by("pk").values_list("predecessor_id", "successor_id", "share"):
        steps[predecessor].append(Step(successor, share))
    return steps


def predecessors_of(unit_ids: Collection[int]) -> dict[int, dict[int, Decimal]]:
    """By unit (units of one day), those that have any: its predecessors, however far back, with the share of each that it received.

    One query. Where nobody has said a share, nothing was received.
    """
    stands = set(unit_ids)
    steps = steps_of(Succession.objects.filter(LeadsTo(stands)))
    found: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for predecessor in steps:
        for unit_id, share in inheritance(predecessor, steps, stands).shares.items():
            if unit_id != predecessor:
                found[unit_id][predecessor] = share
    return dict(found)


@dataclass(frozen=True, slots=True)
class FromPredecessors:
    """What a unit's predecessors reported in an old cycle, as one report of that unit.

    `reports` are theirs, in the order of its tree, and `shares` what the unit received of each.
    """

    cycle: Cycle
    own: Mapping[str, Any]
    estimated: frozenset[str]
    reports: Sequence[Report]
    shares: Sequence[Decimal]


def from_predecessors(cycle: Cycle, predecessors: Predecessors, which: Q) -> dict[int, list[FromPredecessors]]:
    """By unit: its predecessors' own values in their accepted reports of these cycles of `cycle`'s template, restated for it, a part
    for each of them. One query; none where there are no predecessors.

    Values are read by `cycle`'s template version and in stored form; of an integer a share may be a Fraction. An old cycle in
    which the unit has a report itself is left out. The parts come in the order of time.
    """
    if not predecessors:
        return {}
    heirs: dict[int, list[int]] = defaultdict(list)
    for unit_id, olds in predecessors.items():
        for old in olds:
            heirs[old].append(unit_id)
    reports = Report.objects.filter(
        which, Among("unit_id", {*predecessors, *heirs}), cycle__version__template_id=cycle.version.template_id
    ).exclude(cycle_id=cycle.pk)
    own: set[tuple[int, int]] = set()
    told: dict[int, dict[int, list[Report]]] = defaultdict(lambda: defaultdict(list))
    for report in reports.select_related("cycle__version", "unit").order_by("cycle__cut_off", "cycle__opened_at", "position"):
        own.add((report.unit_id, report.cycle_id))
        for unit_id in heirs.get(report.unit_id, ()) if report.state == State.ACCEPTED else ():
            told[unit_id][report.cycle_id].append(report)
    now = cycle.version.compiled()
    parts = {
        unit_id: [_restated(now, each, predecessors[unit_id]) for cycle_id, each in cycles.items() if (unit_id, cycle_id) not in own]
        for unit_id, cycles in told.items()
    }
    return {unit_id: found for unit_id, found in parts.items() if found}


def _restated(now: Template, reports: Sequence[Report], shares: Mapping[int, Decimal]) -> FromPredecessors:
    legacies = [Legacy(each.cycle.version.compiled(), each.own, shares[each.unit_id]) for each in reports]
    restated: OwnRestated = own_restated(now, legacies)
    return FromPredecessors(reports[0].cycle, restated.own, restated.estimated, reports, [each.share for each in legacies])
