"""What pages say in the reader's language: 1.234,5 for a Vietnamese, có/không, "12 of 15 yes" (semantics §3, §5), periods, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext, pgettext, pgettext_lazy

from reports.domain.aggregation import Figure
from reports.domain.indicators import MAX_DECIMALS, AggregateUp, Indicator, ValueType
from reports.domain.numbers import display, exact
from reports.domain.outliers import Outlier
from reports.domain.periods import PeriodKind, parse_period
from reports.domain.restating import Why
from reports.domain.sources import RegisterCount, ReportedFigure, parse_source
from reports.domain.tasks import Result
from reports.domain.workflow import Action, State
from reports.models.journal import ACTION_LABELS
from reports.models.report import STATE_LABELS
from reports.queries.form_sheet import Section
from reports.queries.ranking import Measure
from units import wording
from units.problems import Problem

#: choices of the project's own templates in words
CHOICES = {
    "xuat_sac": pgettext_lazy("grade", "excellent"),
    "tot": pgettext_lazy("grade", "good"),
    "kha": pgettext_lazy("grade", "fair"),
    "trung_binh": pgettext_lazy("grade", "average"),
    "yeu": pgettext_lazy("grade", "weak"),
}

WHY_NOT_ATTRIBUTABLE = {
    Why.ENDED: gettext_lazy("the unit ended without a successor"),
    Why.SHARE_UNKNOWN: gettext_lazy("the unit was split, and nobody has said the shares"),
    Why.SHARES_BELOW_ONE: gettext_lazy("the shares come to less than the whole unit"),
    Why.ONLY_WHOLE: gettext_lazy("the figure moves only with a whole unit, and this one was split"),
}

TASK_RESULTS = {
    Result.DONE: pgettext_lazy("a task", "done"),
    Result.UNDER_WAY: pgettext_lazy("a task", "under way"),
    Result.NOT_DONE: pgettext_lazy("a task", "not done"),
    Result.CARRIED_ON: pgettext_lazy("a task", "carried on into the next period"),
}


def say(problem: Problem) -> str:
    """What is wrong, for a reader of pages: states and actions by their labels, where a command has their codes."""
    return wording.say(replace(problem, params={name: _label(value) for name, value in problem.params.items()}))


def _label(value: Any) -> Any:
    match value:
        case State():
            return dict(STATE_LABELS)[value.value]
        case Action():
            return dict(ACTION_LABELS)[value.value]
        case Fraction():
            return display(value, MAX_DECIMALS, get_language() or "vi")
    return value


def source_name(indicator: Indicator, period: str) -> str:
    """What fills the indicator in within a cycle of this period, empty where nothing does."""
    if not indicator.source:
        return ""
    match parse_source(indicator.source):
        case RegisterCount():
            return gettext("the register of Dân vận khéo models")
        case ReportedFigure(year=number):
            return gettext("the reports of %(year)d") % {"year": parse_period(period).years[0] + number - 1}
    return ""


def name_of(indicator: Indicator) -> str:
    return indicator.name_en if get_language() == "en" and indicator.name_en else indicator.name_vi


def choice_label(code: str) -> str:
    """A choice as it is read: its words, or else its code with spaces."""
    return str(CHOICES[code]) if code in CHOICES else code.replace("_", " ")


def period_name(code: str) -> str:
    """A period as an officer says it: 6 tháng đầu năm 2025, năm 2025, giai đoạn 2021–2025. `code` names one (semantics §1)."""
    period = parse_period(code)
    match period.kind:
        case PeriodKind.MONTH:
            return date_format(date(period.year, period.number, 1), pgettext("a month, in the letters of Django's date filter", "F Y"))
        case PeriodKind.QUARTER:
            quarters = (
                gettext("first quarter of %(year)s"),
                gettext("second quarter of %(year)s"),
                gettext("third quarter of %(year)s"),
                gettext("fourth quarter of %(year)s"),
            )
            name = quarters[period.number - 1]
        case PeriodKind.HALF:
            name = gettext("first half of %(year)s") if period.number == 1 else gettext("second half of %(year)s")
        case PeriodKind.YEAR:
            name = gettext("year %(year)s")
        case PeriodKind.SPAN:
            name = gettext("%(first)s–%(year)s")
    return name % {"year": period.year, "first": period.year - period.number + 1}


def shown_number(indicator: Indicator, value: Fraction) -> str:
    """With the indicator's decimals; a mean with two at least."""
    decimals = max(indicator.decimals, 2) if indicator.aggregate_up == AggregateUp.MEAN else indicator.decimals
    return display(value, decimals, get_language() or "vi")


def shown_own(indicator: Indicator, value: Any) -> str:
    """One unit's value (stored form, or computed) for a reader; empty where it is blank."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return "\n".join(" · ".join(row) for row in value)
    if indicator.is_number:
        return shown_number(indicator, value if isinstance(value, Fraction) else exact(value))
    return choice_label(value) if indicator.value_type == ValueType.CHOICE else str(value)


def shown_total(indicator: Indicator, figure: Figure, answered: int | None = None) -> str:
    """A total for a reader; a count of yes says out of how many answers. Empty where it is blank."""
    if figure is None:
        return ""
    if isinstance(figure, dict):
        return " · ".join(f"{choice_label(choice)} {count}" for choice, count in figure.items() if count)
    if indicator.aggregate_up == AggregateUp.COUNT_YES and answered is not None:
        return gettext("%(yes)s of %(answered)s yes") % {
            "yes": shown_number(indicator, figure),
            "answered": shown_number(indicator, Fraction(answered)),
        }
    return shown_number(indicator, figure)


def shown_change(indicator: Indicator, change: Fraction | None) -> str:
    """An increase or a decrease with its sign; `=` where nothing changed, empty where there is nothing to compare."""
    if change is None:
        return ""
    if change == 0:
        return "="
    return ("+" if change > 0 else "−") + shown_number(indicator, abs(change))


def entry_text(indicator: Indicator, value: Any) -> str:
    """A stored value as its input shows it, ready to be read again by `numbers.parse_entry` in every language."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if indicator.is_number:
        return display(exact(value), MAX_DECIMALS, "vi")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def required_blank(section: Section) -> str:
    """How many required cells of a section are still blank; empty where none is."""
    count = section.required_blank
    return ngettext("%(count)d required blank", "%(count)d required blank", count) % {"count": count} if count else ""


def shown_measure(measure: Measure, value: Fraction | None) -> str:
    """What units are ranked by: a ratio with two decimals, anything else as its total is shown. Empty where it is blank."""
    if value is None:
        return ""
    return shown_number(measure.indicator, value) if measure.per is None else display(value, 2, get_language() or "vi")


def percent(share: Fraction) -> str:
    """A share of one as `97,5 %`."""
    return display(share * 100, 1, get_language() or "vi") + " %"


def signed(value: Fraction, text: str) -> str:
    """The text of an amount without its sign, with it; `=` where nothing is left of it."""
    return "=" if text.strip("0,.") == "" else ("+" if value > 0 else "−") + text


def outlier_words(indicator: Indicator, outlier: Outlier) -> str:
    """How a figure stands apart, in words: so many times the median of 30 units, a part of it, or above and below it."""
    params = {"median": shown_number(indicator, outlier.median), "count": outlier.count}
    times = outlier.times
    if indicator.value_type == ValueType.PERCENT or times is None or Fraction(1, 2) < times < Fraction(3, 2):
        high, low = gettext("above the median of %(count)d units, %(median)s"), gettext("below the median of %(count)d units, %(median)s")
        return (high if outlier.is_high else low) % params
    if times > 1:
        return gettext("%(times)s times the median of %(count)d units (%(median)s)") % (params | {"times": _number(times)})
    return gettext("only %(percent)s %% of the median of %(count)d units (%(median)s)") % (params | {"percent": _number(times * 100)})


def _number(value: Fraction) -> str:
    return display(value, 1, get_language() or "vi")
