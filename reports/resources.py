"""What django-import-export reads and writes of the reports app: with a preview of every difference, all or nothing.

It configures (days off, due days, templates, indicators) and shows (reports' status); what a report holds is none of its business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reports.domain import template_file, templates_table
from reports.models import Cycle, Report, ReportTemplate, TemplateVersion
from reports.policies import configurer
from reports.services import configuring, laying_templates, reorganising, scheduling
from units import reorganising as reorganisations
from units import successions
from units.models import Succession
from units.problems import Problems
from units.reach import User
from units.tables.laying import Change, Rows
from units.transfer import TableResource


class SuccessionResource(TableResource):
    """What became of units, recorded as a reorganisation; people's roles stay where they are."""

    name = _("successions")
    required = successions.COLUMNS

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        return successions.succession_rows(queryset)

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> list[Change]:
        links = successions.links_of(rows, problems)
        before = {row[:3]: row for row in successions.succession_rows(_of_predecessors(links))}
        change = reorganisations.Change(reorganisations.Kind.FILE, links)
        reorganising.reorganise(change, by=by, at=timezone.now(), roles=reorganisations.Roles.KEEP, problems=problems)
        after = [successions.as_row(link.predecessor, link.successor, link.effective_on, link.share) for link in links]
        return [Change(before.get(row[:3]), row) for row in after]


def _of_predecessors(links: Sequence[reorganisations.Link]) -> QuerySet[Succession]:
    return Succession.objects.filter(predecessor__uid__in={link.predecessor for link in links})


class DayOffResource(TableResource):
    name = _("days off")
    required = scheduling.DAY_OFF_COLUMNS

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        return scheduling.day_off_rows(queryset)

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> list[Change]:
        return scheduling.lay_days_off(rows, problems)


class CycleLevelResource(TableResource):
    """The due days of planned cycles. An open cycle's are history: a row that would change one is refused."""

    name = _("levels of a cycle")
    required = scheduling.DUE_COLUMNS

    def __init__(self, cycles: QuerySet[Cycle] | None = None, **kwargs: Any) -> None:
        """`cycles`: those within the user's reach; others don't exist for this import."""
        super().__init__(**kwargs)
        self.cycles = Cycle.objects.all() if cycles is None else cycles

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        return scheduling.due_rows(queryset)

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> list[Change]:
        return scheduling.lay_due_days(rows, problems, self.cycles, by=configurer(by))


class TemplateResource(TableResource):
    """Templates whole: every version with its indicators and texts."""

    name = _("templates with indicators")
    required = templates_table.COLUMNS

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        for version in laying_templates.written_versions(queryset):
            yield from version.rows().values()

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> list[Change]:
        return laying_templates.lay_templates(templates_table.read_versions(rows, problems), problems, timezone.now())


class IndicatorResource(TableResource):
    """An indicator file as the next version of `template`, compared with its newest one."""

    name = _("indicators")
    required, optional = template_file.REQUIRED, template_file.OPTIONAL

    def __init__(self, template: ReportTemplate | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template = template

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> list[Change]:
        indicators = template_file.parse_rows(rows, configuring.level_codes(), problems)
        newest = self.template.versions.first() if self.template else None
        before = _cells_by_code(newest)
        if self.template:
            self.made = configuring.add_version(
                self.template.code,
                self.template.name,
                indicators,
                name_en=self.template.name_en,
                texts=configuring.texts_for(newest, indicators),
            )
        changes = [Change(before.pop(indicator.code, None), template_file.cells_of(indicator)) for indicator in indicators]
        return [*changes, *(Change(cells, None) for cells in before.values())]


def _cells_by_code(version: TemplateVersion | None) -> dict[str, list[str]]:
    return {row.code: template_file.cells_of(row.to_domain()) for row in version.indicators.all()} if version else {}


class ReportStatusResource(TableResource):
    """How reports stand (docs/interfaces.md, "Status out"), with their cycle and the unit's name. Only to be read."""

    name = _("status of reports")
    required = ("cycle", "unit_uid", "unit", "level", "state", "due_at", "first_submitted_at", "timeliness", "flags")

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        for report in queryset:
            yield (
                report.cycle.code,
                report.unit.uid,
                report.unit.name,
                report.level.code,
                report.state,
                _moment(report, report.due_at),
                _moment(report, report.first_submitted_at),
                report.timeliness,
                "|".join(sorted(flag.kind for flag in report.open_flags)),
            )


def _moment(report: Report, moment: datetime | None) -> str:
    return timezone.localtime(moment, report.cycle.zone).isoformat(timespec="seconds") if moment else ""
