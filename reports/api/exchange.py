"""A cycle exchanged whole: its figures as DHIS2 and ADX have them, what DHIS2 has to know before, and files of figures in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from ninja import File, Query, Schema
from ninja.files import UploadedFile

from accounts.models import Scope
from reports import policies
from reports.api import reach
from reports.api.door import Resource
from reports.api.problems import too_large
from reports.api.versions import overwrite_unseen
from reports.api.words import Code
from reports.documents.dhis2.metadata_out import metadata
from reports.documents.dhis2.names import Names
from reports.documents.dhis2.values_out import MEDIA_TYPES, Form, data_values
from reports.documents.figures_in import figures_in_file
from reports.domain.workflow import State
from reports.queries.counted_figures import counted_figures
from reports.queries.cycle_units import CycleUnits
from reports.services.importing import Journey, import_runs
from units.hostile_files import MOST_MEGABYTES
from units.problems import Problems

exchange = Resource("Exchange")


class ValuesForm(Schema):
    """A data value set of DHIS2 as JSON or XML, or ADX."""

    form: Literal["json", "xml", "adx"] = "json"


@exchange.file("/cycles/{code}/dhis2/metadata", MEDIA_TYPES[Form.JSON])
def dhis2_metadata(request: HttpRequest, code: Code) -> StreamingHttpResponse:
    """The cycle's units in reach, its data elements and its data set, as /api/metadata of DHIS2 takes them."""
    cycle, user = reach.cycle(request, code), reach.user_of(request)
    reports = policies.reports_in_reach(user).filter(cycle=cycle)
    lines = metadata(cycle, Names(cycle), CycleUnits(reports, policies.units_to_read(user)), Problems())
    return _file(lines, Form.JSON, f"{cycle.code}-metadata")


@exchange.file("/cycles/{code}/dhis2/values", *MEDIA_TYPES.values())
def dhis2_values(request: HttpRequest, code: Code, asked: Annotated[ValuesForm, Query()]) -> StreamingHttpResponse:
    """What each accepted report in reach gives to the totals above it, by code: DHIS2 adds it up by itself."""
    cycle, form = reach.cycle(request, code), Form[asked.form.upper()]
    units = counted_figures(cycle, policies.reports_in_reach(reach.user_of(request)))
    return _file(data_values(form, Names(cycle), units, timezone.now()), form, cycle.code)


def _file(lines: Iterable[str], form: Form, name: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(lines, content_type=MEDIA_TYPES[form])
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"{name}.{form.value}") or ""
    return answer


class FiguresTaken(Schema):
    """How many figures were written, in how many reports."""

    reports: int
    figures: int


@exchange.post("/cycles/{code}/figures", FiguresTaken, Scope.FILL, versioned=True)
def take_figures(request: HttpRequest, code: Code, file: File[UploadedFile]) -> dict[str, int]:
    """Figures of a file into the cycle's reports, all or none: CSV or a workbook, a data value set of DHIS2 (JSON, XML, CSV), or ADX.

    The reports become drafts. It takes `If-Match: *`, since it overwrites what stands in the cells that it names.
    """
    cycle, user = reach.cycle(request, code), reach.user_of(request)
    overwrite_unseen(request)
    if (file.size or 0) > MOST_MEGABYTES << 20:
        raise too_large()
    problems = Problems()
    source: Any = file
    figures = figures_in_file(source, cycle, user, problems, file.name or "", Problems())
    taken = import_runs(cycle, figures, problems, Journey(State.DRAFT, user, timezone.now()))
    return {"reports": taken.reports, "figures": taken.figures}
