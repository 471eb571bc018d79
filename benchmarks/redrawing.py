"""The map of 1 July 2025 laid over a built country: its units, its successions, and whether every national total is kept.

Django has to be set up.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from reports.demo.places import rows_under
from reports.domain.aggregation import figures, merge
from reports.domain.restating import Why
from reports.models import Cycle, Report
from reports.queries.consolidated import total_of
from reports.queries.restated import Restated
from units.hamlets import DATA, all_hamlets
from units.importing import import_units
from units.inventing import invent_hamlets
from units.models import Succession, Unit
from units.successions import COLUMNS

DAY = date(2025, 7, 1)
Row = tuple[str, str, str, str]


def official_rows() -> Iterator[Row]:
    """The 10,634 successions of the file."""
    with (DATA / "successions_2025.csv").open(encoding="utf-8", newline="") as file:
        yield from (tuple(row[column] for column in COLUMNS) for row in csv.DictReader(file))  # type: ignore[misc]


def hamlet_rows() -> Iterator[Row]:
    """Those of the invented hamlets: each goes whole."""
    yield from ((hamlet.uid_2024, hamlet.uid_2025, DAY.isoformat(), "1") for hamlet in all_hamlets())


def add_units_of_2025(tops: Iterable[str]) -> None:
    """What these provinces of 2024 became, with its hamlets; no succession yet."""
    tops = set(tops)
    successors = {new for old, new, *_ in official_rows() if old in tops}
    import_units(rows_under(successors))
    invent_hamlets(sorted(tops))
    Succession.objects.all().delete()


def among_standing(rows: Iterable[Row]) -> list[Row]:
    """Those between units that stand."""
    standing = set(Unit.objects.order_by().values_list("uid", flat=True))
    return [row for row in rows if row[0] in standing and row[1] in standing]


def with_shares(rows: Iterable[Row]) -> list[Row]:
    """The same with shares for every unit that was split: as equal as six decimals make them, 1 together."""
    rows = list(rows)
    split: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if not row[3]:
            split[row[0]].append(place)
    for places in split.values():
        equal = (Decimal(1) / len(places)).quantize(Decimal("0.000001"))
        shares = [equal] * (len(places) - 1)
        for place, share in zip(places, [*shares, 1 - sum(shares)], strict=True):
            rows[place] = (*rows[place][:3], str(share))
    return rows


def as_file(rows: Iterable[Row]) -> io.BytesIO:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *rows])
    return io.BytesIO(text.getvalue().encode())


def national_totals(cycle: Cycle) -> dict[str, Fraction]:
    """Every additive total of the cycle, its roots added up."""
    template = cycle.version.compiled()
    roots = Report.objects.filter(cycle=cycle, superior__isnull=True).select_related("rollup", "level")
    found = figures(template, merge(template, (total_of(template, root).cells for root in roots)))
    return {each.code: value for each in template.aggregated if each.may_be_adjusted and isinstance(value := found[each.code], Fraction)}


def restated_totals(restated: Restated) -> dict[str, Fraction]:
    """The same on the new tree."""
    totals: dict[str, Fraction] = defaultdict(Fraction)
    for row in restated.rows(depth=0):
        if row.value and restated.template.by_code[row.indicator].may_be_adjusted:
            totals[row.indicator] += Fraction(row.value)
    return dict(totals)


def held_against(cycle: Cycle, restated: Restated, say: Callable[[str], None] = lambda line: None) -> dict[Why, int]:
    """How many reports are not attributable in part or whole, by reason.

    Raises AssertionError where an additive national total, restated, isn't the old one minus exactly what is listed.
    """
    before, after, left_out = national_totals(cycle), restated_totals(restated), list(restated.left_out())
    amounts = restated.amounts(left_out)
    assert before
    for code, total in before.items():
        assert after.get(code, 0) == total - amounts.get(code, 0), (code, total, after.get(code), amounts.get(code))
        say(f"{code}: {total} = {after.get(code, 0)} + {amounts.get(code, 0)} not attributable")
    reasons: dict[Why, set[str]] = defaultdict(set)
    for remark in left_out:
        reasons[Why(remark.reason)].add(remark.unit_uid)
    return {why: len(uids) for why, uids in reasons.items()}
