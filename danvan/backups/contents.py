"""What a backup holds of a site: tables with and without their rows, the files that rows refer to, and which version it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import ModuleType
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from audit.models import Seal
from danvan.backups import archive, postgresql, sqlite

#: tables that come back empty, and why
WITHOUT_ROWS = {
    "reports.BackgroundJob": "its files are not kept: what was ordered is ordered again",
    "sessions.Session": "a session that was ended since must not come back to life",
}
#: columns that hold the name of a file in the store; such a file is never changed, and never deleted while its row is there
FILES = {"reports.Attachment": "place"}
#: rows read at once
_ROWS = 2000


def engine() -> ModuleType:
    """What knows this site's kind of database."""
    return postgresql if connection.vendor == "postgresql" else sqlite


def tables_without_rows() -> list[str]:
    return [apps.get_model(label)._meta.db_table for label in WITHOUT_ROWS]


def about(at: datetime) -> dict[str, Any]:
    """What the database says of itself, in the words of `about.json`."""
    return {
        "format": archive.FORMAT,
        "at": at.isoformat(timespec="seconds"),
        "kind": connection.vendor,
        "server": engine().server(),
        "migrations": sorted(".".join(name) for name in MigrationRecorder(connection).applied_migrations()),
        "rows": rows(),
        "newest_digest": Seal.objects.order_by("-pk").values_list("digest", flat=True).first() or "",
    }


def rows() -> dict[str, int]:
    """How many rows each table has that comes back with them."""
    there = set(connection.introspection.table_names())
    counted = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]
    return {
        model._meta.label: model._default_manager.count()
        for model in counted
        if model._meta.label not in WITHOUT_ROWS and model._meta.db_table in there
    }


def files() -> Iterator[str]:
    """The names in the store of all files that rows refer to."""
    for label, column in FILES.items():
        model: type[models.Model] = apps.get_model(label)
        yield from model._default_manager.order_by("pk").values_list(column, flat=True).iterator(chunk_size=_ROWS)


def migrations_unknown_and_missing(applied: list[str]) -> tuple[list[str], list[str]]:
    """Of a backup's migrations those that this version has not, and of this version's those that the backup has not."""
    loader = MigrationLoader(None)
    ours = {".".join(name) for name in loader.graph.nodes}
    known = ours | {".".join(name) for name in loader.disk_migrations}
    return sorted(set(applied) - known), sorted(ours - set(applied))


def moment_of(about: Mapping[str, Any]) -> datetime:
    """When the backup was made."""
    return datetime.fromisoformat(about["at"])
