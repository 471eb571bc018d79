"""The country that is measured: real units of the 2024 tree with invented hamlets, every report filled and accepted.

The same everywhere and always, whatever the clock says. Django has to be set up, on an empty database.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.models import F

from reports.demo.figures import Span, own_figures
from reports.demo.places import Place, places_of, rows_under
from reports.domain.periods import parse_period
from reports.domain.template_file import parse_indicators
from reports.domain.workflow import State
from reports.models import Cycle, Report, TemplateVersion
from reports.services import configuring, rolling_up
from reports.services.gathering import Figure
from reports.services.importing import Journey, import_figures
from reports.services.opening import Plan, open_planned
from reports.services.submitting import Declaration
from units.hamlets import DATA
from units.importing import import_units
from units.inventing import invent_hamlets
from units.problems import Problems

PROVINCES = 63
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PERIOD = "2025-H1"
SPAN = Span(halves=("first",), begins="2024", ends=PERIOD)
DUE = {"province": date(2025, 6, 25), "district": date(2025, 6, 20), "commune": date(2025, 6, 18), "hamlet": date(2025, 6, 16)}
OPENED_AT = datetime(2025, 6, 2, 8, tzinfo=ZONE)
ACCEPTED_AT = datetime(2025, 6, 13, 9, tzinfo=ZONE)

_TREE = "2024-"


def build(provinces: int, say: Callable[[str], None] = lambda line: None) -> Cycle:
    """Migrate and fill the database with a country of so many provinces, 1 to 63; its cycle."""
    call_command("migrate", verbosity=0)
    tops = chosen_provinces(provinces)
    loaded, invented = import_units(rows_under(tops)), invent_hamlets(tops)
    say(f"{loaded.added} units and {invented.hamlets} invented hamlets")
    cycle = open_planned(plan(published_template(), tops), OPENED_AT).cycle
    report_all(cycle, say)
    settle()
    return cycle


def chosen_provinces(count: int) -> list[str]:
    """The uids of so many provinces, spread evenly over the country's list."""
    with (DATA / "units_vn.csv").open(encoding="utf-8", newline="") as file:
        tops = [row["uid"] for row in csv.DictReader(file) if row["uid"].startswith(_TREE) and not row["parent_uid"]]
    if not 1 <= count <= len(tops):
        raise ValueError(f"The country has 1 to {len(tops)} provinces.")
    return [tops[(2 * number + 1) * len(tops) // (2 * count)] for number in range(count)]


def published_template() -> TemplateVersion:
    """The six-month report of 66 indicators."""
    source = Path(apps.get_app_config("reports").path) / "data" / "template_dan_van.csv"
    with source.open("rb") as file:
        indicators = parse_indicators(file, configuring.level_codes())
    version = configuring.add_version("dan-van", "Báo cáo công tác dân vận", indicators)
    configuring.publish(version, OPENED_AT)
    return version


def plan(version: TemplateVersion, tops: list[str]) -> Plan:
    period = parse_period(PERIOD)
    return Plan(version, PERIOD, period.first_day, period.last_day, period.last_day, tops, DUE)


def report_all(cycle: Cycle, say: Callable[[str], None]) -> None:
    """Every unit enters its figures, submits, and is accepted, a province after the other; and the totals."""
    journey = Journey(State.ACCEPTED, None, ACCEPTED_AT, declaration=Declaration(confirm_incomplete=True))
    reports = figures = 0
    for province in by_province(places_of(cycle)):
        imported = import_figures(cycle, figures_of(province), Problems(), journey)
        reports, figures = reports + imported.reports, figures + imported.figures
        rolling_up.drain_all([cycle.pk])
        say(f"{reports} reports accepted, {figures} figures")


def largest_province(cycle: Cycle) -> Report:
    """The root with the most reports below it."""
    roots = Report.objects.filter(cycle=cycle, superior__isnull=True).annotate(size=F("end") - F("position"))
    return roots.select_related("unit").order_by("-size", "position")[0]


def by_province(places: Iterable[Place]) -> Iterator[list[Place]]:
    """The places of each province; a root begins a new one."""
    number = 0

    def province(place: Place) -> int:
        nonlocal number
        number += not place.superior_uid
        return number

    for _, group in groupby(places, province):
        yield list(group)


def figures_of(places: Iterable[Place], span: Span = SPAN) -> Iterator[Figure]:
    """What these units enter, as rows of a figures file."""
    line = 1
    for place in places:
        for code, value in own_figures(place, span).items():
            line += 1
            yield Figure(line, "value", place.uid, code, value)


def settle() -> None:
    """What the database does by itself in quiet hours: count rows, and mark what everybody sees."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)" if connection.vendor == "postgresql" else "ANALYZE")
