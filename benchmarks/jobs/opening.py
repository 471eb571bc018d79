"""A cycle opened over all units, against the same number of bare rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from django.db import connection, transaction

from benchmarks import country
from benchmarks.jobs.sql import erase_cycle, on_postgresql, run
from benchmarks.measuring import Line, Setting, idle, in_turns
from reports.models import Cycle, Report, TemplateVersion
from reports.services.opening import open_planned
from units.bulk import reserve_ids

#: the cycle that is opened, and the one that the bare rows belong to
AGAIN, BARE = "again", "bare"
_COLUMNS = (
    'id, cycle_id, unit_id, level_id, position, "end", root_position, depth, levels_below, needs_approval, state, resume_state,'
    " in_correction, version, own, due_on, due_at"
)
_SAME = ("[]", False, "not_started", "", False, 0, "{}", date(2025, 6, 20), country.OPENED_AT)


def measured(setting: Setting) -> Iterator[Line]:
    first = Cycle.objects.get()
    rows = list(
        Report.objects.filter(cycle=first)
        .order_by("position")
        .values_list("unit_id", "level_id", "position", "end", "root_position", "depth")
    )
    job = "open a cycle over all units"
    if not on_postgresql():
        yield Line(job, in_turns(setting.repeat, open_again, idle, forget)[0], reports=len(rows))
        return
    bare = bare_cycle(first)
    ours, yardstick = in_turns(setting.repeat, open_again, lambda: copy_rows("reports_report", bare, rows), forget)
    yield Line(job, ours, yardstick, "COPY of as many bare rows into the same table", most=6, reports=len(rows))
    run(f"CREATE TABLE bare AS SELECT {_COLUMNS} FROM reports_report LIMIT 0")
    forget()
    ours, yardstick = in_turns(1, open_again, lambda: copy_rows("bare", bare, rows), forget)
    yield Line("the same, for the story", ours, yardstick, "COPY into a table without keys, indexes and constraints", reports=len(rows))


def forget() -> None:
    """Whatever the last round left."""
    erase_cycle(AGAIN)
    run("DELETE FROM reports_report WHERE cycle_id IN (SELECT id FROM reports_cycle WHERE code = %s)", [BARE])


def open_again(levels: Sequence[str] = ()) -> None:
    """Over all units, or those of some levels."""
    version = TemplateVersion.objects.get()
    tops = list(Cycle.objects.order_by("pk")[0].units.values_list("uid", flat=True))
    open_planned(replace(country.plan(version, tops), code=AGAIN, levels=levels), country.OPENED_AT)


def bare_cycle(like: Cycle) -> int:
    """A cycle for the bare rows to belong to."""
    like.pk, like.code = None, BARE
    like.save()
    return int(like.pk or 0)


def copy_rows(table: str, cycle_id: int, rows: Sequence[tuple[int, ...]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        ids = reserve_ids(Report, len(rows))
        with cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN") as copy:
            for report_id, row in zip(ids, rows, strict=True):
                copy.write_row((report_id, cycle_id, *row, *_SAME))
