"""Invented hamlets put under the communes that stand, before and since 1 July 2025, with their successions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from units.hamlets import Hamlet, all_hamlets
from units.locks import hold
from units.models import Level, Succession, Unit
from units.problems import Problem, Problems, Refused, gettext_noop
from units.staging import CONTENT, Staging
from units.tree import LOCK, load, scope, units_named

LAST_DAY_OF_2024_TREE = date(2025, 6, 30)
FIRST_DAY_OF_2025_TREE = date(2025, 7, 1)
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Invented:
    """How many hamlets and successions were added."""

    hamlets: int
    successions: int


def invent_hamlets(under: Sequence[str] = (), progress: Callable[[int], None] = lambda done: None) -> Invented:
    """Add the generator's hamlets of the communes that stand under these units (uids; none: of all communes).

    A hamlet is chosen by its commune of 2024 or of 2025, and is added under both, where they stand; what stands of it
    already stays as it is. Raises Refused for unknown uids.
    """
    with transaction.atomic(), Staging() as staging:
        hold(LOCK)
        communes = set(Unit.objects.filter(level__code="commune").values_list("uid", flat=True))
        chosen = communes.intersection(Unit.objects.filter(scope(units_named(under))).values_list("uid", flat=True)) if under else communes
        hamlets = [hamlet for hamlet in all_hamlets() if hamlet.commune_2024 in chosen or hamlet.commune_2025 in chosen]
        staging.bring(_missing_units(hamlets, communes))
        loaded = load(staging, Problems(), progress)
        return Invented(loaded.added, _add_successions(hamlets))


def _missing_units(hamlets: Iterable[Hamlet], communes: set[str]) -> Iterator[tuple[Any, ...]]:
    level = Level.objects.filter(code="hamlet").first()
    if level is None:
        raise Refused(Problem(gettext_noop("There is no level “hamlet”. Make it in admin first.")))
    standing = _hamlet_pks()
    line = 0
    for hamlet in hamlets:
        for uid, commune, valid_from, valid_to in (
            (hamlet.uid_2024, hamlet.commune_2024, None, LAST_DAY_OF_2024_TREE.isoformat()),
            (hamlet.uid_2025, hamlet.commune_2025, FIRST_DAY_OF_2025_TREE.isoformat(), None),
        ):
            if commune in communes and uid not in standing:
                line += 1
                content = {
                    "uid": uid,
                    "code": hamlet.code,
                    "name": hamlet.name,
                    "kind": Unit.Kind.TERRITORY.value,
                    "level_id": level.pk,
                    "valid_from": valid_from,
                    "valid_to": valid_to,
                    "parent_uid": commune,
                }
                yield *(content.get(name) for name in CONTENT), line, True


def _add_successions(hamlets: Iterable[Hamlet]) -> int:
    pks = _hamlet_pks()
    recorded = set(Succession.objects.filter(effective_on=FIRST_DAY_OF_2025_TREE).values_list("predecessor_id", "successor_id"))
    ends = ((pks.get(hamlet.uid_2024), pks.get(hamlet.uid_2025)) for hamlet in hamlets)
    missing = [
        Succession(predecessor_id=old, successor_id=new, effective_on=FIRST_DAY_OF_2025_TREE, share=Decimal(1))
        for old, new in ends
        if old and new and (old, new) not in recorded
    ]
    return len(Succession.objects.bulk_create(missing, batch_size=BATCH))


def _hamlet_pks() -> dict[str, int]:
    return dict(Unit.objects.filter(level__code="hamlet").order_by().values_list("uid", "pk"))
