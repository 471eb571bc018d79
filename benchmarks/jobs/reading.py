"""What pages ask at the size of the database, for the largest province and what is in it: milliseconds and queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count

from benchmarks.country import ACCEPTED_AT, largest_province
from benchmarks.measuring import Line, Setting, counting_queries, timed
from reports import policies
from reports.models import Cycle, Report
from reports.queries.board import board
from reports.queries.consolidated_sheet import section_by_unit, totals_sheet
from reports.queries.lineage import lineage
from reports.queries.progress import progress_of_cycles, rates_below
from reports.queries.worklists import worklist
from units.models import Membership

SAMPLES = 15
BAR = 0.050


def measured(setting: Setting) -> Iterator[Line]:
    cycle = Cycle.objects.get()
    reports = Report.objects.count()
    for job, ask in questions(cycle):
        ask()  # the template is compiled once in a process
        with counting_queries(connection) as sent:
            ask()
        samples = [timed(ask) for _ in range(SAMPLES)]
        yield Line(job, samples, most_seconds=BAR, queries=len(sent), reports=reports)


def questions(cycle: Cycle) -> Iterator[tuple[str, Callable[[], object]]]:
    province = largest_province(cycle)
    district = widest(cycle, province, depth=1)
    commune = widest(cycle, province, depth=2)
    manager = get_user_model().objects.create(username="manager")
    Membership.objects.create(user=manager, unit=province.unit, role=Membership.Role.CYCLE_MANAGER)
    yield "progress of a province over all its units, by level", partial(rates_below, [province], ACCEPTED_AT)
    yield (
        "progress of the cycles that a province's manager reaches",
        lambda: progress_of_cycles(policies.heads_in_reach(manager), ACCEPTED_AT),
    )
    yield "a province's board: its districts with the progress of each", partial(board, province, ACCEPTED_AT)
    yield f"a district's board: its {children(district)} communes with the progress of each", partial(board, district, ACCEPTED_AT)
    for name, report in (("province", province), ("district", district), ("commune", commune)):
        yield f"a {name}'s rollup with its {children(report)} children", partial(rollup_with_children, report.pk)
        yield f"a figure's lineage in a {name}", partial(ask_lineage, report.pk)
    yield "a reviewer's worklist in a district", partial(worklist, [district.unit_id], [district.unit_id], ACCEPTED_AT)
    yield "a province's worklist", partial(worklist, [province.unit_id], [province.unit_id], ACCEPTED_AT)


def widest(cycle: Cycle, province: Report, depth: int) -> Report:
    """The report of that depth with the most children."""
    inside = Report.objects.below(province).filter(depth=depth).annotate(children=Count("subordinates"))
    return inside.select_related("unit").order_by("-children", "position")[0]


def children(report: Report) -> int:
    return report.subordinates.count()


def shown(report_id: int) -> Report:
    return Report.objects.for_display().select_related("rollup", "last_submission").get(pk=report_id)


def rollup_with_children(report_id: int) -> None:
    report = shown(report_id)
    section_by_unit(report, totals_sheet(report).sections[0])


def ask_lineage(report_id: int) -> None:
    report = shown(report_id)
    lineage(report, report.cycle.version.compiled().by_code["hn_tuyen_truyen"])
