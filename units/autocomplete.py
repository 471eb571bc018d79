"""Choosing a unit by search: each is shown with its superiors and uid, since five communes may share a name."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.utils.translation import gettext

from units.kinship import former_names
from units.models import Unit
from units.names import fold
from units.tree import full_name


class FullNameAutocomplete(AutocompleteJsonView):
    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        if not isinstance(obj, Unit):
            return result
        text = f"{full_name(obj)} ({obj.uid})"
        sought = fold(self.term)
        if sought not in obj.search_text:
            former = [unit.name for unit in former_names([obj.pk]).get(obj.pk, ()) if sought in unit.search_text]
            if former:
                text = gettext("%(unit)s, formerly %(names)s") % {"unit": text, "names": ", ".join(former)}
        return result | {"text": text}
