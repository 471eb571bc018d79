"""What a report declared with its last submission, code by code, as it is shown beside another one's figures (semantics §6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reports.domain.aggregation import figures
from reports.domain.indicators import EnteredBy, Template
from reports.domain.own_values import OwnValues
from reports.models import Report, Submission


def shown_in(report: Report | None, now: Template) -> Callable[[str], Any]:
    """What a report declared for a code of `now`, by the template that it had: totals where reports are below, else its own."""
    if report is None or report.last_submission is None:
        return lambda code: None
    template, submission = report.cycle.version.compiled(), report.last_submission
    own = OwnValues(template, declared_own(report, submission).get, report.level.code, template.formulas).value
    totals = figures(template, submission.declared) if report.has_reports_below else {}

    def shown(code: str) -> Any:
        if not now.by_code[code].continues(template.by_code.get(code)):
            return None
        return totals[code] if code in totals else own(code)

    return shown


def declared_own(report: Report, submission: Submission) -> dict[str, Any]:
    """What the unit declared, and what its superior entered beside it since (semantics §5): that is nobody's to declare."""
    entered_by = {each.code: each.entered_by for each in report.cycle.version.compiled().indicators}
    declared = {code: value for code, value in submission.own.items() if entered_by.get(code) is not EnteredBy.SUPERIOR}
    return declared | {code: value for code, value in report.own.items() if entered_by.get(code) is EnteredBy.SUPERIOR}
