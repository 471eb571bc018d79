"""Finding what a program names, within the reach of its user: what lies outside answers as if it did not exist (semantics §9)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from reports import policies
from reports.api.problems import not_found
from reports.domain.indicators import Indicator
from reports.models import Cycle, Report, ReportQuerySet, SkilfulModel
from units.models import Unit


def user_of(request: HttpRequest) -> AbstractBaseUser:
    """The user of the token. Never None, which would stand for the system: the door lets nobody in without one."""
    if not request.user.is_authenticated:
        raise not_found()
    return request.user


def reports_of(request: HttpRequest, at: datetime) -> ReportQuerySet:
    """The reports in reach, each with its `timeliness` and `open_flags`."""
    return policies.reports_in_reach(user_of(request)).with_timeliness(at).with_open_flags().for_display()


def report(request: HttpRequest, report_id: int, at: datetime) -> Report:
    return _one(reports_of(request, at).select_related("rollup", "last_submission"), pk=report_id)


def report_with_below(request: HttpRequest, report_id: int, at: datetime) -> Report:
    found = report(request, report_id, at)
    if not found.has_reports_below:
        raise not_found()
    return found


def indicator(of: Report, code: str) -> Indicator:
    found = of.cycle.version.compiled().by_code.get(code)
    if found is None:
        raise not_found()
    return found


def cycle(request: HttpRequest, code: str) -> Cycle:
    """A cycle of which a report is in reach."""
    heads = policies.heads_in_reach(user_of(request)).filter(cycle__code=code).order_by().values("cycle_id")
    return _one(Cycle.objects.select_related("version__template").filter(pk__in=heads), code=code)


def unit(request: HttpRequest, uid: str) -> Unit:
    return _one(policies.units_to_read(user_of(request)).select_related("level", "parent"), uid=uid)


def skilful_model(request: HttpRequest, model_id: int) -> SkilfulModel:
    return _one(policies.models_in_reach(user_of(request)).for_display(), pk=model_id)


def _one(rows: Any, **named: Any) -> Any:
    found = rows.filter(**named).first()
    if found is None:
        raise not_found()
    return found
