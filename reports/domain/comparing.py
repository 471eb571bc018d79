"""What differs between two versions of a template, indicator by indicator and field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import lru_cache

from reports.domain.indicators import Indicator, Rule, Template, written_rules


@dataclass(frozen=True, slots=True)
class Change:
    """A field of an indicator, as it was and as it is, in the words of the indicator file."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Indicators by their code, which they keep across versions (semantics §1)."""

    added: list[Indicator]
    removed: list[Indicator]
    changed: list[tuple[Indicator, list[Change]]]
    moved: list[Indicator]

    @property
    def is_same(self) -> bool:
        return not (self.added or self.removed or self.changed or self.moved)


def compare(before: Sequence[Indicator], after: Sequence[Indicator]) -> Comparison:
    """What `after` adds, removes and changes. Those that only stand in another order among the ones kept are moved."""
    old, new = {each.code: each for each in before}, {each.code: each for each in after}
    changed = [(each, list(_changes(old[each.code], each))) for each in after if each.code in old]
    kept_before = [code for code in old if code in new]
    kept_after = [code for code in new if code in old]
    in_place = _longest_in_order([kept_before.index(code) for code in kept_after])
    return Comparison(
        added=[each for each in after if each.code not in old],
        removed=[each for each in before if each.code not in new],
        changed=[(each, changes) for each, changes in changed if changes],
        moved=[new[code] for code in kept_after if kept_before.index(code) not in in_place],
    )


#: what a figure means: beside its name, how it is counted, by whom, and what is said about it
_DEFINING = frozenset(
    {"name_vi", "unit", "value_type", "choices", "levels", "aggregate_up", "aggregate_time", "formula", "entered_by", "note"}
)


@lru_cache(maxsize=64)
def redefined(then: Template, now: Template) -> Mapping[str, list[Change]]:
    """What of the definition of each figure of `now` is another one than it was, by its code: it may not mean the same.

    What only regards entering it (required, rules, decimals) is left out, and so is a figure that `then` didn't have.
    """
    if then is now:
        return {}
    both = ((then.by_code[each.code], each) for each in now.indicators if each.code in then.by_code)
    found = {after.code: [change for change in _changes(before, after) if change.field in _DEFINING] for before, after in both}
    return {code: changes for code, changes in found.items() if changes}


def _changes(before: Indicator, after: Indicator) -> Iterator[Change]:
    for each in fields(Indicator):
        old, new = getattr(before, each.name), getattr(after, each.name)
        if old != new:
            yield Change(each.name, _written(old), _written(new))


def _written(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return "|".join(sorted(value))
    if isinstance(value, tuple):
        return _written_list(value)
    return str(value)


def _written_list(items: tuple[object, ...]) -> str:
    rules = [item for item in items if isinstance(item, Rule)]
    return written_rules(rules) if rules else "|".join(str(item) for item in items)


def _longest_in_order(places: Iterable[int]) -> set[int]:
    """A longest growing part of these different numbers: what stays where it is while the rest moves around it."""
    runs: list[list[int]] = []
    for place in places:
        runs.append([*_longest(run for run in runs if run[-1] < place), place])
    return set(_longest(runs))


def _longest(runs: Iterable[list[int]]) -> list[int]:
    return max(runs, key=len, default=[])
