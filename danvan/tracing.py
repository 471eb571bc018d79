"""What belongs together in the logs: each line says which request it goes back to, and which task wrote it.

A request's id comes from the reverse proxy (X-Request-ID) or is made here, is answered with, and travels with the messages that
wake workers, so that a press of *submit* can be followed to the last total.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

#: what an id is called in messages to workers
HEADER = "danvan_request"
#: what is taken over from a proxy; anything else might forge a line
_PLAUSIBLE = re.compile(r"[A-Za-z0-9._-]{1,64}")

_request: ContextVar[str] = ContextVar("request", default="")
_task: ContextVar[str] = ContextVar("task", default="")


def request_id() -> str:
    """The request that is answered now, or that a task goes back to; empty for none."""
    return _request.get()


def begin(request: str, task: str) -> None:
    """What follows belongs to this request and this task."""
    _request.set(request)
    _task.set(task)


def follow_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request an id for its log lines, and say it in the answer."""

    def followed(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        begin(given if _PLAUSIBLE.fullmatch(given) else uuid.uuid4().hex, "")
        response = get_response(request)
        response.headers["X-Request-ID"] = request_id()
        return response

    return followed


class Following(logging.Filter):
    """Adds `request` and `task` to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id, record.task_id = _request.get() or "-", _task.get() or "-"
        return True


class JsonLines(logging.Formatter):
    """A line as JSON, for whoever collects logs: `LOG_FORMAT=json`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request": getattr(record, "request_id", "-"),
            "task": getattr(record, "task_id", "-"),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
