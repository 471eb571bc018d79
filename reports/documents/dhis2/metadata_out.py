"""What DHIS2 has to know before it takes a cycle's figures, as its /api/metadata imports it: units, data elements, a data set.

JSON, written piece by piece; objects refer to each other by ids that are made of the house's own codes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import override

from reports.documents.dhis2.expressions import Expression, Untranslatable, expression_of
from reports.documents.dhis2.identifiers import DEFAULT_COMBO, LONGEST_NAME, LONGEST_SHORT_NAME, Kind, id_of, unit_id
from reports.documents.dhis2.kinds import aggregation_type_of, value_type_of
from reports.documents.dhis2.names import Names
from reports.domain.indicators import Indicator, ValueType
from reports.models import Cycle
from reports.queries.cycle_units import CycleUnits
from reports.wording import choice_label
from units.levels import AGENCIES
from units.models import Level, Unit
from units.problems import Problem, Problems, gettext_noop

#: DHIS2 wants an opening day: that of units of which nobody has said one
ALWAYS = "1900-01-01"
_MOST_DECIMALS = 5
_NUMBER, _PERCENT = "danvan.number", "danvan.percent"
_Told = dict[str, Any]


def metadata(cycle: Cycle, names: Names, units: CycleUnits, notices: Problems) -> Iterator[str]:
    """The pieces of the file, whole lines each. Names are Vietnamese, with English translations.

    What DHIS2 has no words for goes to `notices`.
    """
    parts = _Units(units)
    yield "{\n"
    yield from _list("organisationUnits", parts.told())
    yield from _list("organisationUnitGroups", parts.groups())
    yield from _list("organisationUnitLevels", parts.depths())
    computed = dict(_computed(names, notices))
    with override("vi"):
        of_template = [*_template(names, computed)]
    yield from of_template
    yield from _list("dataSets", [_data_set(cycle, names, computed, parts.reporting)], last=True)
    yield "}\n"


def _list(key: str, objects: Iterable[_Told], *, last: bool = False) -> Iterator[str]:
    yield f'"{key}": [\n'
    before = ""
    for told in objects:
        yield before + json.dumps(told, ensure_ascii=False) + "\n"
        before = ","
    yield "]\n" if last else "],\n"


def _reference(told_id: str) -> _Told:
    return {"id": told_id}


def _translated(english: str, told_property: str = "NAME") -> _Told:
    return {"translations": [{"property": told_property, "locale": "en", "value": english[:LONGEST_NAME]}]} if english else {}


# --- Units ------------------------------------------------------------------------------------------


class _Units:
    """The units, told one by one; what is told of all of them is known once they are told."""

    def __init__(self, units: CycleUnits) -> None:
        self._units = units
        self._levels = {level.pk: level for level in Level.objects.all()}
        self._agency = next((level for level in self._levels.values() if level.code == AGENCIES), None)
        self._members: dict[int, list[str]] = {}
        self._at_depth: dict[int, set[int]] = {}
        #: the ids of those that report
        self.reporting: list[str] = []

    def told(self) -> Iterator[_Told]:
        for unit in self._units:
            told_id, level = unit_id(unit.uid), self._level_of(unit)
            if level is not None:
                self._members.setdefault(level.pk, []).append(told_id)
                self._at_depth.setdefault(unit.depth + 1, set()).add(level.pk)
            if unit.pk in self._units.reporting:
                self.reporting.append(told_id)
            yield _unit(unit, told_id)

    def _level_of(self, unit: Unit) -> Level | None:
        return self._levels[unit.level_id] if unit.level_id is not None else self._agency

    def groups(self) -> Iterator[_Told]:
        """A group for each of our levels: DHIS2's own levels are depths, at which units of two of ours may stand."""
        for pk, members in sorted(self._members.items(), key=lambda item: self._levels[item[0]].rank):
            level = self._levels[pk]
            head = {"id": id_of(Kind.UNIT_GROUP, level.code), "code": level.code, "name": level.name}
            short = {"shortName": level.name[:LONGEST_SHORT_NAME]}
            yield head | short | _translated(level.name_en) | {"organisationUnits": [_reference(each) for each in members]}

    def depths(self) -> Iterator[_Told]:
        for depth, found in sorted(self._at_depth.items()):
            levels = sorted((self._levels[pk] for pk in found), key=lambda level: level.rank)
            name = " / ".join(level.name for level in levels)[:LONGEST_NAME]
            code = {"code": levels[0].code} if len(levels) == 1 else {}
            yield {"id": id_of(Kind.UNIT_LEVEL, str(depth)), **code, "name": name, "level": depth}


def _unit(unit: Unit, told_id: str) -> _Told:
    told: _Told = {
        "id": told_id,
        "code": unit.uid,
        "name": unit.name,
        "shortName": unit.name[:LONGEST_SHORT_NAME],
        "openingDate": unit.valid_from.isoformat() if unit.valid_from else ALWAYS,
        "level": unit.depth + 1,
    }
    if unit.valid_to:
        told["closedDate"] = unit.valid_to.isoformat()
    if unit.parent:
        told["parent"] = {"id": unit_id(unit.parent.uid), "code": unit.parent.uid}
    return told | _translated(unit.name_en)


# --- The template -----------------------------------------------------------------------------------


def _template(names: Names, computed: Mapping[str, Expression]) -> Iterator[str]:
    entered = _entered(names)
    choices = [each for each in entered if each.value_type is ValueType.CHOICE]
    yield from _list("optionSets", (_option_set(names, each) for each in choices))
    yield from _list("options", (option for each in choices for option in _options(names, each)))
    yield from _list("dataElements", (_data_element(names, each) for each in entered))
    yield from _list("indicatorTypes", _indicator_types())
    yield from _list("indicators", (_indicator(names, names.template.by_code[code], found) for code, found in computed.items()))
    yield from _list("sections", _sections(names))


def _entered(names: Names) -> list[Indicator]:
    """Those with figures of units: DHIS2's data elements. All others are computed of these there too."""
    return [each for each in names.template.indicators if not each.evaluated_on_totals]


def _computed(names: Names, notices: Problems) -> Iterator[tuple[str, Expression]]:
    """The codes of those that are evaluated on totals, with what they are in DHIS2's language."""
    for indicator in names.template.indicators:
        if indicator.evaluated_on_totals:
            try:
                yield indicator.code, expression_of(names.template, indicator.code, names.data_element_id)
            except Untranslatable:
                message = gettext_noop("DHIS2 has no expression for the formula of “%(name)s”: it stays out.")
                notices.add(Problem(message, {"name": indicator.name_vi}, column=indicator.code))


def _head(kind: Kind, code: str, words: str) -> _Told:
    """Names are unique there, and only codes are here: so a name ends with its code, while forms show the words alone."""
    ending = f" [{code}]"
    return {"id": id_of(kind, code), "code": code, "name": words[: LONGEST_NAME - len(ending)] + ending, "shortName": code}


def _data_element(names: Names, indicator: Indicator) -> _Told:
    told = _head(Kind.DATA_ELEMENT, names.data_element(indicator.code), indicator.name_vi) | {
        "formName": indicator.name_vi[:LONGEST_NAME],
        "domainType": "AGGREGATE",
        "valueType": value_type_of(indicator),
        "aggregationType": aggregation_type_of(indicator),
        "zeroIsSignificant": True,
        "categoryCombo": _reference(DEFAULT_COMBO),
    }
    if indicator.value_type is ValueType.CHOICE:
        told["optionSet"] = _reference(id_of(Kind.OPTION_SET, told["code"]))
    return told | _translated(indicator.name_en, "FORM_NAME")


def _option_set(names: Names, indicator: Indicator) -> _Told:
    told = _head(Kind.OPTION_SET, names.data_element(indicator.code), indicator.name_vi)
    options = [_reference(_option_id(told["code"], choice)) for choice in indicator.choices]
    return {key: told[key] for key in ("id", "code", "name")} | {"valueType": "TEXT", "options": options}


def _options(names: Names, indicator: Indicator) -> Iterator[_Told]:
    code = names.data_element(indicator.code)
    for place, choice in enumerate(indicator.choices, 1):
        told = {"id": _option_id(code, choice), "code": choice, "name": choice_label(choice), "sortOrder": place}
        yield told | {"optionSet": _reference(id_of(Kind.OPTION_SET, code))}


def _option_id(code: str, choice: str) -> str:
    return id_of(Kind.OPTION, f"{code}={choice}")


def _indicator_types() -> Iterator[_Told]:
    yield {"id": id_of(Kind.INDICATOR_TYPE, _NUMBER), "name": "Dân vận: số", "factor": 1, "number": True}
    yield {"id": id_of(Kind.INDICATOR_TYPE, _PERCENT), "name": "Dân vận: %", "factor": 100, "number": False}


def _indicator(names: Names, indicator: Indicator, expression: Expression) -> _Told:
    factor = _PERCENT if indicator.value_type is ValueType.PERCENT else _NUMBER
    return _head(Kind.INDICATOR, names.data_element(indicator.code), indicator.name_vi) | {
        "indicatorType": _reference(id_of(Kind.INDICATOR_TYPE, factor)),
        "numerator": expression.numerator,
        "numeratorDescription": indicator.formula[:LONGEST_NAME],
        "denominator": expression.denominator,
        "denominatorDescription": indicator.formula[:LONGEST_NAME],
        "decimals": min(indicator.decimals, _MOST_DECIMALS),
        "annualized": False,
    }


def _sections(names: Names) -> Iterator[_Told]:
    for place, section in enumerate(names.template.sections):
        members = [_reference(names.data_element_id(each.code)) for each in _entered(names) if each.section == section]
        if members:
            told_id = id_of(Kind.SECTION, f"{names.data_set}/{section}")
            told = {"id": told_id, "name": section, "sortOrder": place, "dataSet": _reference(names.data_set_id)}
            yield told | {"dataElements": members}


def _data_set(cycle: Cycle, names: Names, computed: Iterable[str], reporting: Iterable[str]) -> _Told:
    """Nothing in it is compulsory: that would bind units that may not enter it."""
    template = cycle.version.template
    return _head(Kind.DATA_SET, names.data_set, template.name) | {
        "periodType": names.period.type,
        "categoryCombo": _reference(DEFAULT_COMBO),
        "dataSetElements": [_member(names, each.code) for each in _entered(names)],
        "indicators": [_reference(id_of(Kind.INDICATOR, names.data_element(code))) for code in computed],
        "organisationUnits": [_reference(each) for each in reporting],
        **_translated(template.name_en),
    }


def _member(names: Names, code: str) -> _Told:
    told_id = id_of(Kind.DATA_SET_ELEMENT, f"{names.data_set}/{names.data_element(code)}")
    return {"id": told_id, "dataSet": _reference(names.data_set_id), "dataElement": _reference(names.data_element_id(code))}
