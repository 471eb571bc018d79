"""The Celery app. Its messages only wake a worker: what is due stands in the database, and beat's next tick finds it."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery
from celery.result import AsyncResult
from celery.signals import before_task_publish, task_failure, task_postrun, task_prerun, task_success
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES

from danvan import ticks, tracing

logger = logging.getLogger(__name__)

#: Seconds that a page may lose to a broker that is gone or accepts and stays silent.
PUBLISHING_TIMEOUT = 0.3


class WakingCelery(Celery):
    """Publishing never fails and never waits long; without a broker it does nothing.

    A message that is lost delays its work until beat's next tick and loses nothing (semantics §6), so that nobody's
    page has to know whether a broker is there.
    """

    def send_task(self, name: str, *args: Any, **kwargs: Any) -> AsyncResult[Any] | None:
        if not self.conf.broker_url:
            return None
        try:
            return super().send_task(name, *args, **kwargs)
        except OperationalError as error:
            logger.warning("The broker is out of reach; %s waits for the next tick: %s", name, error)
            return None

    def connection_for_write(self, url: str | None = None, **kwargs: Any) -> Connection:
        brisk = {"socket_timeout": PUBLISHING_TIMEOUT, "socket_connect_timeout": PUBLISHING_TIMEOUT}
        kwargs["transport_options"] = brisk | (kwargs.get("transport_options") or {})
        return super().connection_for_write(url, **kwargs)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "danvan.settings")

TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "danvan.broker:Transport"))

app = WakingCelery("danvan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_success.connect
def _note(sender: Any, **kwargs: Any) -> None:
    """Remember when each of the scheduler's tasks ended well; where that can't be noted, Celery logs it and goes on."""
    ticks.note(sender.name)


@task_failure.connect
def _note_failure(sender: Any, **kwargs: Any) -> None:
    ticks.note_failure(sender.name)


@before_task_publish.connect
def _hand_on(headers: dict[str, Any], **kwargs: Any) -> None:
    """A task says in its log lines which request it goes back to."""
    headers[tracing.HEADER] = tracing.request_id()


@task_prerun.connect
def _take_up(task_id: str, task: Any, **kwargs: Any) -> None:
    tracing.begin(getattr(task.request, tracing.HEADER, "") or "", task_id)


@task_postrun.connect
def _end(**kwargs: Any) -> None:
    tracing.begin("", "")
