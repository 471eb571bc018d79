"""How long a password is, shorter beside a second factor, and whom it still opens the site to (docs/security.md)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext

from accounts.second_factor import has_second_factor


def may_open(user: Any) -> bool:
    """May this user sign in with a password? Where the identity provider alone signs in, `BREAK_GLASS` names who may when it is down."""
    return bool(settings.PASSWORD_SIGN_IN or (user.is_superuser and user.get_username() in settings.BREAK_GLASS))


class Backend(ModelBackend):
    """Django's, for those to whom a password opens the site; a session that one began ends when it does no more."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and may_open(user)


class LengthValidator(MinimumLengthValidator):
    """At least `alone` characters, or `beside` for whoever has a second factor."""

    def __init__(self, alone: int = 14, beside: int = 8) -> None:
        super().__init__(alone)
        self.alone, self.beside = alone, beside

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError for one that is too short."""
        MinimumLengthValidator(self.beside if has_second_factor(user) else self.alone).validate(password, user)

    def get_help_text(self) -> str:
        return gettext("At least %(alone)d characters; with a second factor %(beside)d are enough.") % {
            "alone": self.alone,
            "beside": self.beside,
        }
