"""What people do that changes no row: signing in and out, being refused, taking a file."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audit import acting
from audit.models import AuditEntry

Action = AuditEntry.Action


def record(action: str, kind: str, who: dict[str, Any], row: str = "", told: dict[str, Any] | None = None) -> None:
    """Leave an entry of an act that is over."""
    AuditEntry.objects.create(
        at=timezone.now(), by_id=who["by"], address=who["address"], via=who["via"], action=action, kind=kind, row=row[:40], after=told
    )


def signed_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    record(Action.SIGNED_IN, "auth.user", acting.of_request(request, user.pk), str(user.pk))


def signed_out(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user is not None:
        record(Action.SIGNED_OUT, "auth.user", acting.of_request(request, user.pk), str(user.pk))


def failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """A sign-in was refused. The account is named where there is one: what else was typed as a name may be a password."""
    if request is None:
        return
    user = _account_named(credentials.get("username"))
    record(Action.REFUSED, "auth.user", acting.of_request(request), str(user or ""))


def _account_named(username: str | None) -> int | None:
    return get_user_model().objects.filter(username=username or "").values_list("pk", flat=True).first()


def note_files(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware that records every file which leaves by a page, whatever page it is."""

    def noting(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == HTTPStatus.OK and response.headers.get("Content-Disposition", "").startswith("attachment"):
            query = request.META.get("QUERY_STRING", "")
            record(Action.TAKEN, "file", acting.of_request(request), told={"query": query} if query else None)
        return response

    return noting
