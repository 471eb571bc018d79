"""Long lists in pages: each says where the next one begins, so that nothing is skipped or doubled while rows come and go."""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field

from reports.api.problems import Trouble

Item = TypeVar("Item")
_LARGEST = 2**63 - 1


class Page(Schema, Generic[Item]):
    items: list[Item]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one")


class Paging(Schema):
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str, Field(min_length=1, max_length=40, pattern="^[A-Za-z0-9_-]+$")] | None = None


Pages = Annotated[Paging, Query()]


def page_of(
    rows: QuerySet[Any], paging: Paging, show: Callable[[Any], Item], prepare: Callable[[list[Any]], None] | None = None
) -> dict[str, Any]:
    """A page of the rows in the order of their ids. `prepare` is given the rows before they are shown one by one."""
    after = _read(paging.cursor) if paging.cursor is not None else None
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found = list(rows.order_by("pk")[: paging.limit + 1])
    shown = found[: paging.limit]
    if prepare is not None:
        prepare(shown)
    following = _written(shown[-1].pk) if len(found) > paging.limit else None
    return {"items": [show(row) for row in shown], "next": following}


def page_from(rows: Iterable[Any], paging: Paging, show: Callable[[list[Any]], list[Item]]) -> dict[str, Any]:
    """A page of rows that stand in a file, and change no more: its cursor counts those before it."""
    before = _read(paging.cursor) if paging.cursor is not None else 0
    found = list(islice(rows, before, before + paging.limit + 1)) if before <= sys.maxsize - paging.limit - 1 else []
    following = _written(before + paging.limit) if len(found) > paging.limit else None
    return {"items": show(found[: paging.limit]), "next": following}


def _written(pk: int) -> str:
    return base64.urlsafe_b64encode(str(pk).encode()).decode().rstrip("=")


def _read(cursor: str) -> int:
    try:
        after = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise _no_cursor() from error
    if not 0 <= after <= _LARGEST:
        raise _no_cursor()
    return after


def _no_cursor() -> Trouble:
    detail = _("This is no cursor that a page has given.")
    return Trouble(422, "invalid", detail, errors=[{"detail": detail, "parameter": "cursor"}])
