"""The register of Dân vận khéo models as a workbook, and as rows for scripts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.documents.workbooks import Book, Cell, Column
from reports.models import SkilfulModel
from reports.models.skilful_model import label_of
from reports.services.registering import CONTENT
from units.csv_files import harmless

#: what a file for scripts calls its columns (docs/interfaces.md)
COLUMNS = ("unit_uid", "unit", "registered_on", *CONTENT, "state", "effective", "recognised_level", "recognised_on", "changed_on")


def register_book(models: Iterable[SkilfulModel], at: datetime) -> bytes:
    """A row for each model, loaded `for_display`, as the register stands at moment `at`."""
    title = _("Register of Dân vận khéo models")
    book = Book(title)
    columns = [
        Column(_("Unit"), 30),
        Column(_("Superior unit"), 30),
        *(Column(label_of(name), 14 if name in ("field", "people") else 28) for name in CONTENT),
        Column(label_of("registered_on"), 13),
        Column(label_of("state"), 18),
        Column(label_of("is_effective"), 12),
        Column(label_of("recognised_level"), 16),
        Column(label_of("recognised_on"), 13),
    ]
    moment = _("As at %(moment)s") % {"moment": date_format(localtime(at), "DATETIME_FORMAT")}
    sheet = book.sheet(_("Dân vận khéo"), [title, moment], columns, frozen=1, pages_wide=2)
    for model in models:
        sheet.row(_cells(model))
    sheet.filtered()
    return book.content()


def _cells(model: SkilfulModel) -> list[Cell]:
    said: list[Cell] = [str(model.get_field_display()) if name == "field" else getattr(model, name) for name in CONTENT]
    return [
        str(model.unit),
        str(model.unit.parent) if model.unit.parent else None,
        *said,
        model.registered_on,
        str(model.get_state_display()),
        {True: _("yes"), False: _("no")}.get(model.is_effective) if model.is_effective is not None else None,
        str(model.recognised_level) if model.recognised_level else None,
        model.recognised_on,
    ]


def register_csv(models: Iterable[SkilfulModel]) -> bytes:
    """The same for scripts; the mark at the beginning tells spreadsheets that it is UTF-8."""
    stream = io.StringIO("\ufeff", newline="")
    stream.seek(0, io.SEEK_END)
    csv.writer(stream).writerows([harmless(cell) for cell in row] for row in register_rows(models))
    return stream.getvalue().encode()


def register_rows(models: Iterable[SkilfulModel]) -> Iterator[list[str]]:
    """The header and a row for each model: days as YYYY-MM-DD, codes of field, state and level, yes and no."""
    yield list(COLUMNS)
    for model in models:
        yield [
            model.unit.uid,
            model.unit.name,
            model.registered_on.isoformat(),
            *("" if getattr(model, name) is None else str(getattr(model, name)) for name in CONTENT),
            model.state,
            "" if model.is_effective is None else "yes" if model.is_effective else "no",
            model.recognised_level.code if model.recognised_level else "",
            model.recognised_on.isoformat() if model.recognised_on else "",
            model.changed_on.isoformat(),
        ]
