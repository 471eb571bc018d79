"""A field for several numbers of days."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext


class DaysField(forms.CharField):
    """Whole numbers with commas between, such as `-3, 0, 1, 3, 7`."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(day) for day in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[int]:
        parts = [part.strip() for part in super().clean(value).split(",") if part.strip()]
        wrong = [part for part in parts if not re.fullmatch(r"[+-]?\d{1,3}", part, re.ASCII)]
        if wrong:
            raise ValidationError(
                gettext("“%(found)s” is no number of days: write whole numbers up to 999 with commas between, such as -3, 0, 1, 3, 7."),
                params={"found": wrong[0][:30]},
            )
        return sorted({int(part) for part in parts})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
