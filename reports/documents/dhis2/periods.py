"""The house's periods as DHIS2 and ADX write them: by name, since theirs begin on the first of January and ours mostly don't."""

from __future__ import annotations

from typing import NamedTuple

from reports.domain.periods import Period, PeriodKind, parse_period
from units.problems import Problem, Refused, gettext_noop


class DhisPeriod(NamedTuple):
    """`type` is the name of DHIS2's period type, `iso` its form of the period (2025S1), `adx` that of ADX (2025-01-01/P6M)."""

    type: str
    iso: str
    adx: str


def dhis_period(code: str) -> DhisPeriod:
    """The period of DHIS2 that the house's `code` names. Raises Refused for a span of years, which DHIS2 has no period for."""
    period = parse_period(code)
    year, number = f"{period.year:04}", period.number
    match period.kind:
        case PeriodKind.MONTH:
            return DhisPeriod("Monthly", f"{year}{number:02}", _adx(period, 1))
        case PeriodKind.QUARTER:
            return DhisPeriod("Quarterly", f"{year}Q{number}", _adx(period, 3))
        case PeriodKind.HALF:
            return DhisPeriod("SixMonthly", f"{year}S{number}", _adx(period, 6))
        case PeriodKind.YEAR:
            return DhisPeriod("Yearly", year, f"{year}-01-01/P1Y")
    message = gettext_noop("DHIS2 has no period of several years such as %(period)s: hand its figures on as CSV or as a workbook.")
    raise Refused(Problem(message, {"period": code}))


def _adx(period: Period, months: int) -> str:
    return f"{period.year:04}-{(period.number - 1) * months + 1:02}-01/P{months}M"
