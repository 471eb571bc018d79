"""SQL by hand, for yardsticks and for what is prepared untimed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from audit import triggers


def run(sql: str, params: Any = None) -> int:
    """Run a statement to its last row; how many rows it gave or touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return len(cursor.fetchall()) if cursor.description else cursor.rowcount


def on_postgresql() -> bool:
    return bool(connection.vendor == "postgresql")


def settle() -> None:
    """What the database does by itself in quiet hours: count rows, and forget what was deleted."""
    run("VACUUM (ANALYZE)" if on_postgresql() else "ANALYZE")


#: tables with what belongs to a report, by their column that names it; the history last
_OF_A_REPORT = {
    **{f"reports_{name}": "report_id" for name in ("rollupmark", "flag", "reminder", "rollup", "adjustment")},
    "reports_rootoversight": "root_id",
    **{f"reports_{name}": "report_id" for name in ("journalentry", "submission")},
}


def erase_cycle(code: str) -> None:
    """Delete a cycle with all that it left, history too, which the database keeps from everybody but a benchmark."""
    cycle = f"(SELECT id FROM reports_cycle WHERE code = '{code}')"
    reports = f"(SELECT id FROM reports_report WHERE cycle_id IN {cycle})"
    run(
        f"UPDATE reports_report SET last_submission_id = NULL, state = 'draft' WHERE cycle_id IN {cycle} AND last_submission_id IS NOT NULL"
    )
    for table, column in _OF_A_REPORT.items():
        with _alterable(table):
            run(f"DELETE FROM {table} WHERE {column} IN {reports}")
    for table in ("reports_report", "reports_cyclelevel", "reports_cycle_units"):
        run(f"DELETE FROM {table} WHERE cycle_id IN {cycle}")
    run(f"DELETE FROM reports_cycle WHERE code = '{code}'")
    settle()


@contextmanager
def _alterable(table: str) -> Iterator[None]:
    is_history = table in ("reports_journalentry", "reports_submission")
    for statement in triggers.not_append_only(connection, table) if is_history else ():
        run(statement)
    yield
    for statement in triggers.append_only(connection, table).values() if is_history else ():
        run(statement)
