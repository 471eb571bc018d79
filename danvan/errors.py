"""What is answered where a mistake of ours ended a request: a page to people, a problem to programs (docs/api.md)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from reports.api import problems, site


def server_error(request: HttpRequest) -> HttpResponse:
    return problems.failed().response() if site.is_asked(request) else defaults.server_error(request)
