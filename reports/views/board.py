"""For those above: the board of the units directly below, what is done to many of them at once, and the list of the missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from reports.documents.status_out import missing_book
from reports.documents.workbooks import XLSX
from reports.domain.workflow import Action, By
from reports.forms import BoardFilterForm, BulkExtensionForm
from reports.models import Report
from reports.policies import Standing, reports_to_fill_in
from reports.queries.board import BoardRow, Sought, board, owing
from reports.services import asking, reviewing
from reports.services.transitions import named
from reports.views.reach import posted, report_in_reach, standing_of, user_of
from reports.wording import say
from units.problems import Problem, Refused

_Seen = Mapping[int, int]
#: those on which an action was not taken, and why
_Left = Sequence[tuple[Report, Problem]]

#: the columns of the board by the order that they sort in
_COLUMNS = {
    "unit": gettext_lazy("Unit"),
    "state": gettext_lazy("State"),
    "deadline": gettext_lazy("Deadline"),
    "submitted": gettext_lazy("Submitted"),
    "complete": gettext_lazy("Filled in"),
    "below": gettext_lazy("Accepted below"),
}
_NUMBERS = ("complete", "below")


class _Column(NamedTuple):
    """A head of the board. `turn` is the query that sorts by it, or turns its order; `sorted` is ascending, descending or empty."""

    label: str
    turn: str
    sorted: str
    is_number: bool


@login_required
@require_safe
def below(request: HttpRequest, report_id: int) -> HttpResponse:
    """The board: how the units directly below stand."""
    at = timezone.now()
    return _board(request, report_in_reach(request, report_id, at), at)


def _board(
    request: HttpRequest,
    report: Report,
    at: datetime,
    problems: Iterable[str] = (),
    extension: BulkExtensionForm | None = None,
    chosen: Mapping[int, int] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    form = BoardFilterForm(request.GET, label_suffix="", auto_id="filter-%s")
    sought = Sought(**form.cleaned_data) if form.is_valid() else Sought()
    children = board(report, at)
    rows = sought.among(children)
    standing = standing_of(request)
    may = _may(standing, rows)
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "rows": rows,
        "count": len(children),
        "form": form,
        "columns": [_column(request, order, str(label), sought.sort) for order, label in _COLUMNS.items()],
        "may": may,
        "selectable": set().union(*may.values()),
        "selected": set(chosen or ()) | may.get(request.GET.get("select", ""), set()),
        "fillable": {row.report.pk for row in rows if standing.can(Action.SAVE, row.report)},
        "fill_in_for": reports_to_fill_in(user_of(request)).subtree_of(report).count(),
        "owing": sum(row.report.is_owing for row in children),
        "extension": extension or BulkExtensionForm(auto_id="extend-%s", label_suffix=""),
        "problems": list(problems),
        "reaches_superior": report.superior is not None and standing.reaches(report.superior),
    }
    template = "reports/_board.html" if request.headers.get("HX-Request") else "reports/below.html"
    return render(request, template, context, status=status)


def _may(standing: Standing, rows: Iterable[BoardRow]) -> dict[str, set[int]]:
    """What the reader may do to which of the shown reports."""
    reports = [row.report for row in rows]
    standing.learn(reports)
    return {
        "accept": {report.pk for report in reports if standing.can(Action.ACCEPT, report)},
        "remind": {
            row.report.pk for row in rows if row.report.is_owing and row.report.cycle.is_open and standing.is_one(By.SUPERVISOR, row.report)
        },
        "extend": {row.report.pk for row in rows if row.report.is_owing and standing.can(Action.EXTEND, row.report)},
    }


def _column(request: HttpRequest, order: str, label: str, sort: str) -> _Column:
    query = request.GET.copy()
    query["sort"] = f"-{order}" if sort == order else order
    direction = {order: "ascending", f"-{order}": "descending"}.get(sort, "")
    return _Column(label, query.urlencode(), direction, order in _NUMBERS)


# --- Many at once ----------------------------------------------------------------------------------


@posted
def bulk(request: HttpRequest, report_id: int, action: str) -> HttpResponse:
    """Take an action on the selected children, each in the version that the board showed.

    Those that can be accepted are, and of each other one it is said why not; all are extended or reminded, or none.
    """
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    if action not in _BULK:
        raise Http404
    chosen = _selected(request.POST.getlist("selected"))
    children = Report.objects.filter(superior=report, pk__in=chosen)
    names = dict(children.values_list("unit__uid", "unit__name"))
    extension = BulkExtensionForm(request.POST, auto_id="extend-%s", label_suffix="") if action == Action.EXTEND else None
    if not names:
        return _board(request, report, at, [str(_CHOOSE[action])], extension, status=422)
    if extension is not None and not extension.is_valid():
        return _board(request, report, at, (), extension, chosen, status=422)
    sent = extension.cleaned_data if extension else {}
    try:
        left = _BULK[action](request, children, at, chosen, **sent)
    except Refused as refused:
        return _board(request, report, at, _said(refused.problems, names), extension, chosen, status=422)
    if left:
        still_chosen = {refused.pk: refused.version for refused, _problem in left}
        return _board(request, report, at, _said(named(left), names), extension, still_chosen)
    query = request.GET.copy()
    query.pop("select", None)
    return redirect(reverse("reports:below", args=[report.pk], query=query))


def _said(problems: Iterable[Problem], names: Mapping[str, str]) -> list[str]:
    return [f"{names.get(problem.unit_uid, '')}: {say(problem)}" for problem in problems]


def _accept(request: HttpRequest, children: QuerySet[Report], at: datetime, seen: _Seen) -> _Left:
    taken = reviewing.accept_possible(children, by=user_of(request), at=at, seen=seen)
    if not taken.reports:
        raise Refused(taken.problems)
    count = len(taken.reports)
    messages.success(request, ngettext("%(count)d report is accepted.", "%(count)d reports are accepted.", count) % {"count": count})
    return taken.refused


def _extend(request: HttpRequest, children: QuerySet[Report], at: datetime, seen: _Seen, **sent: Any) -> _Left:
    reviewing.extend(children, by=user_of(request), at=at, seen=seen, **sent)
    count = children.count()
    message = ngettext("The due day of %(count)d unit is extended.", "The due day of %(count)d units is extended.", count)
    messages.success(request, message % {"count": count})
    return []


def _remind(request: HttpRequest, children: QuerySet[Report], at: datetime, seen: _Seen) -> _Left:
    asked = asking.ask(children, by=user_of(request), at=at)
    if count := len(asked.planned):
        message = ngettext(
            "%(count)d unit is reminded by mail within some minutes.", "%(count)d units are reminded by mail within some minutes.", count
        )
        messages.success(request, message % {"count": count})
    if count := len(asked.already):
        message = ngettext("%(count)d unit has been reminded today already.", "%(count)d units have been reminded today already.", count)
        messages.info(request, message % {"count": count})
    if asked.unreachable:
        names = ", ".join(report.unit.name for report in asked.unreachable)
        messages.warning(request, _("Nobody there has an account with a mail address: %(units)s.") % {"units": names})
    return []


_BULK: Mapping[str, Callable[..., _Left]] = {"accept": _accept, "remind": _remind, "extend": _extend}
_CHOOSE = {
    "accept": gettext_lazy("Choose the reports that you want to accept."),
    "remind": gettext_lazy("Choose the units that you want to remind."),
    "extend": gettext_lazy("Choose the units that get more time."),
}


def _selected(values: list[str]) -> dict[int, int]:
    """Report ids with the versions seen, from values such as `17.3`."""
    matches = filter(None, (re.fullmatch(r"([0-9]{1,15})\.([0-9]{1,9})", value) for value in values))
    return {int(match[1]): int(match[2]) for match in matches}


# --- Who is missing --------------------------------------------------------------------------------


@login_required
@require_safe
def missing(request: HttpRequest, report_id: int) -> HttpResponse:
    """Who has not submitted, as text for a chat message and as a file; `?scope=all` names all below and not only the next level."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    everybody = request.GET.get("scope") == "all"
    within = Report.objects.below(report) if everybody else Report.objects.filter(superior=report)
    found = owing(within, at)
    expected = within.expected().count()
    standing = standing_of(request)
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "missing": found,
        "count": len(found),
        "expected": expected,
        "everybody": everybody,
        "reaches_superior": report.superior is not None and standing.reaches(report.superior),
    }
    text = render_to_string("reports/missing.txt", context).strip() + "\n"
    match request.GET.get("format"):
        case "txt":
            return _file(text.encode(), "text/plain; charset=utf-8", f"chua-nop-{report.cycle.code}.txt")
        case "xlsx":
            return _file(missing_book(report.cycle, found, at), XLSX, f"chua-nop-{report.cycle.code}.xlsx")
    return render(request, "reports/missing.html", context | {"text": text})


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
