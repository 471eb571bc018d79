"""Indicator files (docs/interfaces.md, "Indicators"): read with every problem in its place, and written without loss."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import BinaryIO, TypeVar

from reports.domain.indicators import (
    AggregateTime,
    AggregateUp,
    EnteredBy,
    Indicator,
    Rule,
    RuleError,
    ValueType,
    parse_rules,
    placed_problems,
    written_rules,
)
from units.csv_files import harmless, read_rows
from units.problems import Problem, Problems, Refused, gettext_noop

REQUIRED = (
    "section", "code", "name_vi", "name_en", "unit", "value_type", "levels", "aggregate_up", "aggregate_time", "formula", "rules",
    "required", "decimals", "note",
)  # fmt: skip
OPTIONAL = ("negative", "entered_by", "source")

#: more is no report that anybody fills in
MAX_INDICATORS = 2_000
USUAL_DECIMALS = 2

_Read = TypeVar("_Read")
_Enum = TypeVar("_Enum", bound=StrEnum)


class _BadCell(Exception):
    def __init__(self, message: str, **params: object) -> None:
        self.problem = Problem(message, params)
        super().__init__(message)


def parse_indicators(source: BinaryIO, known_levels: Collection[str]) -> list[Indicator]:
    """The indicators of a file, fit to be published. Raises Refused with everything that is wrong, line and column with each."""
    problems = Problems()
    return parse_rows(read_rows(source, REQUIRED, OPTIONAL, problems), known_levels, problems)


def parse_rows(rows: Iterable[tuple[int, Mapping[str, str]]], known_levels: Collection[str], problems: Problems) -> list[Indicator]:
    """The same of rows that were read already, each with its line; what was wrong with their reading is in `problems`."""
    bad_codes: set[object] = set()
    numbered = _read(rows, problems, bad_codes)
    for place, problem in placed_problems([indicator for _line, indicator in numbered], known_levels):
        if problem.params.get("unknown") not in bad_codes:
            problems.add(problem.at(line=numbered[place][0]))
    if not numbered and not problems:
        problems.add(Problem(gettext_noop("The file holds no indicator."), line=1))
    problems.refuse_if_any()
    return [indicator for _line, indicator in numbered]


def read_indicators(source: BinaryIO) -> list[tuple[int, Indicator]]:
    """Each row as the line where it begins and its indicator, not yet checked against the others. Raises Refused."""
    problems = Problems()
    numbered = _read(read_rows(source, REQUIRED, OPTIONAL, problems), problems, set())
    problems.refuse_if_any()
    return numbered


def parse_texts(source: BinaryIO) -> dict[str, str]:
    """What a template says in its sections, by section, out of a file with the columns section and text. Raises Refused."""
    problems = Problems()
    texts: dict[str, str] = {}
    for line, row in read_rows(source, ("section", "text"), (), problems):
        section, text = (unicodedata.normalize("NFC", row[column]).strip() for column in ("section", "text"))
        if section in texts:
            problems.add(Problem(gettext_noop("The section “%(section)s” has its text already."), {"section": section}, line=line))
        texts[section] = text
    problems.refuse_if_any()
    return texts


def write_indicators(indicators: Iterable[Indicator]) -> Iterator[str]:
    """The lines of a file that reads back to the same indicators."""
    yield _line([*REQUIRED, *OPTIONAL])
    for indicator in indicators:
        yield _line(cells_of(indicator))


# --- In ---------------------------------------------------------------------------------------------


def _read(rows: Iterable[tuple[int, Mapping[str, str]]], problems: Problems, bad_codes: set[object]) -> list[tuple[int, Indicator]]:
    """The sound rows. Codes of the others go to `bad_codes`: formulas may name them, though nothing is known of them."""
    numbered: list[tuple[int, Indicator]] = []
    for line, row in rows:
        if len(numbered) == MAX_INDICATORS:
            problems.add(Problem(gettext_noop("A template holds at most %(most)d indicators."), {"most": MAX_INDICATORS}, line=line))
            raise Refused(problems)
        before = len(problems)
        indicator = indicator_of(row, lambda problem, line=line: problems.add(problem.at(line=line)))  # type: ignore[misc]
        if len(problems) == before:
            numbered.append((line, indicator))
        else:
            bad_codes.add(indicator.code)
    return numbered


def indicator_of(row: Mapping[str, str], complain: Callable[[Problem], None]) -> Indicator:
    """The indicator of a row. A bad cell is complained of and read as if it were empty."""

    def cell(column: str, read: Callable[[str], _Read], otherwise: _Read) -> _Read:
        try:
            return read(unicodedata.normalize("NFC", row.get(column, "")).strip())
        except _BadCell as bad:
            complain(bad.problem.at(column=column))
        except RuleError as error:
            complain(error.problem)
        return otherwise

    no_parts: tuple[str, ...] = ()
    no_rules: tuple[Rule, ...] = ()
    value_type, parts = cell("value_type", _value_type, (ValueType.TEXT, no_parts))
    return Indicator(
        code=cell("code", str, ""),
        section=cell("section", str, ""),
        name_vi=cell("name_vi", str, ""),
        name_en=cell("name_en", str, ""),
        unit=cell("unit", str, ""),
        value_type=value_type,
        choices=parts if value_type == ValueType.CHOICE else (),
        columns=parts if value_type == ValueType.TABLE else (),
        levels=frozenset(cell("levels", _parts, no_parts)),
        aggregate_up=cell("aggregate_up", lambda text: _member(AggregateUp, text), AggregateUp.NONE),
        aggregate_time=cell("aggregate_time", lambda text: _member(AggregateTime, text), AggregateTime.NONE),
        formula=cell("formula", str, ""),
        rules=cell("rules", parse_rules, no_rules),
        required=cell("required", _yes, False),
        decimals=cell("decimals", lambda text: _decimals(text, value_type), 0),
        negative=cell("negative", _yes, False),
        entered_by=cell("entered_by", lambda text: _member(EnteredBy, text or "unit"), EnteredBy.UNIT),
        note=cell("note", str, ""),
        source=cell("source", str, ""),
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|")) if text else ()


def _value_type(text: str) -> tuple[ValueType, tuple[str, ...]]:
    word, colon, parts = text.partition(":")
    value_type = _member(ValueType, word.strip())
    if colon and value_type not in (ValueType.CHOICE, ValueType.TABLE):
        raise _BadCell(gettext_noop("%(type)s takes nothing after a colon."), type=str(value_type))
    return value_type, _parts(parts.strip())


def _member(enum: type[_Enum], text: str) -> _Enum:
    try:
        return enum(text)
    except ValueError:
        raise _BadCell(gettext_noop("“%(found)s” is unknown; known are %(known)s."), found=text[:60], known=", ".join(enum)) from None


def _yes(text: str) -> bool:
    if text not in ("yes", "no", ""):
        raise _BadCell(gettext_noop("“%(found)s” is neither yes nor no (nor empty)."), found=text[:60])
    return text == "yes"


def _decimals(text: str, value_type: ValueType) -> int:
    if not text:
        return 0 if value_type == ValueType.INTEGER else USUAL_DECIMALS
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise _BadCell(gettext_noop("“%(found)s” is no number of decimals; write 0 to 6."), found=text[:60])
    return int(text)


# --- Out --------------------------------------------------------------------------------------------


def cells_of(indicator: Indicator) -> list[str]:
    """The indicator's row, in the order of the columns."""
    parts = indicator.choices or indicator.columns
    cells = {
        "section": indicator.section,
        "code": indicator.code,
        "name_vi": indicator.name_vi,
        "name_en": indicator.name_en,
        "unit": indicator.unit,
        "value_type": f"{indicator.value_type}:{'|'.join(parts)}" if parts else str(indicator.value_type),
        "levels": "|".join(sorted(indicator.levels)),
        "aggregate_up": str(indicator.aggregate_up),
        "aggregate_time": str(indicator.aggregate_time),
        "formula": indicator.formula,
        "rules": written_rules(indicator.rules),
        "required": "yes" if indicator.required else "",
        "decimals": "" if indicator.value_type == ValueType.INTEGER else str(indicator.decimals),
        "note": indicator.note,
        "negative": "yes" if indicator.negative else "",
        "entered_by": str(indicator.entered_by),
        "source": indicator.source,
    }
    return [cells[column] for column in (*REQUIRED, *OPTIONAL)]


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(harmless, cells))
    return line.getvalue()
