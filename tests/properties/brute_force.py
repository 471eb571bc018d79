"""Semantics §5 read literally over one cycle: every total from every report below, with nothing stored and nothing clever."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, TypeAlias

from reports.models import Adjustment, Cycle, Report

Value: TypeAlias = Fraction | dict[str, int] | tuple[int, int] | None

#: formulas of the property's templates, as plain Python over the totals of their inputs
FORMULAS: dict[str, Callable[[Callable[[str], Any]], Value]] = {
    "ratio": lambda t: None if t("s") is None or t("l") is None or t("l") == 0 else t("s") / t("l") * 100,
    "plus": lambda t: Fraction(t("s") or 0) + (t("ratio") or 0),
    "yes_per": lambda t: None if t("y") is None or t("s") is None or t("s") == 0 else Fraction(t("y")[0]) / t("s"),
}
#: formulas evaluated in a unit, as plain Python over its own values
IN_UNIT: dict[str, Callable[[dict[str, Any]], bool | str | None]] = {
    "any": lambda own: (number(own.get("s")) or 0) + (number(own.get("m")) or 0) >= 1,
    "grade": lambda own: None if own.get("m") is None else ("a" if Fraction(own["m"]) >= 10 else "b"),
}


def number(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)


class Oracle:
    def __init__(self, cycle: Cycle) -> None:
        self.template = cycle.version.compiled()
        self.reports = {report.pk: report for report in Report.objects.filter(cycle=cycle).select_related("level", "unit")}
        self.adjustments: dict[int, list[tuple[str, Fraction]]] = {}
        for row in Adjustment.objects.filter(report__cycle=cycle):
            self.adjustments.setdefault(row.report_id, []).append((row.indicator, Fraction(row.amount)))

    def subtree(self, report: Report) -> list[Report]:
        below = [child for child in self.reports.values() if child.superior_id == report.pk]
        return [report, *(each for child in below for each in self.subtree(child))]

    def counted(self, report: Report) -> list[Report]:
        return [each for each in self.subtree(report) if each.state == "accepted"]

    def expected(self, report: Report) -> int:
        return sum(each.state != "exempt" for each in self.subtree(report))

    def total(self, report: Report) -> dict[str, Value]:
        return self.over(self.counted(report))

    def both(self, report: Report) -> dict[str, Value]:
        return self.over([report, *(each for each in self.counted(report) if each.pk != report.pk)])

    def over(self, reports: Iterable[Report]) -> dict[str, Value]:
        reports = list(reports)
        found: dict[str, Value] = {}
        for indicator in self.template.aggregated:
            if indicator.code not in FORMULAS:
                found[indicator.code] = self._entered(indicator, reports)
        for code, formula in FORMULAS.items():
            if code in self.template.by_code:
                found[code] = formula(found.get)
        return found

    def _entered(self, indicator: Any, reports: list[Report]) -> Value:
        code = indicator.code
        values: list[Any]
        if code in IN_UNIT:
            values = [IN_UNIT[code](each.own) for each in reports if each.level.code in indicator.levels]
        else:
            values = [each.own.get(code) for each in reports]
        values = [value for value in values if value is not None]
        match indicator.aggregate_up.value:
            case "sum" | "leaf_sum":
                added = [amount for each in reports for name, amount in self.adjustments.get(each.pk, ()) if name == code]
                return sum(map(Fraction, [*values, *added]), Fraction(0)) if values or added else None
            case "min":
                return min(map(Fraction, values), default=None)
            case "max":
                return max(map(Fraction, values), default=None)
            case "mean":
                return sum(map(Fraction, values), Fraction(0)) / len(values) if values else None
            case "count_yes":
                return (values.count(True), len(values)) if values else None
            case "distribution":
                return {choice: values.count(choice) for choice in indicator.choices} if values else None
        raise AssertionError(indicator.aggregate_up)

    def answered(self, report: Report, code: str) -> int:
        """How many counted reports gave a value."""
        indicator = self.template.by_code[code]
        if code in IN_UNIT:
            return sum(each.level.code in indicator.levels and IN_UNIT[code](each.own) is not None for each in self.counted(report))
        return sum(each.own.get(code) is not None for each in self.counted(report))
