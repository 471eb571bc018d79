from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from danvan.language import API
from reports.api import problems

#: who an answer is for, so that the service worker keeps one reader's pages from the next; empty for nobody
READER_HEADER = "X-Reader"


def name_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say with each answer who its reader is."""

    def named(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault(READER_HEADER, str(request.user.pk or ""))
        return response

    return named


#: what a browser could give a page and none here asks for; nor may a page in it, were one ever let in
PERMISSIONS = ", ".join(
    f"{each}=()"
    for each in (
        *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
        *("gyroscope", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial", "usb", "web-share"),
    )
)


def forbid_devices(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say with each answer that it needs nothing of the device, and that no other site may take it in."""

    def forbidding(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    return forbidding


def say_problems(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer programs with a problem (docs/api.md) whoever says no: the framework has pages and plain words for it.

    To stand where the request's language is known.
    """

    def saying(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_said = response.status_code < 400 or response.headers.get("Content-Type") == problems.MEDIA_TYPE
        return response if is_said or not request.path_info.startswith(API) else problems.in_place_of(response)

    return saying


#: no file that anybody has to send is larger: a national list of units has 14 MB
MOST_MEGABYTES = 30


def refuse_large(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer a request that announces too much before any of it is read."""

    def guarded(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > MOST_MEGABYTES << 20:
            message = _("What you sent is larger than %(most)d MB; nothing of it was read.") % {"most": MOST_MEGABYTES}
            return HttpResponse(message, status=413, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return guarded
