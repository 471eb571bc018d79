"""What a watching program collects, as Prometheus reads it. `deploy/alerts.yml` says what of it wakes somebody."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from secrets import compare_digest

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from danvan import replica, running, ticks
from danvan.backups import taking
from danvan.health import set_aside
from reports.services import background_jobs, flagging, reminding, reminding_by_message, rolling_up


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The state of the whole, for whoever has the token of METRICS_TOKEN; for everybody else, and without one, there is no such page."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not compare_digest(token.encode(), settings.METRICS_TOKEN.encode()):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_State(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, status=HTTPStatus.OK)


class _State(Collector):
    """Everything at one moment. Ten queries."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def collect(self) -> Iterator[Metric]:
        yield from self._totals()
        yield _gauge("danvan_reminders_waiting", "Reminders that wait to be sent.", reminding.unsent().count())
        yield _gauge("danvan_messages_waiting", "Reminders by chat or SMS that wait to be sent.", reminding_by_message.unsent().count())
        yield from self._set_aside()
        yield _by("danvan_flags_open", "Flags that are open, by kind.", "kind", flagging.count_open())
        yield _by("danvan_background_jobs", "Jobs in the background that wait or run.", "state", background_jobs.count_unfinished())
        yield from self._backups()
        if replica.is_named():
            yield _gauge("danvan_replica_fit", "Whether dashboards are read from the copy of the database.", int(replica.is_fit()))
        yield from self._runners()

    def _totals(self) -> Iterator[Metric]:
        waits = rolling_up.oldest_mark()
        yield _gauge("danvan_totals_marked", "Marks of totals that are to be recomputed.", rolling_up.count_marks())
        age = (self._at - waits).total_seconds() if waits else 0
        yield _gauge("danvan_totals_oldest_mark_seconds", "How long the oldest of these has waited.", max(age, 0))

    def _set_aside(self) -> Iterator[Metric]:
        counts = {what.split()[0]: count for what, count in set_aside().items()}
        yield _by("danvan_set_aside", "What waits for an administrator after its retries.", "what", counts)

    def _backups(self) -> Iterator[Metric]:
        newest = taking.newest()
        age = (self._at - newest).total_seconds() if newest else math.inf
        yield _gauge("danvan_backup_age_seconds", "Since when there is a backup; infinite without one.", age)

    def _runners(self) -> Iterator[Metric]:
        broker = running.broker()
        yield _gauge("danvan_broker_up", "Whether the broker answers.", int(broker.is_there and not broker.error))
        yield _gauge("danvan_broker_messages", "Messages that wait in the broker.", broker.waiting)
        if not broker.is_there or broker.error:
            return
        ages = {job.name: (self._at - job.last).total_seconds() for job in running.jobs(self._at) if job.last}
        yield _by("danvan_task_age_seconds", "Since when a task of the scheduler's ended well.", "task", ages)
        failures = CounterMetricFamily("danvan_task_failures", "Tasks that ended with an error.", labels=["task"])
        for task, count in ticks.failures(running.task_names()).items():
            failures.add_metric([task.rpartition(".")[2]], count)
        yield failures


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _by(name: str, what: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
