"""Figures, states and deadlines in templates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext, pgettext_lazy

from reports import models, wording
from reports.domain.aggregation import Figure
from reports.domain.deadlines import Timeliness, days_past
from reports.domain.indicators import MAX_DECIMALS, Indicator
from reports.domain.numbers import display, exact
from reports.domain.outliers import Outlier
from reports.domain.workflow import Action
from reports.form_rows import Cell, FormRow
from reports.models import Adjustment, Flag, Report
from reports.models.journal import ACTION_LABELS
from reports.models.report import STATE_LABELS
from reports.models.skilful_model import FIELD_LABELS, MODEL_ACTION_LABELS, label_of
from reports.services.uploading import Effect

register = template.Library()

_TIMELINESS = {
    Timeliness.ON_TIME: gettext_lazy("On time"),
    Timeliness.LATE: gettext_lazy("Submitted late"),
    Timeliness.MISSING: gettext_lazy("Overdue"),
    Timeliness.PENDING: gettext_lazy("Not due yet"),
    Timeliness.EXEMPT: gettext_lazy("Exempt"),
}

_EFFECTS = {
    Effect.NEW: pgettext_lazy("a figure in a workbook", "New"),
    Effect.CHANGED: gettext_lazy("Changed"),
    Effect.CLEARED: gettext_lazy("Cleared"),
    Effect.CLASH: gettext_lazy("Changed by both"),
    Effect.THEIRS: gettext_lazy("Changed by somebody else"),
}

register.filter("say", wording.say)
register.filter("indicator_name", wording.name_of)
register.filter("choice_label", wording.choice_label)
register.filter("period_name", wording.period_name)
register.simple_tag(wording.shown_own, name="own_figure")
register.simple_tag(wording.shown_total, name="total_figure")
register.simple_tag(wording.shown_change, name="change_figure")
register.simple_tag(wording.entry_text, name="entry_text")
register.simple_tag(wording.required_blank, name="required_blank")
register.simple_tag(wording.source_name, name="source_name")
register.simple_tag(wording.outlier_words, name="outlier_words")


@register.filter
def indicator_field(name: str) -> str:
    """A field of an indicator, as admin calls it."""
    return str({field.name: field.verbose_name for field in models.Indicator._meta.fields}[name])


@register.filter
def state_label(state: str) -> str:
    return str(dict(STATE_LABELS).get(state, state))


@register.filter
def flag_label(kind: str) -> str:
    return str(Flag.Kind(kind).label)


@register.filter
def action_label(action: str) -> str:
    return str(dict(ACTION_LABELS)[Action(action).value])


@register.filter
def effect_label(effect: str) -> str:
    """What a workbook does to a figure."""
    return str(_EFFECTS[Effect(effect)])


@register.filter
def model_action_label(action: str) -> str:
    return str(dict(MODEL_ACTION_LABELS)[action])


register.filter("model_field_label", label_of)


@register.simple_tag
def model_value(field: str, value: Any) -> str:
    """What was said of a model in a field, empty where nothing was."""
    if value is None:
        return ""
    return str(dict(FIELD_LABELS)[value]) if field == "field" else str(value)


@register.filter
def timeliness_label(timeliness: str) -> str:
    """The words of the field."""
    return str(_TIMELINESS[Timeliness(timeliness)])


@register.simple_tag
def deadline(report: Report, at: datetime) -> str:
    """How far the due day is: "5 days left", "3 days late", "due today". Empty once the report is in on time."""
    zone = report.cycle.zone
    match Timeliness(report.timeliness):
        case Timeliness.PENDING:
            left = -days_past(report.due_at, at, zone)
            return gettext("due today") if left == 0 else ngettext("%(days)d day left", "%(days)d days left", left) % {"days": left}
        case Timeliness.MISSING:
            return _days_late(days_past(report.due_at, at, zone))
        case Timeliness.LATE:
            return _days_late(days_past(report.due_at, report.first_submitted_at or at, zone))
    return ""


def _days_late(days: int) -> str:
    return ngettext("%(days)d day late", "%(days)d days late", days) % {"days": days}


@register.filter
def whole(number: int) -> str:
    """A count with its digits grouped."""
    return display(Fraction(number), 0, get_language() or "vi")


@register.filter
def percent_of(part: int, whole: int) -> str:
    return display(Fraction(part * 100, whole), 1, get_language() or "vi") + " %" if whole else ""


@register.filter
def item(mapping: dict[str, Any], key: str) -> Any:
    return mapping.get(key)


@register.simple_tag
def any_total(indicator: Indicator, figure: Figure, has_below: bool) -> str:
    """A figure of an earlier period: a total where reports are below, else the unit's own."""
    return wording.shown_total(indicator, figure) if has_below else wording.shown_own(indicator, figure)


# Of the parts of a form that follow there are some hundreds on a page: as templates they took most of its time.


@register.simple_tag
def row_name(shown: FormRow) -> SafeString:
    """What a row is called, and what belongs to its name: the label of its entry where that is one field."""
    row, code = shown.row, shown.code
    parts = [
        format_html('<label for="entry-{}" id="name-{}">{}</label>', code, code, shown.name)
        if shown.is_one_field
        else format_html('<span id="name-{}">{}</span>', code, shown.name),
        format_html('<abbr class="required" title="{}">*</abbr>', gettext("required")) if row.is_required else "",
        format_html('<span class="unit">({})</span>', shown.unit) if shown.unit else "",
        format_html('<span class="note">{}</span>', row.indicator.note) if row.indicator.note else "",
        render_to_string("reports/_note.html", {"note": row.note}) if row.note else "",
    ]
    return SafeString(" ".join(filter(None, parts)))


@register.simple_tag
def number_entry(shown: FormRow, editing: bool) -> SafeString:
    """The field of a figure: of the form that a unit fills in or, beside it, of what its superior does."""
    zero = '<button type="button" class="zero js-only" tabindex="-1" data-zero="{}">{}</button>'
    return format_html(
        '<span class="number"><input type="text" inputmode="{mode}" name="cell-{code}"{form} id="entry-{code}" data-code="{code}"'
        ' data-kind="number" value="{value}" placeholder=" " aria-describedby="says-{code}"{wrong}>{zero}</span>',
        mode="text" if shown.row.indicator.negative else "decimal",
        code=shown.code,
        form="" if editing else SafeString(' form="appraisal-form"'),
        value=shown.value,
        wrong=SafeString(' aria-invalid="true"') if shown.typed else "",
        zero=format_html(zero, shown.code, gettext("Nothing happened")) if editing else "",
    )


@register.simple_tag
def figure_cells(cells: Iterable[Cell], code: str) -> SafeString:
    """The cells beside a row's entry."""
    return format_html_join(
        "",
        '<td class="{}"{} data-label="{}">{}{}{}</td>',
        (
            (
                cell.css,
                format_html(' id="{}-{}"', cell.place, code) if cell.place else "",
                cell.label,
                cell.text,
                format_html(' <span class="note">{}</span>', cell.remark) if cell.remark else "",
                render_to_string("reports/_redefined.html", {"changes": cell.changes}) if cell.changes else "",
            )
            for cell in cells
        ),
    )


@register.simple_tag
def table_rows(indicator: Indicator, value: list[list[str]] | None) -> list[list[str]]:
    """The rows of a table's entry, with two blank ones to go on."""
    return [*(value or []), *([""] * len(indicator.columns) for _ in range(2))]


@register.simple_tag
def task_results() -> list[tuple[str, str]]:
    """What may become of a task: the words that are stored, and those of the reader's language."""
    return [(result.value, str(label)) for result, label in wording.TASK_RESULTS.items()]


@register.simple_tag
def table_column(indicator: Indicator, number: int) -> str:
    return indicator.columns[number]


@register.filter
def adjusted_by(adjustment: Adjustment) -> str:
    """The amount of an adjustment with its sign."""
    amount = exact(adjustment.amount)
    return ("+" if amount > 0 else "") + display(amount, MAX_DECIMALS, get_language() or "vi")


@register.simple_tag
def outlier_value(indicator: Indicator, outlier: Outlier) -> str:
    return wording.shown_number(indicator, outlier.value)
