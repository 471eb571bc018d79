"""Pages that only look, and may be seconds behind, are read from a copy of the database where REPLICA_URL names one.

Only dashboards are: whoever fills in or decides has to see what was just written. Who may see what is asked of the database itself.
A copy that is away, too far behind, or no copy any more is left alone until it is fit again, and a page that it fails is made anew
from the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.db import DatabaseError, connections, models
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

REPLICA = "replica"
#: what is read from the copy, by the label of app or model
FROM_COPY = ("reports", "units.unit", "units.level")
#: what the addresses of dashboards hold, for people and for programs
DASHBOARDS = "dashboards/"
#: seconds that a copy may be behind, and between two looks at it
BEHIND, LOOK_EVERY = 10, 2.0

#: in recovery; a receiver is there; and whatever came is either replayed, or was written just now
_FIT = """
SELECT pg_is_in_recovery() AND EXISTS (SELECT FROM pg_stat_wal_receiver)
   AND (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() OR now() - pg_last_xact_replay_timestamp() < make_interval(secs => %s))
"""

_reading: ContextVar[bool] = ContextVar("read_from_replica", default=False)


class Router:
    """Reads what may be read from the copy there, while a page is made that only looks; everything else goes to the database."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        if _reading.get() and (model._meta.app_label in FROM_COPY or model._meta.label_lower in FROM_COPY):
            return REPLICA
        return None

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == REPLICA else None


class ReadFromReplica:
    """Middleware: has dashboards read from the copy, while it is fit."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _reading.set(False)
        try:
            return self._get_response(request)
        finally:
            _reading.reset(token)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        if match and DASHBOARDS in match.route and request.method in ("GET", "HEAD"):
            _reading.set(is_fit())

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not _reading.get() or not isinstance(error, DatabaseError):
            return None
        logger.warning("%s is made from the database, since its copy failed: %s", request.path, error)
        _looks.failed()
        _reading.set(False)
        match = request.resolver_match
        return match.func(request, *match.args, **match.kwargs) if match else None


def is_named() -> bool:
    return REPLICA in connections


def is_fit() -> bool:
    """Whether there is a copy, and it is near enough to the database; looked at now and then."""
    return is_named() and _looks.are_well()


class _Looks:
    """What this process last saw of the copy."""

    def __init__(self) -> None:
        self._at, self._was_well = 0.0, False

    def are_well(self) -> bool:
        if time.monotonic() - self._at > LOOK_EVERY:
            self._at, self._was_well = time.monotonic(), _is_well()
        return self._was_well

    def failed(self) -> None:
        self._at, self._was_well = time.monotonic(), False


_looks = _Looks()


def _is_well() -> bool:
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(_FIT, [BEHIND])
            (fit,) = cursor.fetchone()
    except DatabaseError as error:
        logger.warning("The copy of the database does not answer: %s", error)
        connections[REPLICA].close()
        return False
    return bool(fit)
