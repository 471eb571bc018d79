import socket
import time
from collections.abc import Iterator

import pytest
from django.conf import settings

from danvan.celery import app
from tests.worker import publishing_to


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Accepts connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def seconds_to_publish() -> float:
    began = time.monotonic()
    assert app.send_task("reports.tasks.sweep") is None
    return time.monotonic() - began


def test_publishing_without_a_broker_does_nothing():
    assert app.conf.broker_url == ""
    assert seconds_to_publish() < 0.05


def test_publishing_to_a_broker_that_is_gone_costs_well_under_a_second(closed_port):
    with publishing_to(f"redis://127.0.0.1:{closed_port}/0"):
        assert seconds_to_publish() < 0.5


def test_publishing_to_a_broker_that_stays_silent_costs_under_a_second(silent_port):
    with publishing_to(f"redis://127.0.0.1:{silent_port}/0"):
        assert seconds_to_publish() < 1


def test_publishing_works_again_as_soon_as_the_broker_is_back(own_broker):
    assert app.send_task("reports.tasks.sweep") is not None
    own_broker.stop()
    assert app.send_task("reports.tasks.sweep") is None
    own_broker.start()
    assert app.send_task("reports.tasks.sweep") is not None


def test_a_task_whose_worker_is_killed_comes_back():
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]


def test_files_and_mail_wait_in_queues_of_their_own_and_a_worker_that_is_told_nothing_takes_from_all():
    def queue_of(task: str) -> str:
        return str(app.amqp.router.route({}, task)["queue"].name)

    tasks = {name: queue_of(str(entry["task"])) for name, entry in settings.CELERY_BEAT_SCHEDULE.items()}
    others = {name: queue for name, queue in tasks.items() if queue != "celery"}
    assert others == {"run_background_jobs": "files", "remind": "mail", "send_messages": "mail"}
    assert set(app.amqp.queues.consume_from) == {"celery", "files", "mail"}


def test_every_task_of_the_schedule_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_a_real_worker_runs_each_task_of_the_schedule(worker):
    tasks = [str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    done = [f"Task {task}[{getattr(app.send_task(task), 'id', None)}] succeeded" for task in tasks]
    worker.wait_until(lambda: all(words in worker.log() for words in done), f"all of {', '.join(tasks)} to succeed")
