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
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What is found; the old names of all units whose own isn't sought are asked for at once."""
        context = super().get_context_data(**kwargs)
        sought = fold(self.term)
        by_old_name = [each.pk for each in context["object_list"] if isinstance(each, Unit) and sought not in each.search_text]
        self.former = former_names(by_old_name)
        return context

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        result = super().serialize_result(obj, to_field_name)
        if not isinstance(obj, Unit):
            return result
        text = f"{full_name(obj)} ({obj.uid})"
        former = [unit.name for unit in self.former.get(obj.pk, ()) if fold(self.term) in unit.search_text]
        if former:
            text = gettext("%(unit)s, formerly %(names)s") % {"unit": text, "names": ", ".join(former)}
        return result | {"text": text}
