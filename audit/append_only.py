"""Rows that are never changed and never deleted. The database refuses it by triggers as well (audit/triggers.py)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models


class AppendOnlyError(Exception):
    """Somebody tried to alter history."""


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError(self.model.__name__)

    def delete(self) -> NoReturn:
        raise AppendOnlyError(self.model.__name__)


class AppendOnly(models.Model):
    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AppendOnlyError(type(self).__name__)
        super().save(**kwargs)

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        raise AppendOnlyError(type(self).__name__)
