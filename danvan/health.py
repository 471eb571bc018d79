"""Is this process well, is the whole ready for its users, and does anything wait for a person? For machines that ask, in English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from danvan import running
from reports.services import reminding, reminding_by_message, rolling_up

#: since when a worker has to have been heard of, and how long a total may wait for one
HEARD_WITHIN, TOTALS_WITHIN = timedelta(minutes=1), timedelta(minutes=2)


def set_aside() -> dict[str, int]:
    """How many rows of each kind wait for an administrator after their retries, by what they are called in `healthz`."""
    return {
        "totals set aside": rolling_up.set_aside().count(),
        "reminders set aside": reminding.set_aside().count(),
        "messages set aside": reminding_by_message.set_aside().count(),
    }


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


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """`ready`, or 503 with a line for each thing that keeps the whole from doing its work: what a watching program asks."""
    lines = list(_obstacles(timezone.now()))
    status = HTTPStatus.SERVICE_UNAVAILABLE if lines else HTTPStatus.OK
    return HttpResponse("\n".join(lines or ["ready"]), content_type="text/plain", status=status)


def _obstacles(at: datetime) -> Iterator[str]:
    try:
        waits = rolling_up.oldest_mark()
    except Error as error:
        yield f"database: {error}"
        return
    if waits and at - waits > TOTALS_WITHIN:
        yield f"totals: the oldest mark waits since {waits.isoformat(timespec='seconds')}"
    broker = running.broker()
    if broker.error:
        yield f"broker: {broker.error}"
    if not broker.is_there or broker.error:
        return
    heard = running.last_heard()
    if heard is None or at - heard > HEARD_WITHIN:
        yield f"worker: last heard of {heard.isoformat(timespec='seconds') if heard else 'never'}"
    yield from (f"scheduler: {job.name} is late" for job in running.jobs(at) if job.is_late)
