"""Every total of the cycle, computed from what was entered and written, against one look at all of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.jobs.sql import on_postgresql, run
from benchmarks.measuring import Line, Setting, idle, in_turns
from reports.domain.indicators import ValueType
from reports.models import Cycle, Report, Rollup
from reports.services import rolling_up


def measured(setting: Setting) -> Iterator[Line]:
    cycle = Cycle.objects.get()
    right = stored()
    look = partial(look_at_everything, cycle) if on_postgresql() else idle
    ours, yardstick = in_turns(setting.repeat, lambda: rolling_up.rebuild(cycle), look, spoil)
    rolling_up.rebuild(cycle)
    assert stored() == right, "The rebuilt totals differ from those that were drained as the reports were accepted."
    yield Line(
        "rebuild every total, written",
        ours,
        yardstick,
        "one SELECT that sums each numeric indicator over all reports",
        most=4,
        reports=Report.objects.count(),
        note=f"{len(right)} totals, equal to those drained one by one",
    )


def look_at_everything(cycle: Cycle) -> None:
    """Reads every report's values once and sums each numeric indicator, without a tree. The fastest of five ways to write it."""
    types = {ValueType.INTEGER: "bigint", ValueType.DECIMAL: "numeric"}
    numbers = [each for each in cycle.version.compiled().aggregated if each.value_type in types and not each.is_formula]
    sums = ", ".join(f"sum(x.{each.code})" for each in numbers)
    columns = ", ".join(f"{each.code} {types[each.value_type]}" for each in numbers)
    run(f"SELECT {sums} FROM reports_report, jsonb_to_record(own) AS x({columns})")


def spoil() -> None:
    """Leave no total that is right, so that each has to be written."""
    Rollup.objects.update(cells={}, counted=0, expected=0)
    if on_postgresql():
        run("VACUUM reports_rollup")


def stored() -> dict[int, tuple[Any, ...]]:
    return {total.pk: (total.cells, total.counted, total.expected, total.differs_from_declared) for total in Rollup.objects.iterator()}
