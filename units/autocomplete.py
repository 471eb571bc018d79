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
        if fold(self.term) not in obj.search_text and (former := former_names([obj.pk]).get(obj.pk)):
            text = gettext("%(unit)s, formerly %(names)s") % {"unit": text, "names": ", ".join(unit.name for unit in former)}
        return result | {"text": text}
