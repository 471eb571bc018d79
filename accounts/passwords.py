"""How long a password is: shorter beside a second factor (docs/security.md)."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext

from accounts.second_factor import has_second_factor


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
