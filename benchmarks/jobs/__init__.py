"""What is measured: a module a job, each with `measured(setting)` that yields lines. Django has to be set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.jobs import (
    accepting,
    importing,
    looking_over,
    officers,
    opening,
    packing,
    reading,
    rebuilding,
    reorganising,
    reviewing,
    sweeping,
    viewing,
    workbooks,
)
from benchmarks.measuring import Line, Setting

JOBS: dict[str, Callable[[Setting], Iterator[Line]]] = {
    "rebuild": rebuilding.measured,
    "accept": accepting.measured,
    "reviewers": reviewing.measured,
    "open": opening.measured,
    "sweep": sweeping.measured,
    "import": importing.measured,
    "pages": reading.measured,
    "workbooks": workbooks.measured,
    "look-over": looking_over.measured,
    "pack": packing.measured,
    "views": viewing.measured,
    "officers": officers.measured,
    "reorganise": reorganising.measured,
}
