"""Periods and their days (semantics §1). The first and the last day of a cycle are data; these are the defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from units.problems import Problem, Refused, gettext_noop


class PeriodKind(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    SPAN = "span"


_CODE = re.compile(r"(?P<year>\d{4})-(?:H(?P<half>[12])|(?P<whole>Y)|Q(?P<quarter>[1-4])|M(?P<month>0[1-9]|1[0-2]))", re.ASCII)
_SPAN = re.compile(r"(?P<first>\d{4})\.\.(?P<last>\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A named span of time. `year` is the year that it belongs to (of a span: its last), `number` its place in the year."""

    code: str
    kind: PeriodKind
    year: int
    number: int
    first_day: date
    last_day: date

    @property
    def year_ago(self) -> str | None:
        """Code of the same kind of period a year earlier; a span over years has none."""
        if self.kind is PeriodKind.SPAN:
            return None
        return f"{self.year - 1:04}{self.code[4:]}"

    @property
    def years(self) -> range:
        """The years that it lies in: all those of a span, else the one that it belongs to."""
        first = self.year - self.number + 1 if self.kind is PeriodKind.SPAN else self.year
        return range(first, self.year + 1)


def parse_period(code: str) -> Period:
    """The period that `code` names, with the State's default days (Decree 09/2019, article 12).

    Raises Refused for a code that names none.
    """
    if match := _CODE.fullmatch(code):
        year = int(match["year"])
        if year > 1:
            kind, number, months = _kind_of(match)
            first_month, last_month = (number - 1) * months, number * months
            return Period(code, kind, year, number, _fifteenth(year, first_month), _fourteenth(year, last_month))
    elif match := _SPAN.fullmatch(code):
        first, last = int(match["first"]), int(match["last"])
        if 1 < first < last:
            return Period(code, PeriodKind.SPAN, last, last - first + 1, _fifteenth(first, 0), _fourteenth(last, 12))
    raise Refused(
        Problem(
            gettext_noop("“%(code)s” is no period: write 2025-H1, 2025-H2, 2025-Y, 2025-Q1 … 2025-Q4, 2025-M01 … 2025-M12, or 2021..2025"),
            {"code": code},
        )
    )


def is_part_of(part: str, whole: str) -> bool:
    """Whether the period with the code `part` lies in that with the code `whole`, and is shorter, by the State's days."""
    inner, outer = parse_period(part), parse_period(whole)
    return part != whole and outer.first_day <= inner.first_day and inner.last_day <= outer.last_day


def parts_within(whole: str) -> list[str]:
    """The codes of the shorter periods that make up a year or a part of one, the longest first; of a span, none."""
    period = parse_period(whole)
    if period.kind is PeriodKind.SPAN:
        return []
    shorter = [*(f"H{n}" for n in (1, 2)), *(f"Q{n}" for n in range(1, 5)), *(f"M{n:02}" for n in range(1, 13))]
    return [code for each in shorter if is_part_of(code := f"{period.year:04}-{each}", whole)]


def overlap(one: str, other: str) -> bool:
    """Whether the periods with these codes have days in common, by the State's days."""
    first, second = parse_period(one), parse_period(other)
    return first.first_day <= second.last_day and second.first_day <= first.last_day


def _kind_of(match: re.Match[str]) -> tuple[PeriodKind, int, int]:
    """Kind, number within the year, and length in months."""
    if match["half"]:
        return PeriodKind.HALF, int(match["half"]), 6
    if match["quarter"]:
        return PeriodKind.QUARTER, int(match["quarter"]), 3
    if match["month"]:
        return PeriodKind.MONTH, int(match["month"]), 1
    return PeriodKind.YEAR, 1, 12


def _fifteenth(year: int, month: int) -> date:
    """The 15th of a month, where month 0 is December of the year before."""
    return date(year, month, 15) if month else date(year - 1, 12, 15)


def _fourteenth(year: int, month: int) -> date:
    return date(year, month, 14)
