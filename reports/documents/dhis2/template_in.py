"""Data elements of DHIS2's metadata as rows of an indicator file (docs/interfaces.md), for the reading that all of these take.

What DHIS2 can't say (levels, rules, formulas, decimals) is for the administrator to add in the draft.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from reports.documents.dhis2.identifiers import DEFAULT_COMBO
from reports.documents.dhis2.json_members import members
from reports.documents.dhis2.kinds import KNOWN_AGGREGATION_TYPES, KNOWN_VALUE_TYPES, SIGNED
from reports.domain.indicators import AggregateTime, AggregateUp, ValueType
from reports.domain.template_file import OPTIONAL, REQUIRED
from units.names import fold
from units.problems import Problem, Problems, Refused, gettext_noop

_LONGEST_CODE = 60
_KEPT = frozenset({"dataElements", "dataSets", "sections", "categoryCombos", "optionSets", "options"})
_Told = dict[str, Any]


class DhisTemplate:
    """What the file holds of a template: all of it, since a template is small. Raises Refused where it can't be read."""

    def __init__(self, source: BinaryIO) -> None:
        self.found: dict[str, dict[str, tuple[int, _Told]]] = {}
        for key, line, value in members(source):
            if key in _KEPT and isinstance(value, dict) and isinstance(value.get("id"), str):
                self.found.setdefault(key, {})[value["id"]] = (line, value)

    def rows(self, data_set: str, template: str, levels: str, problems: Problems) -> Iterator[tuple[int, Mapping[str, str]]]:
        """The data elements of the data set with this code or id, or of the only one, as rows, each with its line.

        `levels` are those who enter all of them, with | between. What has no place here goes to `problems`.
        """
        chosen = self._data_set(data_set)
        members_of_set = [_id_of(each.get("dataElement")) for each in _objects(chosen, "dataSetElements")]
        elements = self.found.get("dataElements", {})
        places = {told_id: (place, name) for place, (told_id, name) in enumerate(self._in_sections(_text(chosen, "id")))}
        ordered = sorted(members_of_set or elements, key=lambda told_id: places.get(told_id, (len(places), ""))[0])
        for told_id in ordered:
            if told_id not in elements:
                message = gettext_noop("The data element %(id)s is not in the file: export the data set with its dependencies.")
                problems.add(Problem(message, {"id": told_id}, 1, "dataSetElements"))
                continue
            line, told = elements[told_id]
            section = places[told_id][1] if told_id in places else _text(chosen, "name") or template
            row = {"section": section, "levels": levels, "code": _code(told, template), **self._kind(told, line, problems)}
            yield line, dict.fromkeys((*REQUIRED, *OPTIONAL), "") | {"name_vi": _text(told, "formName") or _text(told, "name")} | row

    def _data_set(self, named: str) -> _Told:
        found = [told for _line, told in self.found.get("dataSets", {}).values()]
        chosen = [told for told in found if named in (_text(told, "code"), _text(told, "id"))] if named else found
        if len(chosen) > 1:
            known = ", ".join(_text(told, "code") or _text(told, "id") for told in chosen)
            raise Refused(Problem(gettext_noop("The file holds several data sets; say which: %(known)s."), {"known": known}, 1, "dataSets"))
        if not chosen and named:
            raise Refused(Problem(gettext_noop("The file holds no data set “%(named)s”."), {"named": named}, 1, "dataSets"))
        return chosen[0] if chosen else {}

    def _in_sections(self, data_set: str) -> Iterator[tuple[str, str]]:
        """The data elements of the data set's sections in their order, each with the section's name."""
        sections = [told for _line, told in self.found.get("sections", {}).values() if _id_of(told.get("dataSet")) == data_set]
        for told in sorted(sections, key=lambda told: told["sortOrder"] if isinstance(told.get("sortOrder"), int) else 0):
            yield from ((_id_of(each), _text(told, "name")) for each in _objects(told, "dataElements"))

    def _kind(self, told: _Told, line: int, problems: Problems) -> dict[str, str]:
        """The cells that say what kind of figure it is and how it aggregates; empty ones where that has no place here."""

        def refuse(column: str, message: str) -> dict[str, str]:
            problems.add(Problem(message, {"found": _text(told, column)[:60], "name": _text(told, "name")[:100]}, line, column))
            return {}

        if self._is_broken_down(_id_of(told.get("categoryCombo"))):
            return refuse("categoryCombo", gettext_noop("“%(name)s” is broken down by categories: make a data element of each figure."))
        value_type = KNOWN_VALUE_TYPES.get(_text(told, "valueType"))
        if value_type is None:
            return refuse("valueType", gettext_noop("“%(name)s” has the value type %(found)s, which no indicator may have."))
        choices = self._choices(_id_of(told.get("optionSet")))
        if choices:
            return _cells(f"choice:{'|'.join(choices)}", AggregateUp.DISTRIBUTION, AggregateTime.STOCK_LAST)
        if value_type is ValueType.TEXT:
            return _cells(value_type, AggregateUp.NONE, AggregateTime.NONE)
        aggregates = KNOWN_AGGREGATION_TYPES.get(_text(told, "aggregationType"))
        if aggregates is None:
            return refuse("aggregationType", gettext_noop("“%(name)s” aggregates by %(found)s, which has no counterpart here."))
        if value_type is ValueType.BOOLEAN:
            up, time = AggregateUp.COUNT_YES, aggregates[1]
            return _cells(value_type, up, AggregateTime.MAX if time in (AggregateTime.FLOW_SUM, AggregateTime.MEAN) else time)
        return _cells(value_type, *aggregates) | {"negative": "yes" if _text(told, "valueType") in SIGNED else ""}

    def _is_broken_down(self, combo: str) -> bool:
        if combo in ("", DEFAULT_COMBO):
            return False
        _line, told = self.found.get("categoryCombos", {}).get(combo, (0, {}))
        return _text(told, "name") != "default"

    def _choices(self, option_set: str) -> list[str]:
        """The codes of the options, in the order of the set."""
        _line, told = self.found.get("optionSets", {}).get(option_set, (0, {}))
        options = self.found.get("options", {})
        return [_text(options[told_id][1], "code") for each in _objects(told, "options") if (told_id := _id_of(each)) in options]


def _cells(value_type: str, up: AggregateUp, time: AggregateTime) -> dict[str, str]:
    return {"value_type": value_type, "aggregate_up": up, "aggregate_time": time}


def _code(told: _Told, template: str) -> str:
    """A code as ours are written, of DHIS2's: without the template's before a point, without marks, `_` for what else there is."""
    given = _text(told, "code").removeprefix(f"{template}.") or _text(told, "shortName") or _text(told, "name")
    code = re.sub(r"[^a-z0-9]+", "_", fold(given)).strip("_")
    return (code if code[:1].isalpha() else f"i_{code}")[:_LONGEST_CODE]


def _objects(told: Mapping[str, Any], name: str) -> list[_Told]:
    """The objects of a member that is a list of them."""
    found = told.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _id_of(reference: Any) -> str:
    return _text(reference, "id") if isinstance(reference, dict) else ""


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
