"""A cycle's figures as a data value set of DHIS2 (JSON, XML) or as ADX, piece by piece: a country is never held in memory.

What leaves is what each accepted report gives: DHIS2 adds up the hierarchy by itself, and totals would be counted twice there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from django.utils.translation import gettext

from reports.documents.dhis2.names import Names
from reports.domain.indicators import Indicator, ValueType
from reports.domain.numbers import exact, plain
from reports.queries.counted_figures import UnitFigures

DXF, ADX = "http://dhis2.org/schema/dxf/2.0", "urn:ihe:qrph:adx:2015"
#: characters that no XML may hold, though texts may
_NO_XML = {0xFFFE: "�", 0xFFFF: "�"}


class Form(StrEnum):
    """The forms in which figures leave, by the ending of their files."""

    JSON = "json"
    XML = "xml"
    ADX = "adx.xml"


MEDIA_TYPES: Mapping[Form, str] = MappingProxyType(
    {Form.JSON: "application/json", Form.XML: "application/xml", Form.ADX: "application/adx+xml"}
)


def data_values(form: Form, names: Names, units: Iterable[UnitFigures], at: datetime) -> Iterator[str]:
    """The pieces of the file, whole lines each. `at` is the moment of which it tells that it was made then."""
    remark = gettext("with the unit's adjustment")
    return _WRITERS[form](names, ((unit, _values(names, unit, remark)) for unit in units), at)


class _Value(NamedTuple):
    indicator: Indicator
    data_element: str
    text: str
    comment: str


_Rows: TypeAlias = Iterable[tuple[UnitFigures, Iterator[_Value]]]


def _values(names: Names, unit: UnitFigures, remark: str) -> Iterator[_Value]:
    """In the order of the template; what is evaluated on totals is an indicator of DHIS2's, and no figure that is handed on."""
    for code, indicator in names.template.by_code.items():
        if code in unit.figures and not indicator.evaluated_on_totals:
            yield _Value(indicator, names.data_element(code), _text(indicator, unit.figures[code]), remark if code in unit.adjusted else "")


def _text(indicator: Indicator, value: Any) -> str:
    match indicator.value_type:
        case ValueType.BOOLEAN:
            return "true" if value else "false"
        case ValueType.TABLE:
            return json.dumps(value, ensure_ascii=False)
    return plain(exact(value)) if indicator.is_number else str(value)


def _as_json(names: Names, rows: _Rows, at: datetime) -> Iterator[str]:
    head = json.dumps({"idScheme": "CODE", "dataSet": names.data_set}, ensure_ascii=False)
    yield head[:-1] + ', "dataValues": [\n'
    before = ""
    for unit, values in rows:
        for value in values:
            told = {"dataElement": value.data_element, "period": names.period.iso, "orgUnit": unit.unit_uid, "value": value.text}
            yield before + json.dumps(told | ({"comment": value.comment} if value.comment else {}), ensure_ascii=False) + "\n"
            before = ","
    yield "]}\n"


def _as_xml(names: Names, rows: _Rows, at: datetime) -> Iterator[str]:
    yield _DECLARATION
    yield f"<dataValueSet{_attributes(xmlns=DXF, idScheme='CODE', dataSet=names.data_set)}>\n"
    for unit, values in rows:
        for value in values:
            told = _attributes(dataElement=value.data_element, period=names.period.iso, orgUnit=unit.unit_uid, value=value.text)
            yield f"<dataValue{told}{_attributes(comment=value.comment) if value.comment else ''}/>\n"
    yield "</dataValueSet>\n"


def _as_adx(names: Names, rows: _Rows, at: datetime) -> Iterator[str]:
    """ADX values are numbers: a text, a choice, a yes or no stands in an annotation, as DHIS2 writes and reads them."""
    yield _DECLARATION
    yield f"<adx{_attributes(xmlns=ADX, exported=at.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ'))}>\n"
    for unit, values in rows:
        told = {"orgUnit": unit.unit_uid, "period": names.period.adx, "dataSet": names.data_set}
        yield f"<group{_attributes(**told, completeDate=unit.submitted_on.isoformat())}>\n"
        for value in values:
            comment = {"comment": value.comment} if value.comment else {}
            if value.indicator.is_number:
                yield f"<dataValue{_attributes(dataElement=value.data_element, value=value.text, **comment)}/>\n"
            else:
                number = "1" if value.indicator.value_type is ValueType.BOOLEAN and value.text == "true" else "0"
                head = _attributes(dataElement=value.data_element, value=number, **comment)
                yield f"<dataValue{head}><annotation>{escape(_storable(value.text))}</annotation></dataValue>\n"
        yield "</group>\n"
    yield "</adx>\n"


_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _attributes(**told: str) -> str:
    return "".join(f" {name}={quoteattr(_storable(text))}" for name, text in told.items())


def _storable(text: str) -> str:
    return text.translate(_NO_XML)


_WRITERS: Mapping[Form, Callable[[Names, _Rows, datetime], Iterator[str]]] = MappingProxyType(
    {Form.JSON: _as_json, Form.XML: _as_xml, Form.ADX: _as_adx}
)
