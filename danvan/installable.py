"""What lets a browser install the pages and keep forms within reach without a line: manifest, service worker, offline page."""

from __future__ import annotations

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

#: what a form needs to show and work
ASSETS = (
    "danvan.css",
    "form/form.css",
    "pages.js",
    "offline.js",
    "report_form.js",
    "form/unsent.js",
    "form/waiting.js",
    "form/halves.js",
    "form/keys.js",
    "form/rows.js",
    "form/sections.js",
    "vendor/htmx-2.0.7.min.js",
    "icon.svg",
)


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """Name, colours and icons of the installed application."""
    icons = [{"src": static("icon.svg"), "sizes": "any", "type": "image/svg+xml"}]
    icons += [{"src": static(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"} for size in (192, 512)]
    told = {
        "name": gettext("Mass mobilisation reports"),
        "short_name": gettext("Mass mobilisation"),
        "lang": get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": "#9b1c20",
        "background_color": "#f7f5f1",
        "icons": icons,
    }
    return JsonResponse(told, content_type="application/manifest+json")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, whose text changes with the digests of what it keeps: so a browser notices a new release."""
    house = {
        "assets": [static(name) for name in ASSETS],
        "static": settings.STATIC_URL,
        "offline": reverse("offline"),
        "unsent": static("form/unsent.js"),
        "language": get_language(),
    }
    return HttpResponse(render_to_string("service_worker.js", {"house": json.dumps(house)}), content_type="text/javascript")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows where it has no copy: the page of nobody, whoever it is asked for."""
    return HttpResponse(render_to_string("offline.html"))
