from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

#: who an answer is for, so that the service worker keeps one reader's pages from the next; empty for nobody
READER_HEADER = "X-Reader"


def name_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say with each answer who its reader is."""

    def named(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault(READER_HEADER, str(request.user.pk or ""))
        return response

    return named
