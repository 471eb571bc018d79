"""One report's workbook: out with what an untouched report opens with; and sent back, looked over before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, NamedTuple

from reports.documents.cell_values import converted
from reports.documents.report_workbook_in import read_report_workbook
from reports.documents.report_workbook_out import report_workbook
from reports.domain.workflow import Action
from reports.models import Report
from reports.policies import Standing
from reports.queries.form_sheet import Sheet, form_sheet
from reports.queries.untouched import show_opening
from reports.services.submitting import readiness
from reports.services.uploading import Change, SentCell, changes_of
from units.problems import Problem, Refused, gettext_noop
from units.reach import User


class RefusedCell(NamedTuple):
    """A cell that is not written: its indicator, where it stands, and why."""

    code: str
    address: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class LookedOver:
    """What a workbook that was sent would change in its report, which cells it couldn't, and what is to be known of the others."""

    changes: list[Change]
    refused: list[RefusedCell]
    notices: list[Problem]


def workbook_of(report: Report, at: datetime) -> bytes:
    """The workbook of a report that its reader may fill in."""
    return report_workbook(report, _handed_out(report, at))


def name_of_workbook(report: Report) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", f"{report.cycle}-{report.unit.uid}") + ".xlsx"


def look_over(source: BinaryIO, report: Report, *, by: User, at: datetime) -> LookedOver:
    """What the workbook would change; nothing is written. Raises Refused where the report is another's to fill in, or the file no
    workbook of it.
    """
    if not Standing(by).can(Action.SAVE, report):
        raise Refused(Problem(gettext_noop("You are not the one who may do this to this report.")))
    read = read_report_workbook(source, report)
    changes = changes_of(report, read.cells, read.seen)
    if changes and _are_tasks_handed_out(report, changes, at):
        changes = []
    return LookedOver(changes, _refused(read.cells), converted(read.cells))


def _handed_out(report: Report, at: datetime) -> Sheet:
    """The rows of a report's workbook, with what one that nobody has touched opens with."""
    show_opening(report)
    ready = readiness([report], at, drained=True)[report.pk]
    return form_sheet(report, ready.below, ready.both, ready.sourced)


def _are_tasks_handed_out(report: Report, changes: Iterable[Change], at: datetime) -> bool:
    """Are these nothing but the tasks to be answered that the workbook came with? They are written beside what its sender enters."""
    handed_out = {row.code: row.in_entry for row in _handed_out(copy(report), at).rows if row.is_answers}
    return all(handed_out.get(change.code) == change.then for change in changes)


def _refused(cells: Iterable[SentCell]) -> list[RefusedCell]:
    """A table's cells have places of their own, which their problems name."""
    return [RefusedCell(cell.code, problem.column or cell.address, problem) for cell in cells for problem in cell.problems]
