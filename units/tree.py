"""The living tree: every write to it and every question about subtrees. Nested-set numbers are known here and nowhere else.

Whatever writes here holds one lock for its transaction, since django-mptt corrupts numbers in silence when two writers meet
(docs/dependencies.md). There is one tree of numbers for each root.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from units import keeping, names
from units.bulk import Among
from units.fitting import Place, misfits, misfits_alone, uncovered
from units.keeping import Remade
from units.locks import hold
from units.models import Level, Unit
from units.problems import Problem, Problems, gettext_noop
from units.staging import CONTENT, StagedUnit, Staging

LOCK = "units.tree"
BATCH = 1000
#: how many units of a circle a message names
MEMBERS_NAMED = 5


# --- Questions -------------------------------------------------------------------------------------


def units_under(uids: Sequence[str], day: date) -> QuerySet[Unit]:
    """The units with these uids and all below them, valid on `day`. Refuses unknown uids, each by its name."""
    return Unit.objects.valid_on(day).filter(scope(units_named(uids)))


def units_named(uids: Sequence[str]) -> list[Unit]:
    """The units with these uids, in that order. Refuses unknown ones, each by its name."""
    found = Unit.objects.in_bulk(set(uids), field_name="uid")
    problems = Problems()
    problems.extend(Problem(gettext_noop("There is no such unit."), unit_uid=uid) for uid in dict.fromkeys(uids) if uid not in found)
    problems.refuse_if_any()
    return [found[uid] for uid in uids]


def scope(units: Iterable[Unit], prefix: str = "") -> Q:
    """A condition on Unit, or through `prefix` (such as `unit__`) on what refers to one: these units and all below them."""
    whole_trees: list[int] = []
    condition = Q(pk__in=[])
    for tree_id, left, right in _merged_ranges(units):
        if left == 1:
            whole_trees.append(tree_id)
        else:
            condition |= Q(**{f"{prefix}tree_id": tree_id, f"{prefix}lft__gte": left, f"{prefix}lft__lte": right})
    return condition | Q(**{f"{prefix}tree_id__in": whole_trees})


def _merged_ranges(units: Iterable[Unit]) -> list[tuple[int, int, int]]:
    ranges: list[tuple[int, int, int]] = []
    for tree_id, left, right in sorted((unit.tree_id, unit.lft, unit.rght) for unit in units):
        if ranges and ranges[-1][0] == tree_id and left <= ranges[-1][2] + 1:
            ranges[-1] = (tree_id, ranges[-1][1], max(right, ranges[-1][2]))
        else:
            ranges.append((tree_id, left, right))
    return ranges


def ancestors_of(unit: Unit) -> QuerySet[Unit]:
    """The units above `unit`, the root first."""
    return Unit.objects.filter(tree_id=unit.tree_id, lft__lt=unit.lft, rght__gt=unit.rght).order_by("lft")


def children_of(unit: Unit, day: date) -> QuerySet[Unit]:
    """The units directly below `unit` on `day`, in the order of the tree."""
    return Unit.objects.valid_on(day).filter(parent=unit).select_related("level")


def tops_of(units: QuerySet[Unit], day: date) -> QuerySet[Unit]:
    """Those of `units` on `day` whose superior is none of them, in the order of the tree."""
    inside = units.filter(pk=OuterRef("parent_id")).order_by()
    return Unit.objects.valid_on(day).filter(~Exists(inside), pk__in=units.order_by().values("pk")).select_related("level")


def full_name(unit: Unit) -> str:
    """The unit's name with those of its superiors, which tells five communes of one name apart."""
    return ", ".join([unit.name, *ancestors_of(unit).reverse().values_list("name", flat=True)])


def descendants_of(unit: Unit) -> QuerySet[Unit]:
    """The units below `unit`, on whatever day, in the order of the tree."""
    return Unit.objects.filter(tree_id=unit.tree_id, lft__gt=unit.lft, lft__lt=unit.rght)


def heads_of(units: Sequence[Unit]) -> dict[int, int]:
    """By key of each unit at or below one of these, on whatever day: the key of that one. None of them lies below another. One query."""
    heads = sorted((unit.tree_id, unit.lft, unit.pk) for unit in units)
    places = [place[:2] for place in heads]
    rows = Unit.objects.filter(scope(units)).order_by().values_list("pk", "tree_id", "lft")
    return {pk: heads[bisect_right(places, (tree_id, left)) - 1][2] for pk, tree_id, left in rows}


def ancestor_pairs(unit_ids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(unit, one unit above it) for each of these units and each of its superiors, however high."""
    parents = {unit_id: unit_id for unit_id in unit_ids}
    while parents:
        above = Unit.objects.filter(children__in=set(parents.values())).values_list("children__pk", "pk")
        parent_of = dict(above)
        parents = {unit_id: parent_of[last] for unit_id, last in parents.items() if last in parent_of}
        yield from parents.items()


# --- Numbers ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Numbers:
    """Nested-set numbers by a unit's number. Where left is 0, the unit's superiors lead back to itself."""

    tree: array[int]
    left: array[int]
    right: array[int]
    depth: array[int]

    def at(self, number: int) -> tuple[int, int, int, int]:
        """tree_id, lft, rght and depth."""
        return self.tree[number], self.left[number], self.right[number], self.depth[number]


def number_forest(superiors: array[int]) -> Numbers:
    """Nested-set numbers for units 1 … n in the order of siblings; superiors[i] is i's superior, 0 for a root."""
    size = len(superiors)
    zeros = array("i", bytes(4 * size))
    first_below, next_beside = zeros[:], zeros[:]
    for number in range(size - 1, 0, -1):
        superior = superiors[number]
        next_beside[number] = first_below[superior]
        first_below[superior] = number
    numbers = Numbers(zeros[:], zeros[:], zeros[:], zeros)
    tree = 0
    root = first_below[0]
    while root:
        tree += 1
        _number_tree(root, tree, superiors, first_below, next_beside, numbers)
        root = next_beside[root]
    return numbers


def _number_tree(root: int, tree: int, superiors: array[int], first_below: array[int], next_beside: array[int], numbers: Numbers) -> None:
    here, depth, counter = root, 0, 1
    descending = True
    while True:
        if descending:
            numbers.tree[here], numbers.left[here], numbers.depth[here] = tree, counter, depth
            counter += 1
            if first_below[here]:
                here, depth = first_below[here], depth + 1
                continue
        numbers.right[here] = counter
        counter += 1
        if here == root:
            return
        descending = bool(next_beside[here])
        if descending:
            here = next_beside[here]
        else:
            here, depth = superiors[here], depth - 1


# --- Writing many ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many units a load added, changed, and left as they were; written counts those that only got new numbers too.

    `warnings` are what `check_units` will say of the units' validity.
    """

    added: int
    changed: int
    unchanged: int
    written: int
    warnings: Problems = field(default_factory=Problems, compare=False)


def load(
    staging: Staging, problems: Problems, progress: Callable[[int], None] = lambda done: None, *, trees: Collection[int] | None = None
) -> Loaded:
    """Lay what `staging` was brought over the tree: all of it, or Refused with every problem and nothing written.

    `trees`: these trees of numbers alone are looked at, which is enough where what was brought stands below their roots.
    """
    with transaction.atomic():
        hold(LOCK)
        numbers = merge(staging, problems, trees)
        return _store(staging, numbers, progress, _uncovered(staging))


def rebuild(trees: Collection[int] | None = None) -> int:
    """Compute all numbers anew from the superiors, or those of these trees; the number of units that stood wrongly.

    Refused where superiors go in a circle.
    """
    with Staging() as staging:
        return load(staging, Problems(), trees=trees).written


def merge(staging: Staging, problems: Problems, trees: Collection[int] | None = None) -> Numbers:
    """Merge what `staging` was brought with what stands (in these trees), and check the whole. Raises Refused."""
    columns = [*CONTENT[:-1], "parent__uid", "pk", "tree_id", "lft", "rght", "depth"]
    units = Unit.objects.order_by() if trees is None else Unit.objects.filter(tree_id__in=trees).order_by()
    standing = units.values_list(*columns).iterator(chunk_size=BATCH)
    day_columns = (columns.index("valid_from"), columns.index("valid_to"))
    staging.stand((_with_iso_days(row, day_columns) for row in standing), Level.objects.values_list("pk", "rank"))
    for line, uid, first in staging.duplicates():
        problems.add(Problem(gettext_noop("%(uid)s is in line %(first)d already."), {"uid": uid, "first": first}, line, "uid"))
    staging.merge()
    superiors = staging.superiors()
    numbers = number_forest(superiors)
    problems.extend(_relations(staging, superiors, numbers))
    remade = (Remade(*row) for row in staging.remade())
    while batch := list(islice(remade, BATCH)):
        problems.extend(keeping.kept_of(batch))
    problems.refuse_if_any()
    if trees is not None:
        _keep_trees(staging, numbers)
    return numbers


def _keep_trees(staging: Staging, numbers: Numbers) -> None:
    """Of some of the trees: each keeps the number that its root has."""
    kept = {numbers.tree[unit.number]: unit.stands_at[0] for unit in staging.units() if not unit.superior and unit.stands_at}
    numbers.tree = array("i", (kept.get(tree, 0) for tree in numbers.tree))


def _with_iso_days(row: tuple[Any, ...], places: tuple[int, int]) -> tuple[Any, ...]:
    cells = list(row)
    for place in places:
        cells[place] = cells[place] and cells[place].isoformat()
    return tuple(cells)


def _relations(staging: Staging, superiors: array[int], numbers: Numbers) -> Iterator[Problem]:
    for line, uid, superior in staging.unknown_superiors():
        message = gettext_noop("There is no unit %(superior)s, in the file or in the database.")
        yield Problem(message, {"superior": superior}, line, "parent_uid", uid)
    for line, root in staging.roots():
        yield from (problem.at(line=line, unit_uid=root.uid) for problem in misfits_alone(root))
    for circle in circles(superiors, numbers):
        places = sorted((staging.line_and_uid(number) for number in circle), key=lambda place: (place[0] is None, place))
        members = ", ".join(uid for _, uid in places[:MEMBERS_NAMED]) + (" …" if len(places) > MEMBERS_NAMED else "")
        message = gettext_noop("These units stand under each other in a circle: %(members)s.")
        yield Problem(message, {"members": members}, places[0][0], "parent_uid", places[0][1])
    for number, own_line, superior_line, unit, above in staging.pairs():
        if numbers.left[number]:
            yield from (p.at(line=superior_line if own_line is None else own_line, unit_uid=unit.uid) for p in misfits(unit, above))


def _uncovered(staging: Staging) -> Problems:
    warnings = Problems()
    for _, own_line, superior_line, unit, above in staging.pairs():
        warnings.extend(p.at(line=superior_line if own_line is None else own_line, unit_uid=unit.uid) for p in uncovered(unit, above))
    return warnings


def circles(superiors: array[int], numbers: Numbers) -> Iterator[list[int]]:
    """Every circle of superiors, as the units' numbers from below upwards."""
    seen = bytearray(len(superiors))
    for start in range(1, len(superiors)):
        path: list[int] = []
        here = start
        while not numbers.left[here] and not seen[here]:
            seen[here] = 1
            path.append(here)
            here = superiors[here]
        if here in path:
            yield path[path.index(here) :]


def _store(staging: Staging, numbers: Numbers, progress: Callable[[int], None], warnings: Problems) -> Loaded:
    """Write every unit that is new, changed or renumbered, superiors first."""
    pks = array("q", bytes(8 * len(numbers.left)))
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    for unit in staging.units():
        pks[unit.number] = unit.pk or 0
        counts["added" if unit.pk is None else "changed" if unit.changed else "unchanged"] += 1
    done = 0
    for depth in range(max(numbers.depth) + 1):
        todo = (unit for unit in staging.units() if numbers.depth[unit.number] == depth and _differs(unit, numbers))
        while batch := list(islice(todo, BATCH)):
            written = Unit.objects.bulk_create(
                [_as_unit(unit, numbers, pks) for unit in batch], update_conflicts=True, unique_fields=["uid"], update_fields=_WRITTEN
            )
            for unit, row in zip(batch, written, strict=True):
                pks[unit.number] = row.pk
            done += len(batch)
            progress(done)
    return Loaded(**counts, written=done, warnings=warnings)


_WRITTEN = [*CONTENT[1:-1], "parent_id", "tree_id", "lft", "rght", "depth", "search_text", "sort_key"]


def _differs(unit: StagedUnit, numbers: Numbers) -> bool:
    return unit.changed or unit.stands_at != numbers.at(unit.number)


def _as_unit(staged: StagedUnit, numbers: Numbers, pks: array[int]) -> Unit:
    content = {name: staged.content[name] for name in CONTENT if name != "parent_uid"}
    tree_id, left, right, depth = numbers.at(staged.number)
    unit = Unit(**content, parent_id=pks[staged.superior] or None, tree_id=tree_id, lft=left, rght=right, depth=depth)
    names.fill(unit)
    return unit


# --- Writing one -----------------------------------------------------------------------------------


def save(unit: Unit) -> None:
    """Add the unit, or write its fields over those that stand, and put it in its place. Raises Refused where it doesn't fit."""
    with transaction.atomic():
        hold(LOCK)
        standing = Unit() if unit.pk is None else Unit.objects.get(pk=unit.pk)
        for name in _FIELDS:
            setattr(standing, name, getattr(unit, name))
        standing.parent = None if unit.parent_id is None else Unit.objects.select_related("level").get(pk=unit.parent_id)
        misfits_of(standing).refuse_if_any()
        standing.save()
    unit.pk = standing.pk
    unit.refresh_from_db()


def move(unit: Unit, superior: Unit | None) -> None:
    """Put the unit and all below it under another superior, or make it a root. Raises Refused where it doesn't fit."""
    with transaction.atomic():
        hold(LOCK)
        unit.refresh_from_db()
        unit.parent = superior
        save(unit)


def delete(unit: Unit) -> None:
    """Delete a unit that nothing refers to. Raises ProtectedError."""
    with transaction.atomic():
        hold(LOCK)
        Unit.objects.get(pk=unit.pk).delete()


def set_days(column: str, days: Mapping[int, date | None]) -> None:
    """Write the first or the last day of many units at once (`valid_from`, `valid_to`; by key). Whether they fit was asked before."""
    with transaction.atomic():
        hold(LOCK)
        for day in set(days.values()):
            Unit.objects.filter(Among("pk", [pk for pk, its_day in days.items() if its_day == day])).update(**{column: day})


def remove(unit_ids: Collection[int]) -> None:
    """Delete many units that nothing but each other refers to, and close the gaps. Raises ProtectedError."""
    with transaction.atomic():
        hold(LOCK)
        places = list(Unit.objects.filter(Among("pk", unit_ids)).order_by("-depth").values_list("pk", "depth", "tree_id"))
        for _depth, units in groupby(places, key=itemgetter(1)):
            Unit.objects.filter(Among("pk", [pk for pk, *_ in units])).delete()
        has_roots = any(depth == 0 for _pk, depth, _tree in places)
        rebuild(None if has_roots else {tree for *_, tree in places})


_FIELDS = [*(name for name in CONTENT if name != "parent_uid"), "parent_id"]


def misfits_of(unit: Unit) -> Problems:
    """Why the unit can't stand where its fields say, under its superior and above those below it."""
    problems = Problems()
    superior = unit.parent
    if superior is None:
        problems.extend(problem.at(unit_uid=unit.uid) for problem in misfits_alone(place_of(unit)))
    elif unit.pk and superior.tree_id == unit.tree_id and unit.lft <= superior.lft < unit.rght:
        message = gettext_noop("%(uid)s can't stand under %(superior)s, which is itself or stands below it.")
        problems.add(Problem(message, {"uid": unit.uid, "superior": superior.uid}, column="parent_uid", unit_uid=unit.uid))
    else:
        problems.extend(problem.at(unit_uid=unit.uid) for problem in _all_misfits(place_of(unit), place_of(superior)))
    if unit.pk:
        for below in Unit.objects.filter(parent_id=unit.pk).select_related("level"):
            problems.extend(problem.at(unit_uid=below.uid) for problem in _all_misfits(place_of(below), place_of(unit)))
    return problems


def _all_misfits(unit: Place, superior: Place) -> Iterator[Problem]:
    yield from misfits(unit, superior)
    yield from uncovered(unit, superior)


def place_of(unit: Unit) -> Place:
    """What of the unit decides where it may stand."""
    return Place.on_days(unit.uid, unit.kind, unit.level.rank if unit.level else None, unit.valid_from, unit.valid_to)
