"""Which tables are watched and which are sealed: each app says so of its own as it starts."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps
from django.db import models


@dataclass(frozen=True, slots=True)
class Watched:
    """A table each of whose changes is journalled, but for what is `computed`; `secret` columns are told to have changed, not to what."""

    label: str
    computed: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.label)


_watched: dict[str, Watched] = {}
_sealed: dict[str, None] = {}


def watch(label: str, *, computed: tuple[str, ...] = (), secret: tuple[str, ...] = ()) -> None:
    """Have the database journal every change of this model's rows, whoever makes it and by whatever way."""
    _watched[label] = Watched(label, computed, secret)


def seal(label: str) -> None:
    """Have this append-only model's rows sealed."""
    _sealed[label] = None


def watched() -> list[Watched]:
    return list(_watched.values())


def sealed() -> list[type[models.Model]]:
    return [apps.get_model(label) for label in _sealed]


def through(label: str, field: str) -> str:
    """The label of the table between two models, which a watched one's many-to-many relation has."""
    return str(apps.get_model(label)._meta.get_field(field).remote_field.through._meta.label)
