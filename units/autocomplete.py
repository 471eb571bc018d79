"""Choosing a unit by search: each is shown with its superiors and uid, since five communes may share a name."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView

from units.models import Unit
from units.tree import full_name


class FullNameAutocomplete(AutocompleteJsonView):
    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        return result | {"text": f"{full_name(obj)} ({obj.uid})"} if isinstance(obj, Unit) else result
