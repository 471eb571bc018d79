"""Is this process well, and does anything wait for a person?"""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from reports.services import reminding, rolling_up


def set_aside() -> dict[str, int]:
    """How many rows of each kind wait for an administrator after their retries, by what they are called in `healthz`."""
    return {"totals set aside": rolling_up.set_aside().count(), "reminders set aside": reminding.set_aside().count()}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """`ok` when this process answers and reaches its database: what a load balancer and the demo's start ask.

    Where work was set aside after its retries it is `attention`, with a line for each kind: the process is well, yet an
    administrator has to look (`/admin/`).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    lines = [f"{what}: {count}" for what, count in set_aside().items() if count]
    return HttpResponse("\n".join(["attention", *lines] if lines else ["ok"]), content_type="text/plain")
