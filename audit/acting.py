"""Who acts, from where and by which way: known to the process, and told to the database with each write to a watched table.

PostgreSQL is told by a setting of the session right before the write; SQLite asks this process by a function of the connection.
"""

from __future__ import annotations

import getpass
import json
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from pathlib import PurePath
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

from audit.watching import watched
from audit.whence import address_of

_SETTING = "audit.acting"
_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)


def note_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Remember the request while it is answered."""

    def remembered(request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        try:
            return get_response(request)
        finally:
            _request.reset(token)

    return remembered


def of_request(request: HttpRequest, user_id: int | None = None) -> dict[str, Any]:
    """What an entry says of a request; of its user, unless another is named."""
    user = getattr(request, "user", None)
    by = user_id or (user.pk if user is not None else None)
    return {"by": by, "address": address_of(request)[:60], "via": request.path[:200]}


def now() -> dict[str, Any]:
    """Who acts at this moment: the one whose request is answered, or whoever started this process."""
    request = _request.get()
    return of_request(request) if request is not None else _process()


@cache
def _process() -> dict[str, Any]:
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        account = ""
    return {"by": None, "address": account[:60], "via": " ".join([PurePath(sys.argv[0]).name, *sys.argv[1:2]])[:200]}


def tell(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Prepare a new connection: the triggers on its tables learn from it who acts."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("audit_acting", 0, lambda: json.dumps(now()))
    elif _tell_before_writing not in connection.execute_wrappers:
        connection.execute_wrappers.append(_tell_before_writing)


def _tell_before_writing(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if isinstance(sql, str) and _writes().match(sql):
        execute("SELECT set_config(%s, %s, false)", [_SETTING, json.dumps(now())], False, context)
    return execute(sql, params, many, context)


@cache
def _writes() -> re.Pattern[str]:
    tables = "|".join(re.escape(each.model._meta.db_table) for each in watched())
    return re.compile(rf'(?:INSERT INTO|UPDATE|DELETE FROM) "(?:{tables})"')
