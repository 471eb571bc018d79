from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

#: who an answer is for, so that the service worker keeps one reader's pages from the next; empty for nobody
READER_HEADER = "X-Reader"


def name_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say with each answer who its reader is."""

    def named(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault(READER_HEADER, str(request.user.pk or ""))
        return response

    return named


#: no file that anybody has to send is larger: a national list of units has 14 MB
MOST_MEGABYTES = 30


def refuse_large(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a request that announces too much before any of it is read."""

    def guarded(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > MOST_MEGABYTES << 20:
            message = _("What you sent is larger than %(most)d MB; nothing of it was read.") % {"most": MOST_MEGABYTES}
            return HttpResponse(message, status=413, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return guarded
