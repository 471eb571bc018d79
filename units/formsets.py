"""Rows edited inside the page of what they belong to."""

from __future__ import annotations

from typing import ClassVar

from django.forms import BaseInlineFormSet, ValidationError
from django.utils.translation import gettext


class OnceFormSet(BaseInlineFormSet):
    """Refuses two rows that agree in `once`; the models' constraints see only what is stored already."""

    once: ClassVar[tuple[str, ...]] = ()

    def clean(self) -> None:
        super().clean()
        seen = set()
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            key = tuple(data.get(name) for name in self.once)
            if form in self.deleted_forms or None in key:
                continue
            if key in seen:
                form.add_error(self.once[0], ValidationError(gettext("This stands twice; keep one of the two.")))
            seen.add(key)
