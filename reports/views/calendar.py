"""Due days for calendar programs, which can't sign in: at an address that is a secret, and opens nothing else."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import tokens
from accounts.models import Scope
from reports.documents.calendar_feed import MEDIA_TYPE, calendar_feed
from reports.policies import OWNERS, Role, Standing
from reports.queries.due_days import due_days


@require_safe
def calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """What the user of this secret owes by which day; 404 for every secret that is made for anything else."""
    token = tokens.found(secret, timezone.now())
    if token is None or token.scopes != [Scope.CALENDAR.value]:
        raise Http404
    user: Any = token.user
    user.narrowed_to = token.unit_id
    standing = Standing(user)
    days = due_days(standing.units_as(*OWNERS), standing.units_as(Role.REVIEWER))
    content = calendar_feed(
        days, request.get_host(), lambda report: request.build_absolute_uri(reverse("reports:report", args=[report.pk]))
    )
    return HttpResponse(content, content_type=f"{MEDIA_TYPE}; charset=utf-8", headers={"Cache-Control": "private, no-cache"})
