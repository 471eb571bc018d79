"""What several resources say and are told: days and moments, texts, units, and figures, which are never binary floats."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

from django.db.models import TextChoices
from ninja import Path, Query, Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from reports.domain.indicators import Indicator
from reports.domain.numbers import exact, parse_plain, plain
from reports.models import Report
from units.models import Unit
from units.problems import Problem, Problems, Refused, gettext_noop

_EARLIEST, _LATEST = 1900, 2200
_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _in_our_time(day: date) -> date:
    if not _EARLIEST <= day.year <= _LATEST:
        raise ValueError(f"{_EARLIEST}…{_LATEST}")
    return day


def _as_written(text: object) -> object:
    """A day or a moment is written as ISO 8601 has it; pydantic would take a number for the seconds since 1970."""
    if not (isinstance(text, str) and _ISO.match(text)):
        raise ValueError("YYYY-MM-DD…")
    return text


Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
#: a code in an address
Code = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\x00/]*$")]
Day = Annotated[date, BeforeValidator(_as_written), AfterValidator(_in_our_time)]
Moment = Annotated[AwareDatetime, BeforeValidator(_as_written), AfterValidator(_in_our_time)]
Text = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Version = Annotated[StrictInt, Field(ge=0, le=999_999_999)]
#: of what configures: nothing is written, and the answer says what would be
DryRun = Annotated[bool, Query(description="Only say what it would come to; nothing is written")]
#: an id in a content
Row = Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]


def one_of(choices: type[TextChoices]) -> WithJsonSchema:
    """The values in their place: two enumerations that are both called State would be one in the OpenAPI document."""
    return WithJsonSchema({"type": "string", "enum": list(choices.values)})


def _once(value: object, read: ValidatorFunctionWrapHandler) -> Any:
    """Said once, of the cell: pydantic would say of each kind that it is none, at a place that is not in the content."""
    try:
        return read(value)
    except ValidationError as error:
        raise PydanticCustomError("another_kind", "no value of a cell") from error


#: numbers come as text with exact digits, `1234.5`, or as integers; yes and no as true and false; a table as rows of texts
Sent = Annotated[StrictBool | StrictInt | str | list[list[str]] | None, WrapValidator(_once)]
Figures = Annotated[dict[str, Sent], Field(max_length=2000)]
#: the same as they leave: numbers as text, a distribution as a count for each choice; null is blank, and no zero
Shown = StrictBool | str | list[list[str]] | dict[str, int] | None


class Given(Schema):
    """Content that is sent: a field that is not known is refused, and not overlooked."""

    model_config = ConfigDict(extra="forbid")


class UnitShown(Schema):
    id: int
    uid: str
    name: str


def unit_shown(unit: Unit) -> dict[str, Any]:
    return {"id": unit.pk, "uid": unit.uid, "name": unit.name}


def figure(indicator: Indicator, value: Any) -> Shown:
    """One unit's value, stored or computed, or a total."""
    if value is None or isinstance(value, bool | dict | list):
        return value
    if isinstance(value, Fraction):
        return plain(value)
    return plain(exact(value)) if indicator.is_number else str(value)


def number(value: Fraction | None) -> str | None:
    return None if value is None else plain(value)


def figures_sent(report: Report, sent: Mapping[str, Sent]) -> dict[str, Any]:
    """The sent figures as they are stored. Raises Refused with all that can't be read, each with its code."""
    by_code = report.cycle.version.compiled().by_code
    problems, figures = Problems(), {}
    for code, value in sent.items():
        indicator = by_code.get(code)
        if indicator is None:
            problems.add(Problem(gettext_noop("The template has no indicator “%(code)s”."), {"code": code}, column=code))
            continue
        try:
            figures[code] = parse_plain(_text(value), indicator)
        except Refused as refused:
            problems.extend(each.at(column=code) for each in refused.problems)
    problems.refuse_if_any()
    return figures


def _text(value: Sent) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | list():
            return json.dumps(value, ensure_ascii=False)
    return value
