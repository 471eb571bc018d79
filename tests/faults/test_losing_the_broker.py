"""A worker whose broker goes away in the middle of a task finishes it, comes back to the broker, and takes the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from danvan.celery import app
from tests.servers import OwnRedis
from tests.worker import Worker
from units.locks import hold

# The rest doesn't depend on the database; that a task has begun is seen in PostgreSQL's locks alone.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@contextmanager
def a_sweep_that_waits(worker: Worker) -> Iterator[str]:
    """The id of a sweep that the worker has begun, and can't end before the block does."""
    with transaction.atomic():
        hold("sweep")
        sent = app.send_task("reports.tasks.sweep")
        assert sent
        worker.wait_until(somebody_waits_for_the_lock, "the sweep to begin")
        yield sent.id


def somebody_waits_for_the_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return bool(cursor.fetchall())


def has_done(worker: Worker, task_id: str) -> bool:
    return f"[{task_id}] succeeded" in worker.log()


def takes_the_next_task(worker: Worker) -> None:
    sent = app.send_task("reports.tasks.sweep")
    assert sent
    worker.wait_until(lambda: has_done(worker, sent.id), "the next sweep", 30)
    assert worker.is_running


def test_it_went_away_and_came_back_while_the_task_ran(worker_on_own_broker: Worker, own_broker: OwnRedis) -> None:
    worker = worker_on_own_broker
    with a_sweep_that_waits(worker) as task_id:
        own_broker.stop()
        worker.wait_until(lambda: "Connection to broker lost" in worker.log(), "the worker to see it")
        own_broker.start()
        worker.wait_until(lambda: worker.log().count("Connected to ") == 2, "the worker to be back")
    worker.wait_until(lambda: has_done(worker, task_id), "the end of the sweep")
    takes_the_next_task(worker)


def test_it_came_back_after_the_task_had_ended(worker_on_own_broker: Worker, own_broker: OwnRedis) -> None:
    worker = worker_on_own_broker
    with a_sweep_that_waits(worker) as task_id:
        own_broker.stop()
        worker.wait_until(lambda: "Connection to broker lost" in worker.log(), "the worker to see it")
    worker.wait_until(lambda: has_done(worker, task_id), "the end of the sweep")
    own_broker.start()
    takes_the_next_task(worker)
