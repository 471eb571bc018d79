"""A cycle in steps on one page: what, who, until when, reminders; and before it opens, how many reports that makes.

Nothing is kept between its requests but what the page itself holds, so it works without JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from reports.admin.days_field import DaysField
from reports.admin.manner import actor, page_of, selections_of
from reports.domain.periods import parse_period
from reports.models import Cycle, Selection, TemplateVersion
from reports.models.cycle import DEFAULT_CORRECTION_DAYS, DEFAULT_REVIEW_DAYS, default_reminders
from reports.queries.calendar import DaysOff, why_off
from reports.services import closing, opening, planning
from reports.services.opening import Forecast, Plan, WhyNot
from reports.services.planning import DueRow
from units.levels import AGENCIES
from units.models import Level, Unit
from units.problems import Refused
from units.reach import units_in_reach
from units.wording import say_with_place

PARTS = [
    ("H1", _("First half (six months)")),
    ("H2", _("Second half")),
    ("Y", _("Year")),
    *((f"Q{number}", _("Quarter %(number)d") % {"number": number}) for number in range(1, 5)),
    *((f"M{number:02}", _("Month %(number)d") % {"number": number}) for number in range(1, 13)),
    ("span", _("Several years")),
]
WHY_NOT = {
    WhyNot.LEVEL: _("their level doesn't report in this cycle"),
    WhyNot.DAY: _("not valid on the reference day"),
    WhyNot.AGENCY: _("agencies report in cycles of their own"),
    WhyNot.CHOICE: _("not chosen in the selection"),
    WhyNot.LEFT_OUT: _("left out of this cycle"),
}
#: the longest stretch that the calendar shows
CALENDAR_DAYS = 62


def _day(label: Any, **kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(format="%d/%m/%Y", attrs={"placeholder": _("dd/mm/yyyy"), "inputmode": "numeric", "autocomplete": "off"})
    messages = {"invalid": _("Write the day as dd/mm/yyyy, for instance 05/06/2026.")}
    return forms.DateField(label=label, required=False, input_formats=["%d/%m/%Y"], widget=widget, error_messages=messages, **kwargs)


class PlanForm(forms.Form):
    """What a cycle is to be; `plan()` of a valid one is what `services.opening` takes."""

    version = forms.ModelChoiceField(TemplateVersion.objects.none(), label=_("Template version"))
    part = forms.ChoiceField(label=_("Kind of period"), choices=PARTS)
    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=2100, localize=False)
    last_year = forms.IntegerField(
        label=_("Last year"), required=False, min_value=2001, max_value=2100, help_text=_("For several years only.")
    )
    code = forms.CharField(
        label=_("Code"), required=False, max_length=100, help_text=_("The cycle goes by it. Empty: the template's code and the period.")
    )
    first_day = _day(_("First day"), help_text=_("Empty: the usual first day of the period."))
    cut_off = _day(_("Cut-off"), help_text=_("The last day of the period. Empty: the usual one."))
    reference_day = _day(_("Reference day"), help_text=_("The tree of this day is the cycle's tree. Empty: the cut-off."))
    units = forms.ModelMultipleChoiceField(
        Unit.objects.none(),
        label=_("Units at the top"),
        required=False,
        widget=AutocompleteSelectMultiple(Cycle._meta.get_field("units"), admin.site),
        help_text=_("These and all below them report."),
    )
    uids = forms.CharField(
        label=_("Or their identifiers"), required=False, help_text=_("With spaces or commas between, where searching isn't at hand.")
    )
    selection = forms.ModelChoiceField(
        Selection.objects.none(),
        label=_("Selection of units"),
        required=False,
        empty_label=_("all units of the levels that report"),
        help_text=_("Of the level that it is about, only the units chosen there report."),
    )
    left_out = forms.ModelMultipleChoiceField(
        Unit.objects.none(),
        label=_("Units left out"),
        required=False,
        widget=AutocompleteSelectMultiple(Cycle._meta.get_field("left_out"), admin.site),
        help_text=_("These and all below them don't report."),
    )
    left_out_uids = forms.CharField(
        label=_("Or the identifiers of those left out"), required=False, help_text=_("With spaces or commas between.")
    )
    reminders = DaysField(
        label=_("Reminder days"), required=False, initial=default_reminders, help_text=_("Days from the due day; negative is before.")
    )
    review_days = forms.IntegerField(
        label=_("Review days"), min_value=0, max_value=999, initial=DEFAULT_REVIEW_DAYS, help_text=_("Working days.")
    )
    correction_days = forms.IntegerField(
        label=_("Correction days"), min_value=0, max_value=999, initial=DEFAULT_CORRECTION_DAYS, help_text=_("Working days.")
    )
    asks_official = forms.BooleanField(
        label=_("Asks for official figures later"), required=False, help_text=_("The figures submitted first are estimated.")
    )
    opens_on = _day(_("Opens on"), help_text=_("Where it is kept as planned: opened by the scheduler on this day; empty: by hand."))

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(data, label_suffix="", initial={"year": timezone.localdate().year})
        in_use = TemplateVersion.objects.in_use().select_related("template")
        self.fields["version"].queryset = in_use.order_by("-published_at")  # type: ignore[attr-defined]
        self.fields["units"].queryset = units_in_reach(actor(request))  # type: ignore[attr-defined]
        self.fields["left_out"].queryset = units_in_reach(actor(request))  # type: ignore[attr-defined]
        self._reach = units_in_reach(actor(request))
        self.fields["selection"].queryset = selections_of(request).filter(state=Selection.State.FROZEN)  # type: ignore[attr-defined]
        self.levels = list(Level.objects.order_by("rank"))
        for level in self.levels:
            self.fields[f"reports_{level.code}"] = forms.BooleanField(label=str(level), required=False, initial=level.code != AGENCIES)
            self.fields[f"due_{level.code}"] = _day(_("Due day"))
            self.fields[f"approval_{level.code}"] = forms.BooleanField(label=_("Asks for the leader's approval"), required=False)

    def level_rows(self) -> Iterator[tuple[Level, forms.BoundField, forms.BoundField, forms.BoundField]]:
        for level in self.levels:
            yield level, self[f"reports_{level.code}"], self[f"due_{level.code}"], self[f"approval_{level.code}"]

    def fields_of(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    def what(self) -> list[forms.BoundField]:
        return self.fields_of("version", "part", "year", "last_year", "code")

    def days(self) -> list[forms.BoundField]:
        return self.fields_of("first_day", "cut_off", "reference_day")

    def who(self) -> list[forms.BoundField]:
        return self.fields_of("units", "uids", "selection", "left_out", "left_out_uids")

    def after(self) -> list[forms.BoundField]:
        return self.fields_of("reminders", "review_days", "correction_days", "asks_official", "opens_on")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._clean_period(cleaned)
        self._clean_units(cleaned)
        if not self.reporting:
            self.add_error(None, gettext("Choose at least one level that reports."))
        return cleaned

    def _clean_period(self, cleaned: dict[str, Any]) -> None:
        if "year" not in cleaned or "part" not in cleaned or "last_year" not in cleaned:
            return
        part, year = cleaned["part"], cleaned["year"]
        if part == "span" and (cleaned["last_year"] or 0) <= year:
            self.add_error("last_year", gettext("Several years need a last year after the first."))
            return
        period = parse_period(f"{year}..{cleaned['last_year']}" if part == "span" else f"{year}-{part}")
        cleaned["period"] = period.code
        for name, usual in (("first_day", period.first_day), ("cut_off", period.last_day)):
            cleaned[name] = cleaned.get(name) or usual
        cleaned["reference_day"] = cleaned.get("reference_day") or cleaned["cut_off"]
        if cleaned["first_day"] > cleaned["cut_off"]:
            self.add_error("cut_off", gettext("The period can't end before it begins."))

    def _clean_units(self, cleaned: dict[str, Any]) -> None:
        found = self._units_of(cleaned, "units", "uids")
        if not found and "units" not in self.errors and "uids" not in self.errors:
            self.add_error("units", gettext("Name at least one unit at the top."))
        cleaned["tops"] = found
        cleaned["without"] = self._units_of(cleaned, "left_out", "left_out_uids")
        for unit in opening.left_out_elsewhere(cleaned["without"], found) if found else ():
            self.add_error("left_out", f"{unit}: {gettext(opening.LEFT_OUT_ELSEWHERE)}")

    def _units_of(self, cleaned: dict[str, Any], chosen: str, by_uid: str) -> list[Unit]:
        """The units of a field to choose from and of the one beside it that takes identifiers, each once."""
        named = cleaned.get(by_uid, "").replace(",", " ").split()
        found = {unit.uid: unit for unit in cleaned.get(chosen) or ()} | {unit.uid: unit for unit in self._reach.filter(uid__in=named)}
        for uid in named:
            if uid not in found:
                self.add_error(by_uid, gettext("There is no unit “%(uid)s” within your reach.") % {"uid": uid})
        return list(found.values())

    @cached_property
    def days_off(self) -> DaysOff:
        return DaysOff()

    @property
    def reporting(self) -> list[Level]:
        """The levels that report, the highest first."""
        return [level for level in self.levels if self.cleaned_data.get(f"reports_{level.code}")]

    @cached_property
    def forecast(self) -> Forecast:
        cleaned = self.cleaned_data
        levels = [level.code for level in self.reporting]
        return opening.forecast(cleaned["tops"], cleaned["reference_day"], levels, cleaned["selection"], cleaned["without"])

    @cached_property
    def wanted_due(self) -> dict[str, date]:
        """The due day of each reporting level as it was given, or else the usual one."""
        wanted = {level.code: self.cleaned_data[f"due_{level.code}"] for level in self.reporting}
        return planning.due_days(self.reporting, wanted, self.cleaned_data["cut_off"], self.forecast, self.days_off)

    def plan(self) -> Plan:
        cleaned = self.cleaned_data
        return Plan(
            version=cleaned["version"],
            period=cleaned["period"],
            first_day=cleaned["first_day"],
            cut_off=cleaned["cut_off"],
            reference_day=cleaned["reference_day"],
            under=[unit.uid for unit in cleaned["tops"]],
            due=self.wanted_due,
            levels=[level.code for level in self.reporting],
            kinds=planning.kinds_of(level.code for level in self.reporting),
            approval=[level.code for level in self.reporting if cleaned[f"approval_{level.code}"]],
            review_days=cleaned["review_days"],
            correction_days=cleaned["correction_days"],
            reminders=cleaned["reminders"],
            code=cleaned["code"],
            selection=cleaned["selection"],
            without=[unit.uid for unit in cleaned["without"]],
            opens_on=cleaned["opens_on"],
            official_due={} if cleaned["asks_official"] else None,
        )


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the calendar; `off` says why nobody works, `due` whose day it is."""

    day: date
    off: str
    due: list[Level]


@dataclass(frozen=True, slots=True)
class Review:
    plan: Plan
    code: str
    forecast: Forecast
    levels: list[DueRow]
    left_out: list[tuple[str, int, list[str]]]
    weeks: list[list[CalendarDay]]


def review_of(form: PlanForm) -> Review:
    """What the plan of a valid form comes to. Nothing is written."""
    plan = form.plan()
    found = form.forecast
    rows = planning.due_rows(plan, form.reporting, found, form.days_off)
    left_out = [(str(WHY_NOT[reason]), count, found.examples[reason]) for reason, count in found.left_out.items()]
    code = plan.code or opening.free_code(plan.version, plan.period)
    return Review(plan, code, found, rows, left_out, _weeks(plan.cut_off, rows, form.days_off))


def _weeks(cut_off: date, rows: Sequence[DueRow], days_off: DaysOff) -> list[list[CalendarDay]]:
    """Whole weeks from the cut-off to the last due day."""
    dues: Mapping[date, list[Level]] = {row.due: [other.level for other in rows if other.due == row.due] for row in rows}
    first = min([cut_off, *dues])
    first -= timedelta(days=first.weekday())
    last = min(max([cut_off, *dues]), first + timedelta(days=CALENDAR_DAYS))
    count = ((last - first).days // 7 + 1) * 7
    days = [CalendarDay(day, why_off(day, days_off), dues.get(day, [])) for day in (first + timedelta(days=each) for each in range(count))]
    return [days[start : start + 7] for start in range(0, count, 7)]


def answer(request: HttpRequest, cycles: Any) -> HttpResponse:
    """Show the wizard; look over, keep or open what was sent. `cycles` is the admin of cycles."""
    form = PlanForm(request, request.POST if request.method == "POST" else None)
    then = request.POST.get("then", "look")
    review = None
    if form.is_bound and form.is_valid():
        review = review_of(form)
        if then in ("keep", "open"):
            try:
                return _carry_out(request, cycles, review.plan, opens=then == "open")
            except Refused as refused:
                for problem in refused.problems:
                    form.add_error(None, say_with_place(problem))
    context = {
        **cycles.admin_site.each_context(request),
        "title": gettext("Plan a cycle"),
        "opts": cycles.opts,
        "media": cycles.media + form.media,
        "form": form,
        "review": review,
    }
    return render(request, "admin/reports/cycle/plan.html", context, status=422 if form.errors else 200)


def _carry_out(request: HttpRequest, cycles: Any, plan: Plan, *, opens: bool) -> HttpResponse:
    with transaction.atomic():
        cycle = opening.set_up(plan)
        if opens:
            closing.refuse_other_than_manager(cycle, actor(request))
            opened = opening.open_cycle(cycle, timezone.now())
            done = opening_said(opened.by_level)
        else:
            done = gettext("The cycle “%(code)s” is planned.") % {"code": cycle.code}
        cycles.log_addition(request, cycle, done)
    messages.success(request, done)
    return HttpResponseRedirect(page_of(cycle))


def opening_said(by_level: Mapping[str, int]) -> str:
    """What was opened, in words."""
    names = {level.code: str(level) for level in Level.objects.all()}
    counts = ", ".join(f"{names[code]}: {count}" for code, count in by_level.items())
    return gettext("The cycle is open. Reports: %(counts)s.") % {"counts": counts}
