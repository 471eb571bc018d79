"""What the system keeps about a user, to be read and taken by them, and what erasing an account leaves of it (security.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from accounts import second_factor
from units.models import Membership
from units.problems import Problem, Refused, gettext_noop

#: what an account says of its owner
ABOUT = ("username", "last_name", "first_name", "email", "date_joined", "last_login", "is_active", "is_staff", "is_superuser")
#: columns that open something, and are nobody's to take
_SECRET = {"key", "token", "digest", "password"}
#: models whose rows stay, though an account can't be deleted without them: what somebody did, and what an app has said of its own
_STAYING = {"admin.LogEntry"}


def let_stay(label: str) -> None:
    """Leave this model's rows when an account is erased: they hold nothing of its owner, or are soon forgotten by themselves."""
    _STAYING.add(label)


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of one table that name users in one of its columns."""

    field: models.ForeignKey[Any, Any]

    @property
    def model(self) -> type[models.Model]:
        return self.field.model

    @property
    def name(self) -> str:
        """The table, in the reader's language; of a bare relation what it relates to."""
        meta = self.model._meta
        if meta.auto_created:
            relations: list[Any] = [field for field in meta.fields if field.is_relation and field != self.field]
            return str(relations[0].related_model._meta.verbose_name_plural)
        return str(meta.verbose_name_plural)

    @property
    def as_what(self) -> str:
        """The column, in the reader's language."""
        return str(self.field.verbose_name)

    @property
    def is_erased(self) -> bool:
        """Does it go with the account? What was done stays, and names a number."""
        goes = self.field.remote_field.on_delete is models.CASCADE
        return goes and self.model._meta.label not in _STAYING

    def rows(self, user: User) -> models.QuerySet[Any]:
        return self.model._default_manager.filter(**{self.field.name: user}).order_by("pk")

    def told(self, user: User) -> Iterator[dict[str, Any]]:
        """The rows' keys, moments, words and numbers: neither secrets, nor the contents of files and of reports."""
        told = [field.attname for field in self.model._meta.concrete_fields if not _is_untold(field)]
        yield from self.rows(user).values(*told).iterator()


def _is_untold(field: models.Field[Any, Any]) -> bool:
    return field.name in _SECRET or isinstance(field, models.JSONField | models.BinaryField | models.FileField)


def tables() -> list[Kept]:
    """Every table that names users, whichever app it is of."""
    relations = User._meta.get_fields(include_hidden=True)
    return [Kept(relation.field) for relation in relations if isinstance(relation, models.ManyToOneRel)]


def failed_sign_ins(user: User) -> models.QuerySet[AccessAttempt]:
    """The attempts that count towards locking the account: they name it as it was typed."""
    return AccessAttempt.objects.filter(username=user.get_username().casefold())


def as_json(user: User) -> Iterator[str]:
    """All of it as the pieces of one JSON object, a row at a time: an import of a hundred thousand reports leaves as many entries."""
    yield '{"account": ' + _encoded({name: getattr(user, name) for name in ABOUT})
    attempts = failed_sign_ins(user).values("attempt_time", "ip_address", "user_agent", "failures_since_start")
    yield ', "failed sign-ins": ' + _encoded(list(attempts))
    for kept in tables():
        yield f', "{kept.model._meta.label_lower}.{kept.field.name}": ['
        for number, row in enumerate(kept.told(user)):
            yield (", " if number else "") + _encoded(row)
        yield "]"
    yield "}"


def _encoded(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def erase(user: User) -> str:
    """Take everything off an account that tells who its owner is, and all that opens it; the name that is left.

    Nobody signs in with it again. What it did stays in the journals, which name its number. Raises Refused for the last administrator.
    """
    with transaction.atomic():
        administrators = list(User.objects.select_for_update().filter(is_superuser=True, is_active=True).values_list("pk", flat=True))
        if administrators == [user.pk]:
            raise Refused(Problem(gettext_noop("This is the last administrator: name another one first.")))
        failed_sign_ins(user).delete()
        second_factor.forget(user)
        for kept in tables():
            if kept.is_erased:
                kept.rows(user).delete()
        former, user.username = user.username, f"erased-{user.pk}"
        user.first_name = user.last_name = user.email = ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()
        _forget_in_admin(user, former)
    return user.username


def _forget_in_admin(user: User, former: str) -> None:
    """Admin's own log says of each thing what it was called: of the account its name, and of its memberships too, whichever are gone."""
    account, membership = (ContentType.objects.get_for_model(model) for model in (User, Membership))
    LogEntry.objects.filter(content_type=account, object_id=str(user.pk)).update(object_repr=user.username, change_message="")
    theirs = LogEntry.objects.filter(content_type=membership, object_repr__startswith=f"{former}: ")
    theirs.update(object_repr=user.username, change_message="")
