"""What the leader's pages say: letters of the map, shares, bars, and early warnings in words."""

from __future__ import annotations

from fractions import Fraction
from html import escape

from django import template
from django.shortcuts import resolve_url
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext

from reports import charts, wording
from reports.domain.numbers import display
from reports.domain.rates import Rates
from reports.queries.early_warnings import EarlyWarning
from reports.queries.heat import Cell
from reports.queries.ranking import Measure, Ranked
from reports.queries.timeliness_trend import TimelyPoint
from reports.templatetags.figures import state_label, timeliness_label, whole

register = template.Library()

register.simple_tag(wording.shown_measure, name="measure_figure")


@register.filter
def letter(value: str, field: str) -> str:
    """One letter for a state or a timeliness: the map is read without its colours too."""
    return _letters(field)[value]


@register.filter
def meaning(value: str, field: str) -> str:
    return state_label(value) if field == "state" else timeliness_label(value)


def _letters(field: str) -> dict[str, str]:
    if field == "timeliness":
        return {
            "on_time": pgettext("letter on the map: on time", "O"),
            "late": pgettext("letter on the map: submitted late", "L"),
            "missing": pgettext("letter on the map: overdue", "X"),
            "pending": pgettext("letter on the map: not due yet", "·"),
            "exempt": "–",
        }
    return {
        "not_started": pgettext("letter on the map: not submitted", "N"),
        "draft": pgettext("letter on the map: in progress", "P"),
        "proposed": pgettext("letter on the map: awaiting the leader's approval", "W"),
        "submitted": pgettext("letter on the map: submitted", "S"),
        "returned": pgettext("letter on the map: returned", "R"),
        "accepted": pgettext("letter on the map: accepted", "A"),
        "exempt": "–",
    }


@register.simple_tag
def map_cells(cells: list[Cell], field: str, *, named: bool = False) -> SafeString:
    """The cells as items of a list: a letter each, and the name with it or for those who point at it or hear the page.

    There may be thousands of them: their words are looked up once for each kind.
    """
    letters = _letters(field)
    meanings = {value: meaning(value, field) for value in {getattr(cell, field) for cell in cells}}
    address = resolve_url("reports:report", 0)
    shown = (_NAMED if named else _LETTER).format
    items = []
    for cell in cells:
        value = getattr(cell, field)
        items.append(shown(address.replace("0", str(cell.report_id)), value, letters[value], escape(cell.name), meanings[value]))
    return mark_safe("".join(items))  # noqa: S308 - names are escaped, all else is the page's own


_LETTER = (
    '<li><a class="cell {1}" href="{0}" title="{3}: {4}"><span aria-hidden="true">{2}</span><span class="unseen">{3}: {4}</span></a></li>'
)
_NAMED = '<li><a href="{0}"><span class="cell {1}" aria-hidden="true">{2}</span> {3}<span class="unseen">: {4}</span></a></li>'


@register.simple_tag
def keys(counts: dict[str, int], field: str) -> list[tuple[str, int]]:
    """The key of the map in the order of the field, with how many cells there are of each."""
    return [(value, counts[value]) for value in _letters(field) if counts.get(value)]


@register.simple_tag
def rates_bar(rates: Rates) -> SafeString:
    """On time, late, missing and not yet due as parts of what is expected."""
    pending = rates.expected - rates.on_time - rates.late - rates.missing
    parts = [(rates.on_time, "on_time"), (rates.late, "late"), (rates.missing, "missing"), (pending, "pending")]
    return charts.bar(parts, rates.expected)


@register.simple_tag
def figure_bar(row: Ranked, longest: Fraction) -> SafeString:
    kind = "whole" if row.total.is_complete else "provisional"
    return charts.bar([(abs(row.value or Fraction(0)), kind)], longest)


@register.filter
def share(point: TimelyPoint) -> str:
    """A rate with its denominator: `97,5 % (39/40)`."""
    return f"{wording.percent(point.rate)} ({whole(point.rates.on_time)}/{whole(point.judged)})" if point.rate is not None else ""


@register.filter
def points(difference: Fraction | None) -> str:
    """A difference of two shares, in percentage points."""
    if not difference:
        return "" if difference is None else "="
    return gettext("%(points)s points") % {"points": wording.signed(difference, display(abs(difference), 1, get_language() or "vi"))}


@register.simple_tag
def measure_change(measure: Measure, change: Fraction | None) -> str:
    return "" if change is None else wording.signed(change, wording.shown_measure(measure, abs(change)))


@register.filter
def measure_name(measure: Measure) -> str:
    name = wording.name_of(measure.indicator)
    if measure.per is None:
        return f"{name} ({measure.indicator.unit})" if measure.indicator.unit and measure.indicator.value_type != "boolean" else name
    return gettext("%(indicator)s for 100 of “%(per)s”") % {"indicator": name, "per": wording.name_of(measure.per)}


@register.filter
def in_words(warning: EarlyWarning) -> str:
    """`Số cuộc đối thoại 45 cuộc, kỳ trước 3; trung vị 30 đơn vị cùng cấp là 4.`"""
    indicator = warning.indicator

    def shown(value: Fraction) -> str:
        return wording.shown_number(indicator, value)

    unit = "" if indicator.value_type == "boolean" else indicator.unit
    said = [f"{wording.name_of(indicator)}: {shown(warning.value)} {unit}".rstrip()]
    if warning.before is not None and warning.is_restated:
        said.append(gettext(", the period before %(before)s (from its predecessors)") % {"before": shown(warning.before)})
    elif warning.before is not None:
        said.append(gettext(", the period before %(before)s") % {"before": shown(warning.before)})
    if warning.among is not None:
        said.append(
            gettext("; the median of %(count)d units is %(median)s") % {"count": warning.among.count, "median": shown(warning.among.median)}
        )
    if warning.own is not None:
        said.append(
            gettext("; the unit's own median of %(count)d periods is %(median)s")
            % {"count": warning.own.count, "median": shown(warning.own.median)}
        )
    if warning.among is None and warning.own is None and warning.change is not None:
        usual = wording.shown_change(indicator, warning.change.median)
        said.append(
            gettext("; the usual change of %(count)d units is %(median)s")
            % {"count": warning.change.count, "median": "0" if usual == "=" else usual}
        )
    return "".join(said) + "."


@register.filter
def is_high(warning: EarlyWarning) -> bool:
    """Above the usual rather than below it; what the siblings have counts before what the unit had, and that before changes."""
    apart = warning.among or warning.own or warning.change
    return apart is not None and apart.is_high


@register.filter
def times(warning: EarlyWarning) -> str:
    """How far it is from the usual, as people say it: twelve times the median."""
    apart = warning.among
    if apart is None or apart.times is None or apart.times < 2:
        return ""
    return gettext("%(times)s times the median") % {"times": display(apart.times, 1, get_language() or "vi")}
