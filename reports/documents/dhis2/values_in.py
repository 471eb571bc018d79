"""Figures out of DHIS2's data value sets (JSON, XML, CSV) and out of ADX, for the import that all figures take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

from reports.documents.dhis2.json_members import members
from reports.documents.dhis2.names import Sought
from reports.documents.dhis2.values_out import ADX, DXF
from reports.documents.dhis2.xml_elements import Element, elements
from reports.domain.indicators import Indicator, ValueType
from reports.services.gathering import Figure
from units.csv_files import read_rows
from units.problems import Problem, Problems, Refused, gettext_noop


class SentForm(StrEnum):
    JSON = "json"
    XML = "xml"
    CSV = "csv"


_CSV_HEAD = re.compile(rb'"?dataelement"?,"?period"?,"?orgunit"?,', re.IGNORECASE)


def sent_form(head: bytes) -> SentForm | None:
    """In which of DHIS2's forms a file is that begins so; None where it is in none of them."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _CSV_HEAD.match(head):
        return SentForm.CSV
    return {b"{": SentForm.JSON, b"<": SentForm.XML}.get(head[:1])


def figures_in_data_values(source: BinaryIO, form: SentForm, sought: Sought, problems: Problems, file: str) -> Iterator[Figure]:
    """The file's figures. What concerns all of it goes to `problems`. Raises Refused where it can't be read."""
    reading = _Reading(sought, problems, file)
    for sent in _READERS[form](source, reading):
        figure = reading.figure(sent)
        if figure is not None:
            yield figure


class _Sent(NamedTuple):
    """A data value as the file has it; without `value` it says none. In ADX `dimensions` are the names by which it is broken down,
    `annotation` what is no number.
    """

    line: int
    data_element: str
    period: str
    unit: str
    value: str | None
    combo: str = ""
    attribute_combo: str = ""
    dimensions: tuple[str, ...] = ()
    annotation: str | None = None
    is_adx: bool = False


#: things that are wrong with a file and remembered
_MOST_TOLD = 1000
_NO_VALUE = gettext_noop("There is no value: to clear the figure, send it empty, or with deleted=true.")
_NO_ANNOTATION = gettext_noop("In ADX a value is a number: what is none stands in an annotation, which is missing here.")
_YES, _NO = frozenset({"true", "t", "1"}), frozenset({"false", "f", "0"})
#: identifiers are found by code and by id, whichever the file says
_SCHEMES = frozenset({"", "code", "uid", "id"})
#: what isn't broken down, in instances since 2.26; in an older one it is whatever all values of a file share
_WHOLE = frozenset({"", "default", "HllvX50cXC0"})
_SCHEME_NAMES = ("idScheme", "dataElementIdScheme", "orgUnitIdScheme", "dataSetIdScheme", "categoryOptionComboIdScheme")


class _Reading:
    """What the values of one file have to agree on, each thing that is wrong with it told once."""

    def __init__(self, sought: Sought, problems: Problems, file: str) -> None:
        self.sought, self.problems, self.file = sought, problems, file
        self._periods = {sought.period.iso, sought.period.adx}
        self._combos: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()

    def settle(self, settings: Mapping[str, str], line: int) -> None:
        """Look at what is said of all values: schemes, the data set, and what the sender wants done with them."""
        for name in _SCHEME_NAMES:
            if (scheme := settings.get(name, "")).casefold() not in _SCHEMES:
                message = gettext_noop("Things are found here by code or by id; “%(scheme)s” is neither. Export with idScheme=CODE.")
                self._tell_once(scheme, Problem(message, {"scheme": scheme[:60]}, line, name))
        if _is_true(settings.get("dryRun", "")):
            message = gettext_noop("The file asks for a trial (dryRun), and what is imported here is written: take that out.")
            self._tell_once("", Problem(message, {}, line, "dryRun"))
        if settings.get("importStrategy", "").casefold() in ("delete", "deletes"):
            message = gettext_noop("The file asks to delete its values. To clear them, send them empty, or with deleted=true.")
            self._tell_once("", Problem(message, {}, line, "importStrategy"))
        data_set = settings.get("dataSet", "")
        if data_set and not self.sought.is_data_set(data_set):
            message = gettext_noop("“%(found)s” is not the data set of this cycle, which is %(wanted)s.")
            self._tell_once(data_set, Problem(message, {"found": data_set[:60], "wanted": self.sought.data_set}, line, "dataSet"))

    def figure(self, sent: _Sent) -> Figure | None:
        """The figure that is meant; none for what is computed here, and where something was wrong with what it belongs to."""
        indicator = self._indicator(sent)
        if self._is_misplaced(sent) or (indicator is not None and (indicator.is_formula or indicator.is_tallied)):
            return None
        code, value = (sent.data_element, sent.value) if indicator is None else (indicator.code, _text(sent, indicator))
        problem = (
            None if value is not None else Problem(_NO_ANNOTATION if sent.is_adx and sent.value else _NO_VALUE, {}, sent.line, "value")
        )
        return Figure(sent.line, "value", self.sought.unit(sent.unit), code, value or "", self.file, problem)

    def _indicator(self, sent: _Sent) -> Indicator | None:
        return self.sought.template.by_code.get(self.sought.indicators.get(sent.data_element, ""))

    def _is_misplaced(self, sent: _Sent) -> bool:
        """Does the value belong to another period, or to a part of the figure? That has been told then."""
        if sent.period not in self._periods:
            message = gettext_noop("The value is of the period “%(found)s”; this cycle is %(wanted)s.")
            named = {"found": sent.period[:60], "wanted": self.sought.period.iso}
            return self._tell_once(sent.period, Problem(message, named, sent.line, "period"))
        if sent.dimensions:
            message = gettext_noop("The value is broken down by %(names)s; here a figure is whole. Send the sum.")
            names = ", ".join(sent.dimensions)
            return self._tell_once(names, Problem(message, {"names": names[:200]}, sent.line, sent.dimensions[0]))
        for column, named_combo in (("categoryOptionCombo", sent.combo), ("attributeOptionCombo", sent.attribute_combo)):
            combo = "default" if named_combo in _WHOLE else named_combo
            if combo != self._combos.setdefault(column, combo):
                message = gettext_noop("The values are broken down (%(one)s, %(other)s); here a figure is whole. Send the sums.")
                named = {"one": self._combos[column][:60], "other": combo[:60]}
                return self._tell_once(combo, Problem(message, named, sent.line, column))
        return False

    def _tell_once(self, what: str, problem: Problem) -> bool:
        """Tell it, unless the same was told of the same column."""
        if (problem.column, what) not in self._told:
            self.problems.add(problem.at(file=self.file))
            if len(self._told) < _MOST_TOLD:
                self._told.add((problem.column, what))
        return True


def _text(sent: _Sent, indicator: Indicator) -> str | None:
    """A value as our files write it, if there is one; what is no truth to DHIS2 stays, to be refused as it is."""
    if indicator.is_number:
        return None if sent.value is None else sent.value.strip()
    text = sent.value if sent.annotation is None else sent.annotation
    if indicator.value_type is not ValueType.BOOLEAN:
        return None if sent.is_adx and sent.annotation is None and sent.value else text
    word = (text or "").strip().casefold()
    return "yes" if word in _YES else "no" if word in _NO else text


# --- JSON -------------------------------------------------------------------------------------------

_OF_SET = frozenset({"dataSet", "period", "orgUnit", "attributeOptionCombo", "dryRun", "importStrategy", *_SCHEME_NAMES})
#: values that say neither unit nor period are those of one unit, and wait until the file has said which; more are no unit's
_MOST_WAITING = 10_000


def _in_json(source: BinaryIO, reading: _Reading) -> Iterator[_Sent]:
    settings: dict[str, str] = {}
    waiting: list[tuple[int, dict[str, Any]]] = []
    has_values = False
    for key, line, value in members(source):
        if key != "dataValues":
            if key in _OF_SET:
                settings[key] = _word(value)
            continue
        has_values = True
        if isinstance(value, dict):
            if all(value.get(name) or settings.get(name) for name in ("orgUnit", "period")) or len(waiting) >= _MOST_WAITING:
                yield _of_mapping(value, settings, line)
            else:
                waiting.append((line, value))
        elif value != []:
            raise Refused(
                Problem(gettext_noop("An element of dataValues is no object with dataElement and value."), {}, line, "dataValues")
            )
    if not has_values:
        raise Refused(Problem(gettext_noop("The file holds no dataValues: it is no data value set of DHIS2."), line=1))
    for line, value in waiting:
        yield _of_mapping(value, settings, line)
    reading.settle(settings, 1)


def _of_mapping(told: Mapping[str, Any], settings: Mapping[str, str], line: int) -> _Sent:
    """A value of its own members, or attributes, and of what is said for all of them."""
    return _Sent(
        line,
        _word(told.get("dataElement")),
        _word(told.get("period")) or settings.get("period", ""),
        _word(told.get("orgUnit")) or settings.get("orgUnit", ""),
        "" if _is_true(_word(told.get("deleted"))) else _value(told),
        _word(told.get("categoryOptionCombo")),
        _word(told.get("attributeOptionCombo")) or settings.get("attributeOptionCombo", ""),
    )


def _value(told: Mapping[str, Any]) -> str | None:
    """Empty, or null, is a blank; what is left out, or is a list or an object, is no value at all."""
    if "value" not in told or isinstance(told["value"], list | dict):
        return None
    return _word(told["value"])


def _is_true(word: str) -> bool:
    return word.casefold() == "true"


def _word(value: Any) -> str:
    """A member as text: DHIS2 quotes all of them, others may not."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
    return ""


# --- XML --------------------------------------------------------------------------------------------


def _in_xml(source: BinaryIO, reading: _Reading) -> Iterator[_Sent]:
    """A data value set or ADX, by the element that the file begins with."""
    found = elements(source)
    root = next(found, None)
    if root is not None and root.name == "dataValueSet" and root.namespace in (DXF, ""):
        reading.settle(root.attributes, root.line)
        for each in found:
            if each.is_over and each.name == "dataValue":
                yield _of_mapping(each.attributes, root.attributes, each.line)
    elif root is not None and (root.namespace, root.name) == (ADX, "adx"):
        yield from _in_adx(found, reading)
    else:
        message = gettext_noop("The file is XML, but neither a data value set of DHIS2 nor ADX (urn:ihe:qrph:adx:2015).")
        raise Refused(Problem(message, line=1))


#: what a group and a value of ADX say beside the dimensions by which they are broken down
_OF_GROUP = frozenset({"orgUnit", "period", "dataSet", "completeDate", "comment", "attributeOptionCombo", *_SCHEME_NAMES})
_OF_VALUE = frozenset(
    {"dataElement", "value", "categoryOptionCombo", "comment", "storedBy", "created", "lastUpdated", "followUp", "deleted"}
)


def _in_adx(found: Iterator[Element], reading: _Reading) -> Iterator[_Sent]:
    group: dict[str, str] = {}
    annotation: str | None = None
    for each in found:
        if not each.is_over:
            if each.name == "group":
                group = each.attributes
                reading.settle(group, each.line)
            elif each.name == "dataValue":
                annotation = None
        elif each.name == "annotation":
            annotation = each.text
        elif each.name == "dataValue":
            dimensions = tuple(sorted((group.keys() - _OF_GROUP) | (each.attributes.keys() - _OF_VALUE)))
            yield _of_mapping(each.attributes, group, each.line)._replace(dimensions=dimensions, annotation=annotation, is_adx=True)


# --- CSV --------------------------------------------------------------------------------------------

_CSV_NEEDED = ("dataelement", "period", "orgunit", "value")
#: as DHIS2's documentation and its versions call the other columns
_CSV_COMBOS, _CSV_ATTRIBUTE_COMBOS = ("catoptcombo", "categoryoptioncombo"), ("attroptcombo", "attributeoptioncombo")
_CSV_MORE = (
    *_CSV_COMBOS, *_CSV_ATTRIBUTE_COMBOS, "storedby", "strby", "lastupdated", "lstupd", "timestamp", "comment", "cmt", "followup", "flwup",
    "deleted",
)  # fmt: skip


def _in_csv(source: BinaryIO, reading: _Reading) -> Iterator[_Sent]:
    for line, cells in read_rows(source, _CSV_NEEDED, _CSV_MORE, reading.problems):
        combo, attribute_combo = (
            next((cells[name] for name in names if cells.get(name)), "") for names in (_CSV_COMBOS, _CSV_ATTRIBUTE_COMBOS)
        )
        value = "" if _is_true(cells.get("deleted", "")) else cells["value"]
        element, period, unit = (cells[name].strip() for name in _CSV_NEEDED[:3])
        yield _Sent(line, element, period, unit, value, combo.strip(), attribute_combo.strip())


_READERS: Mapping[SentForm, Callable[[BinaryIO, _Reading], Iterator[_Sent]]] = MappingProxyType(
    {SentForm.JSON: _in_json, SentForm.XML: _in_xml, SentForm.CSV: _in_csv}
)
