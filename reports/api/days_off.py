"""Days on which the administration doesn't work, beside the public holidays; whole years are a table (reports/api/tables.py)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Schema
from pydantic import Field

from accounts.models import Scope
from reports.api.door import Resource
from reports.api.problems import not_found
from reports.api.words import Day, Given
from reports.queries.calendar import DaysOff
from reports.services import scheduling
from units.problems import Problems

days_off = Resource("Configuration: days off")


class DayOffShown(Schema):
    """`is_public`: a public holiday of Viet Nam, which nobody records."""

    day: date
    name: str
    is_public: bool


class Year(Schema):
    year: Annotated[int, Field(ge=1900, le=2200)]


class DayOffNamed(Given):
    name: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""


@days_off.get("/configuration/days-off", list[DayOffShown], Scope.CONFIGURE, permits=["reports.view_dayoff"])
def listed(request: HttpRequest, of: Annotated[Year, Query()]) -> list[dict[str, Any]]:
    """The days off of a year: public holidays, and the administration's own."""
    return [{"day": day, "name": name, "is_public": is_public} for day, name, is_public in DaysOff().of_year(of.year)]


@days_off.put("/configuration/days-off/{day}", DayOffShown, Scope.CONFIGURE, permits=["reports.add_dayoff", "reports.change_dayoff"])
def put(request: HttpRequest, day: Annotated[Day, Path()], sent: DayOffNamed) -> dict[str, Any]:
    """Record a day off, or give it another name."""
    (change,) = scheduling.lay_days_off([(1, {"day": day.isoformat(), "name": sent.name})], Problems())
    _day, name = change.after or ("", "")
    return {"day": day, "name": name, "is_public": False}


@days_off.delete("/configuration/days-off/{day}", Scope.CONFIGURE, permits=["reports.delete_dayoff"])
def delete(request: HttpRequest, day: Annotated[Day, Path()]) -> None:
    """Make it a working day again. Due days that moved because of it stay where they are."""
    if not scheduling.delete_day_off(day):
        raise not_found()
