"""What people send: the cells of a report, and what an action on one asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from reports.domain.deadlines import Timeliness
from reports.domain.indicators import Indicator, ValueType
from reports.domain.numbers import Amount, exact, parse_entry, parse_plain, plain
from reports.domain.skilful_models import TRANSITIONS, ModelAction
from reports.domain.workflow import Action
from reports.models import CycleLevel, Flag, SkilfulModel
from reports.models.report import STATE_LABELS
from reports.models.skilful_model import FIELD_LABELS, MODEL_STATE_LABELS
from reports.queries.board import ORDERS
from reports.services.registering import CONTENT
from reports.services.submitting import Declaration
from units.models import Level, Unit
from units.problems import Problem, Refused, gettext_noop
from units.wording import say

#: the value of `cell-CODE` that says: this cell's rows follow as `cell-CODE-ROW-COLUMN`
TABLE = "table"


@dataclass(slots=True)
class Entries:
    """Cells as they were posted: what could be read, what couldn't and why, and the texts of the latter, by code.

    `seconds` are the texts of second halves that couldn't be read, or don't fit the year.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, str] = field(default_factory=dict)

    def refuse(self, code: str, problems: Iterable[Problem], text: str) -> None:
        """Leave a cell as it stands, since its text can't be taken."""
        self.changes.pop(code, None)
        self.problems[code] = list(problems)
        self.texts[code] = text


def read_entries(indicators: Iterable[Indicator], posted: QueryDict) -> Entries:
    """The posted cells of these indicators; one that wasn't posted is left out."""
    entries = Entries()
    for indicator in indicators:
        text = posted.get(f"cell-{indicator.code}")
        if text is None:
            continue
        if indicator.value_type == ValueType.TABLE and text == TABLE:
            text = _table_text(indicator, posted)
        try:
            entries.changes[indicator.code] = parse_entry(text, indicator)
        except Refused as refused:
            entries.refuse(indicator.code, refused.problems, text)
    return entries


def read_second_halves(entries: Entries, indicators: Iterable[Indicator], posted: QueryDict, six_months: Mapping[str, Any]) -> None:
    """Take the second halves that were posted into the year's cells: `six_months` holds the first ones (semantics §7).

    `shown-CODE` tells what the year's cell showed, and so which of the two was written. Where both were, they have to fit.
    """
    for indicator in indicators:
        code = indicator.code
        text, year = posted.get(f"second-{code}", "").strip(), posted.get(f"cell-{code}", "").strip()
        if not text or code in entries.problems or six_months.get(code) is None:
            continue
        first, shown = exact(six_months[code]), posted.get(f"shown-{code}", "").strip()
        try:
            whole = _added_up(first, text, indicator)
        except Refused as refused:
            entries.refuse(code, refused.problems, year)
            entries.seconds[code] = text
            continue
        is_written = not _was_shown(text, first, shown, indicator)
        if year == shown or (not year and is_written):
            entries.changes[code] = whole
        elif entries.changes[code] != whole and is_written:
            message = gettext_noop("%(six_months)s in six months and %(second)s in the second half are not %(year)s: correct one of them.")
            params = {"six_months": Amount(first), "second": text, "year": year}
            entries.refuse(code, [Problem(message, params, column=code)], year)
            entries.seconds[code] = text


def _added_up(first: Fraction, second: str, indicator: Indicator) -> Any:
    """The year's figure in stored form. A second half below zero is one that corrects the first."""
    value = parse_entry(second, replace(indicator, negative=True))
    return parse_plain(plain(first + exact(value)), indicator)  # type: ignore[arg-type]


def _was_shown(second: str, first: Fraction, year: str, indicator: Indicator) -> bool:
    """Whether this second half is the one that followed from the year that was shown."""
    try:
        return _added_up(first, second, indicator) == parse_entry(year, indicator)
    except Refused:
        return False


def _table_text(indicator: Indicator, posted: QueryDict) -> str:
    """The rows of a table as `parse_entry` takes them; empty when no cell is filled."""
    filled = rows_posted(indicator, posted)
    return json.dumps(filled, ensure_ascii=False) if filled else ""


def rows_posted(indicator: Indicator, posted: QueryDict) -> list[list[str]]:
    """The rows of a table in which a cell is filled."""
    prefix = f"cell-{indicator.code}-"
    keys = (re.fullmatch(r"([0-9]{1,6})-[0-9]{1,6}", key.removeprefix(prefix)) for key in posted if key.startswith(prefix))
    numbers = {int(key[1]) for key in keys if key}
    width = range(len(indicator.columns))
    rows = [[posted.get(f"{prefix}{number}-{column}", "") for column in width] for number in sorted(numbers)]
    return [row for row in rows if any(cell.strip() for cell in row)]


def version_seen(posted: QueryDict) -> int | None:
    """The version of a report that its editor saw; None where it wasn't sent."""
    version = posted.get("version", "")
    return int(version) if re.fullmatch("[0-9]{1,9}", version) else None


def ids_chosen(posted: QueryDict, name: str = "chosen") -> set[int]:
    """The ids that were ticked under this name."""
    return {int(value) for value in posted.getlist(name) if re.fullmatch("[0-9]{1,15}", value)}


def texts_under(posted: QueryDict, prefix: str) -> dict[str, str]:
    """What was posted under names that begin with `prefix`, by the rest of the name; empty texts and NUL bytes are left out."""
    texts = {name.removeprefix(prefix): str(text).replace("\0", "") for name, text in posted.items() if name.startswith(prefix)}
    return {name: text for name, text in texts.items() if text.strip()}


def declaration_of(posted: QueryDict) -> Declaration:
    """How a report is meant that is submitted, or put before the leader."""
    return Declaration(
        confirm_incomplete=posted.get("confirm_incomplete") == "yes",
        explanations=texts_under(posted, "explain-"),
        answers=texts_under(posted, "answer-"),
    )


class StepForm(forms.Form):
    """An action on a report, taken on the version that the page showed."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Remark"), required=False, strip=True, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(StepForm):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


def _day(**kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(format="%d/%m/%Y", attrs={"placeholder": _("dd/mm/yyyy"), "inputmode": "numeric", "autocomplete": "off"})
    messages = {"invalid": _("Write the day as dd/mm/yyyy, for instance 05/06/2026.")}
    return forms.DateField(input_formats=["%d/%m/%Y"], widget=widget, error_messages=messages, **kwargs)


class CorrectionForm(ReasonForm):
    until = _day(label=_("To be corrected by"), required=False, help_text=_("Empty: the cycle's correction days from today."))


class ExtensionForm(ReasonForm):
    until = _day(label=_("New due day"))


class OfficialDueForm(forms.Form):
    """By when each level of a cycle owes its official figures."""

    def __init__(self, levels: Iterable[CycleLevel], data: QueryDict | None = None) -> None:
        super().__init__(data, label_suffix="")
        self.levels = [row.level.code for row in levels]
        for row in levels:
            self.fields[f"due_{row.level.code}"] = _day(initial=row.official_due_on)

    def due(self) -> dict[str, date]:
        """The days by level."""
        return {level: self.cleaned_data[f"due_{level}"] for level in self.levels}


class BulkExtensionForm(ExtensionForm):
    """The same for many reports, each of which is sent with the version that was seen, beside other actions on them."""

    seen = None  # type: ignore[assignment]
    use_required_attribute = False


#: the actions that a page offers beside saving and submitting, in the order in which it shows them
FORMS: Mapping[Action, type[StepForm]] = {
    Action.ACCEPT: StepForm,
    Action.RETURN: CorrectionForm,
    Action.REOPEN: CorrectionForm,
    Action.SEND_BACK: ReasonForm,
    Action.PROPOSE: StepForm,
    Action.WITHDRAW: StepForm,
    Action.EXTEND: ExtensionForm,
    Action.EXEMPT: ReasonForm,
    Action.UNEXEMPT: StepForm,
}


def step_form(action: Action, data: QueryDict | None = None, *, seen: int = 0) -> StepForm:
    """The form of an action; several may stand on one page, each with ids of its own."""
    return FORMS[action](data, initial={"seen": seen}, auto_id=f"{action}-%s", label_suffix="")


class AdjustmentForm(forms.Form):
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    indicator = forms.ChoiceField(label=_("Indicator"))
    amount = forms.CharField(
        label=_("Amount (with a minus to take away)"), max_length=30, widget=forms.TextInput(attrs={"inputmode": "text"})
    )
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: QueryDict | None, choices: list[tuple[str, str]], *, seen: int = 0) -> None:
        super().__init__(data, initial={"seen": seen}, auto_id="adjust-%s", label_suffix="")
        self.fields["indicator"].choices = choices  # type: ignore[attr-defined]


class BoardFilterForm(forms.Form):
    """What narrows the board of a unit's children."""

    text = forms.CharField(label=_("Unit"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All states")), *STATE_LABELS])
    timeliness = forms.ChoiceField(
        label=_("Deadline"),
        required=False,
        choices=[
            ("", _("All")),
            (Timeliness.ON_TIME.value, _("On time")),
            (Timeliness.LATE.value, _("Submitted late")),
            (Timeliness.MISSING.value, _("Overdue")),
            (Timeliness.PENDING.value, _("Not due yet")),
        ],
    )
    flag = forms.ChoiceField(
        label=_("To be noticed"),
        required=False,
        choices=[("", _("All")), *((kind.value, kind.label) for kind in Flag.Kind if kind not in (Flag.Kind.MISSING, Flag.Kind.LATE))],
    )
    sort = forms.ChoiceField(
        required=False, choices=[(sign + order, order) for order in ORDERS for sign in ("", "-")], widget=forms.HiddenInput
    )


# --- The register of Dân vận khéo models ------------------------------------------------------------


class SkilfulModelForm(forms.ModelForm):
    """What is said of a model. `seen` is the version that was shown."""

    seen = forms.IntegerField(min_value=0, initial=0, required=False, widget=forms.HiddenInput)

    class Meta:
        model = SkilfulModel
        fields: ClassVar = list(CONTENT)
        widgets: ClassVar = {name: forms.Textarea(attrs={"rows": 3}) for name in ("why", "aims", "content", "means", "product", "lasting")}

    def _post_clean(self) -> None:
        """The service checks and writes; the instance stays as it is stored."""

    def refuse(self, refused: Refused) -> None:
        """Say beside the fields what the service refused."""
        for problem in refused.problems:
            self.add_error(problem.column if problem.column in self.fields else None, say(problem))

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in CONTENT}


class RegistrationForm(SkilfulModelForm):
    """The same of a model that is to be registered: whose it is, and since when."""

    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("Unit that runs it"))
    on = _day(label=_("Registered on"))

    def __init__(self, data: QueryDict | None, units: Any, **kwargs: Any) -> None:
        super().__init__(data, label_suffix="", **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.order_fields(["unit", "on", *CONTENT])


class SkilfulStepForm(forms.Form):
    """One step of a model's life; it asks only for what the step needs."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    on = _day(label=_("On the day"))
    effective = forms.TypedChoiceField(
        label=_("Does it work well?"),
        choices=[("yes", _("It works well")), ("no", _("It doesn't work well"))],
        coerce=lambda word: word == "yes",
        widget=forms.RadioSelect,
    )
    level = forms.ModelChoiceField(Level.objects.none(), label=_("Recognised at"), empty_label=None)
    text = forms.CharField(label=_("In words"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, action: ModelAction, data: QueryDict | None, levels: Iterable[Level], **initial: Any) -> None:
        super().__init__(data, initial=initial, auto_id=f"{action}-%s", label_suffix="")
        self.fields["level"].queryset = Level.objects.filter(pk__in=[level.pk for level in levels])  # type: ignore[attr-defined]
        self.fields["text"].required = TRANSITIONS[action].needs_text
        if action is not ModelAction.APPRAISE:
            del self.fields["effective"]
        if action is not ModelAction.RECOGNISE:
            del self.fields["level"]


class RegisterFilterForm(forms.Form):
    """What narrows the register."""

    text = forms.CharField(
        label=_("Model, place or unit"), required=False, max_length=100, widget=forms.TextInput(attrs={"type": "search"})
    )
    field = forms.ChoiceField(label=_("Field of the movement"), required=False, choices=[("", _("All")), *FIELD_LABELS])
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All states")), *MODEL_STATE_LABELS])
    year = forms.IntegerField(
        label=_("Registered in the year"),
        required=False,
        min_value=1900,
        max_value=2200,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 6}),
    )
    unit = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
