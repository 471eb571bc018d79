"""A report beside its history and among its siblings: what a reviewer looks at before all the rest (semantics §5, §7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from reports.domain.aggregation import figures
from reports.domain.outliers import FEWEST, Outlier, median, outliers
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Report, Submission
from reports.queries.form_sheet import Row, Sheet, change_since


@dataclass(frozen=True, slots=True)
class Comparison:
    """One number beside those of the other units of its level: their median (None for too few) and whether it stands apart."""

    since_previous: Fraction | None = None
    median: Fraction | None = None
    outlier: Outlier | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A report's rows compared, by code; `striking` are those that stand apart, the farthest first; `count` siblings, itself included."""

    by_code: dict[str, Comparison]
    count: int
    striking: list[Row] = field(default_factory=list)


def compared(report: Report, sheet: Sheet) -> Compared:
    """The report's figures against the period before, and against what its siblings of the same level have submitted. One query."""
    theirs, count = _of_siblings(report)
    by_code: dict[str, Comparison] = {}
    for row in sheet.rows:
        if not row.indicator.is_number:
            continue
        now = row.both if sheet.compares_totals else row.own
        numbers: dict[int, Fraction] = dict(theirs[row.code])
        if now is not None and not isinstance(now, dict):
            numbers[report.pk] = Fraction(now)
        by_code[row.code] = Comparison(
            change_since(row.indicator, now, row.previous),
            median(list(numbers.values())) if len(numbers) >= FEWEST else None,
            outliers(numbers).get(report.pk),
        )
    striking = [row for row in sheet.rows if row.code in by_code and by_code[row.code].outlier]
    return Compared(by_code, count, sorted(striking, key=lambda row: -abs(_score(by_code[row.code]))))


def _score(comparison: Comparison) -> Fraction:
    return comparison.outlier.score if comparison.outlier else Fraction(0)


def _of_siblings(report: Report) -> tuple[dict[str, dict[int, Fraction]], int]:
    """What the other reports declared, by code and report, and how many reports there are with this one."""
    template = report.cycle.version.compiled()
    numbers: dict[str, dict[int, Fraction]] = defaultdict(dict)
    if report.superior_id is None:
        return numbers, 1
    standing = [state.value for state in WITH_SUPERIOR]
    others = Report.objects.filter(superior=report.superior_id, level=report.level_id, state__in=standing).exclude(pk=report.pk)
    declared = Submission.objects.filter(pk__in=others.values("last_submission"))
    count = 1
    for report_id, cells in declared.values_list("report_id", "declared"):
        count += 1
        for code, figure in figures(template, cells).items():
            if isinstance(figure, Fraction) and template.by_code[code].is_number:
                numbers[code][report_id] = figure
    return numbers, count


@dataclass(frozen=True, slots=True)
class Queue:
    """The reports beside this one that wait for review. `next` and `before` are ids, round in a ring, None where no other waits."""

    waiting: int
    next: int | None
    before: int | None


def queue(report: Report) -> Queue:
    """What waits for review below the report's superior, seen from this report. One query."""
    if report.superior_id is None:
        return Queue(0, None, None)
    waiting = Report.objects.filter(superior=report.superior_id, state=State.SUBMITTED.value).order_by("position")
    places = list(waiting.values_list("position", "pk"))
    after = [pk for position, pk in places if position > report.position]
    before = [pk for position, pk in places if position < report.position]
    return Queue(len(places), _first([*after, *before]), _first([*reversed(before), *reversed(after)]))


def _first(ids: Iterable[int]) -> int | None:
    return next(iter(ids), None)
