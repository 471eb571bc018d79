"""Merge, split, move, rename, abolish as of a day: a form, a preview of what changes and for whom, and the confirmation.

Nothing is kept between the requests but what the page itself holds, so it works without JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from reports.admin.manner import ReadOnly, tell
from reports.services import handing_over, reorganising
from units import redrawing, tree
from units.models import Level, Reorganisation, Succession, Unit
from units.problems import Refused
from units.redrawing import Part
from units.reorganising import Change, Kind, Roles
from units.wording import say_with_place

TITLES = {
    Kind.MERGE: _("Merge units"),
    Kind.SPLIT: _("Split a unit"),
    Kind.MOVE: _("Move a unit under another superior"),
    Kind.RENAME: _("Rename a unit"),
    Kind.ABOLISH: _("Abolish units"),
}
#: units that a split makes at most
PARTS = 6

_A_UNIT = Succession._meta.get_field("predecessor")


def _units_field(label: Any, help_text: Any = "") -> forms.ModelMultipleChoiceField:
    widget = AutocompleteSelectMultiple(_A_UNIT, admin.site)
    return forms.ModelMultipleChoiceField(Unit.objects.all(), label=label, required=False, widget=widget, help_text=help_text)


class ChangeForm(forms.Form):
    """Which units, as of which day, and what becomes of people's roles. `change()` of a valid one is what the services take."""

    #: how many units it is about, at least and at most
    number: tuple[int, int | None] = (1, 1)

    units = _units_field(_("Units"))
    uids = forms.CharField(
        label=_("Or their identifiers"), required=False, help_text=_("With spaces or commas between, where searching isn't at hand.")
    )
    day = forms.DateField(
        label=_("Effective on"),
        input_formats=["%d/%m/%Y"],
        widget=forms.DateInput(format="%d/%m/%Y", attrs={"placeholder": _("dd/mm/yyyy"), "inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Write the day as dd/mm/yyyy, for instance 05/06/2026.")},
        help_text=_("The first day of what is new; what ends has its last day on the day before."),
    )
    roles = forms.ChoiceField(
        label=_("People's roles at the old units"), choices=Roles.choices, initial=Roles.COPY, widget=forms.RadioSelect
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, label_suffix="", **kwargs)

    def about(self) -> list[forms.BoundField]:
        return [self["units"], self["uids"], self["day"]]

    def new(self) -> list[forms.BoundField]:
        """The fields that say what is new."""
        return []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = {unit.pk: unit for unit in cleaned.get("units") or ()}
        cleaned["chosen"] = list((chosen | {unit.pk: unit for unit in self._named("uids", cleaned)}).values())
        least, most = self.number
        if (
            "units" not in self.errors
            and "uids" not in self.errors
            and not least <= len(cleaned["chosen"]) <= (most or len(cleaned["chosen"]))
        ):
            said = gettext("Name one unit.") if most == 1 else gettext("Name %(count)d units at least.") % {"count": least}
            self.add_error("units", said)
        return cleaned

    def _named(self, field: str, cleaned: dict[str, Any]) -> list[Unit]:
        try:
            return tree.units_named(re.split(r"[\s,]+", cleaned[field].strip())) if cleaned.get(field, "").strip() else []
        except Refused as refused:
            for problem in refused.problems:
                self.add_error(field, say_with_place(problem))
            return []

    @property
    def chosen(self) -> list[Unit]:
        units: list[Unit] = self.cleaned_data["chosen"]
        return units

    def change(self) -> Change:
        raise NotImplementedError


class WithSuperior(ChangeForm):
    superior = forms.ModelChoiceField(
        Unit.objects.all(), label=_("Superior unit"), required=False, widget=AutocompleteSelect(_A_UNIT, admin.site)
    )
    superior_uid = forms.CharField(label=_("Or its identifier"), required=False, help_text=_("Neither: the unit stands at the top."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        named = self._named("superior_uid", cleaned)
        if len(named) > 1:
            self.add_error("superior_uid", gettext("Name one unit."))
        cleaned["under"] = cleaned.get("superior") or next(iter(named), None)
        return cleaned


class MergeForm(WithSuperior):
    number = (2, None)

    name = forms.CharField(label=_("Name of the new unit"), max_length=200)
    code = forms.CharField(label=_("Its official code"), max_length=20, required=False)
    level = forms.ModelChoiceField(Level.objects.of_territory(), label=_("Level"))

    def new(self) -> list[forms.BoundField]:
        return [self["name"], self["code"], self["level"], self["superior"], self["superior_uid"]]

    def change(self) -> Change:
        sent = self.cleaned_data
        made = {"name": sent["name"], "code": sent["code"], "level": sent["level"], "superior": sent["under"]}
        return redrawing.merged(self.chosen, sent["day"], **made)


class MoveForm(WithSuperior):
    def new(self) -> list[forms.BoundField]:
        return [self["superior"], self["superior_uid"]]

    def change(self) -> Change:
        return redrawing.moved(self.chosen[0], self.cleaned_data["day"], self.cleaned_data["under"])


class RenameForm(ChangeForm):
    name = forms.CharField(label=_("New name"), max_length=200)
    code = forms.CharField(label=_("Official code"), max_length=20, required=False, help_text=_("Empty: the one that it has."))

    def new(self) -> list[forms.BoundField]:
        return [self["name"], self["code"]]

    def change(self) -> Change:
        unit, sent = self.chosen[0], self.cleaned_data
        return redrawing.renamed(unit, sent["day"], name=sent["name"], code=sent["code"] or unit.code)


class AbolishForm(ChangeForm):
    number = (1, None)

    def change(self) -> Change:
        return redrawing.abolished(self.chosen, self.cleaned_data["day"])


class SplitForm(ChangeForm):
    """The parts, a row each; once the unit is known, to which of them each unit directly below goes."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        for number in range(1, PARTS + 1):
            place = {"number": number}
            self.fields[f"name_{number}"] = forms.CharField(label=_("Name of unit %(number)d") % place, max_length=200, required=False)
            self.fields[f"code_{number}"] = forms.CharField(label=_("Code of unit %(number)d") % place, max_length=20, required=False)
            self.fields[f"share_{number}"] = forms.DecimalField(
                label=_("Share of unit %(number)d") % place,
                required=False,
                min_value=Decimal("0.000001"),
                max_value=1,
                max_digits=7,
                decimal_places=6,
                localize=True,
                help_text=_("Empty: unknown."),
            )

    def new(self) -> list[forms.BoundField]:
        return [self[f"{name}_{number}"] for number in range(1, PARTS + 1) for name in ("name", "code", "share")]

    def homes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("home_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        named = [number for number in range(1, PARTS + 1) if cleaned.get(f"name_{number}")]
        if len(named) < 2:
            self.add_error("name_1", gettext("Name two units at least into which it is split."))
        elif not self.errors:
            self._ask_for_homes(cleaned, named)
        return cleaned

    def _ask_for_homes(self, cleaned: dict[str, Any], named: Sequence[int]) -> None:
        """Beside each unit below stands where it goes: what was sent, or the first of the parts until somebody looked."""
        choices = [(str(number), cleaned[f"name_{number}"]) for number in named]
        self.data = self.data.copy()  # type: ignore[attr-defined]
        for below in tree.children_of(cleaned["chosen"][0], cleaned["day"]):
            field = forms.ChoiceField(label=below.name, choices=choices)
            name = f"home_{below.pk}"
            self.fields[name] = field
            self.data.setdefault(name, choices[0][0])  # type: ignore[attr-defined]
            try:
                cleaned[name] = field.clean(self.data[name])
            except ValidationError as error:
                self.add_error(name, error)

    def change(self) -> Change:
        sent = self.cleaned_data
        parts = [
            Part(sent[f"name_{number}"], sent[f"code_{number}"], sent[f"share_{number}"], self._below(str(number)))
            for number in range(1, PARTS + 1)
            if sent[f"name_{number}"]
        ]
        return redrawing.split(self.chosen[0], sent["day"], parts)

    def _below(self, number: str) -> list[int]:
        return [int(name.removeprefix("home_")) for name, home in self.cleaned_data.items() if name.startswith("home_") and home == number]


FORMS: dict[Kind, type[ChangeForm]] = {
    Kind.MERGE: MergeForm,
    Kind.SPLIT: SplitForm,
    Kind.MOVE: MoveForm,
    Kind.RENAME: RenameForm,
    Kind.ABOLISH: AbolishForm,
}


@admin.register(Reorganisation)
class ReorganisationAdmin(ReadOnly):
    """For superusers alone: one reorganisation may concern the whole country, whoever reaches what of it."""

    list_display = ["effective_on", "kind", "summary", "at", "by", "undone_at"]
    list_display_links = ["effective_on", "summary"]
    list_filter = ["kind", "effective_on"]
    list_select_related = ["by"]
    search_fields = ["summary"]
    fields = ["kind", "effective_on", "summary", "roles", "at", "by", "undone_at", "undone_by"]
    change_list_template = "admin/units/reorganisation/change_list.html"
    change_form_template = "admin/units/reorganisation/change_form.html"

    def has_view_permission(self, request: HttpRequest, obj: Reorganisation | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        verbs = [(kind.value, title) for kind, title in TITLES.items()]
        return super().changelist_view(request, {**(extra_context or {}), "verbs": verbs})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What it did, and whether it can be undone."""
        context: dict[str, Any] = {}
        if (found := self.get_object(request, unquote(object_id))) is not None:
            rows = found.successions.select_related("predecessor__parent", "successor__parent")
            context["successions"] = rows[: reorganising.NAMED]
            context["succession_count"] = rows.count()
            if not found.is_undone:
                staying = handing_over.staying(found)
                shown = list(staying.select_related("unit")[: reorganising.NAMED])
                ways = handing_over.choices_for(shown, found)
                context |= {"staying": [(model, ways[model.pk]) for model in shown], "staying_count": staying.count()}
                context["hindrances"] = [say_with_place(problem) for problem in reorganising.hindrances(found)]
                context["may_undo"] = True
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def get_urls(self) -> list[Any]:
        def page(route: str, view: Callable[..., HttpResponse], name: str) -> Any:
            return path(route, self.admin_site.admin_view(view), name=f"units_reorganisation_{name}")

        return [
            page("plan/<slug:kind>/", self.plan, "plan"),
            page("<int:number>/undo/", require_POST(self.undo), "undo"),
            page("<int:number>/models/", require_POST(self.hand_models_over), "models"),
            *super().get_urls(),
        ]

    def plan(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The form; with `then` what it would change; and once that is confirmed, its doing."""
        if not request.user.is_superuser:
            raise PermissionDenied
        if kind not in FORMS:
            raise Http404
        form = FORMS[Kind(kind)](request.POST if request.method == "POST" else None)
        preview = None
        if request.method == "POST" and form.is_valid():
            try:
                change, roles = form.change(), Roles(form.cleaned_data["roles"])
                if request.POST.get("then") == "confirm":
                    return self._carry_out(request, change, roles)
                preview = reorganising.preview(change, by=request.user, at=timezone.now(), roles=roles)
            except Refused as refused:
                tell(request, refused)
        context = {
            **self.admin_site.each_context(request),
            "title": TITLES[Kind(kind)],
            "opts": self.opts,
            "form": form,
            "media": form.media,
            "preview": preview,
            "named": reorganising.NAMED,
        }
        status = 422 if request.method == "POST" and preview is None else 200
        return render(request, "admin/units/reorganisation/plan.html", context, status=status)

    def _carry_out(self, request: HttpRequest, change: Change, roles: Roles) -> HttpResponse:
        done = reorganising.reorganise(change, by=request.user, at=timezone.now(), roles=roles)
        if done.recorded is None:
            raise Http404
        self.log_addition(request, done.recorded, {"added": {}})
        messages.success(
            request, gettext("Done: %(what)s. It can be undone until a cycle is opened on it.") % {"what": done.recorded.summary}
        )
        return HttpResponseRedirect(reverse("admin:units_reorganisation_change", args=[done.recorded.pk]))

    def undo(self, request: HttpRequest, number: int) -> HttpResponse:
        if not request.user.is_superuser:
            raise PermissionDenied
        found = get_object_or_404(Reorganisation, pk=number)
        try:
            reorganising.undo(found, by=request.user, at=timezone.now())
        except Refused as refused:
            tell(request, refused)
        else:
            self.log_change(request, found, [{"changed": {"fields": [str(_("undone at"))]}}])
            messages.success(request, gettext("The reorganisation is undone; everything stands as it stood before."))
        return HttpResponseRedirect(reverse("admin:units_reorganisation_change", args=[number]))

    def hand_models_over(self, request: HttpRequest, number: int) -> HttpResponse:
        """Of the models that stayed, those for which a successor is chosen go over to it."""
        if not request.user.is_superuser:
            raise PermissionDenied
        found = get_object_or_404(Reorganisation, pk=number)
        named = {name.removeprefix("model-"): str(text) for name, text in request.POST.items() if name.startswith("model-") and text}
        if not all(re.fullmatch("[0-9]{1,15}", each) for each in (*named, *named.values())):
            raise Http404
        chosen = {int(model): int(successor) for model, successor in named.items()}
        try:
            count = handing_over.hand_over_as_chosen(found, chosen, by=request.user, at=timezone.now())
        except Refused as refused:
            tell(request, refused)
        else:
            message = ngettext("%(count)d model goes over.", "%(count)d models go over.", count) % {"count": count}
            messages.success(request, message)
        return HttpResponseRedirect(reverse("admin:units_reorganisation_change", args=[number]))
