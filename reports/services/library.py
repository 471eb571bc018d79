"""The project's own library of templates: an index (`data/templates.csv`), an indicator file for each, and what its sections say.

Adding a template is adding its file, `NAME.texts.csv` beside it where sections say something in documents, and its line of the index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.db import transaction

from reports.domain import indicators as domain
from reports.domain.template_file import parse_indicators, parse_texts
from reports.models import TemplateVersion
from reports.services import configuring
from units.csv_files import read_rows
from units.locks import hold
from units.problems import Problem, Problems, Refused, gettext_noop

LIBRARY = Path(apps.get_app_config("reports").path) / "data" / "templates.csv"
_COLUMNS = ("code", "file", "name", "name_en")
_LOADING = "reports.template-library"


@dataclass(frozen=True, slots=True)
class Book:
    """A template of the library, read and sound."""

    code: str
    name: str
    name_en: str
    indicators: Sequence[domain.Indicator]
    #: what it says in its sections, by section
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shelved:
    """A template of the library as it stands published in the database; `is_new` when this load made its version."""

    version: TemplateVersion
    is_new: bool


def load(at: datetime, index: Path = LIBRARY) -> list[Shelved]:
    """Publish, as of moment `at`, each template of the library whose content no version of it has yet; all or none.

    What was once published is passed over, so that a version which an administrator made of it stays the newest.
    Raises Refused with every problem of every file.
    """
    books = read(index)
    with transaction.atomic():
        hold(_LOADING)
        return [_shelve(book, at) for book in books]


def read(index: Path = LIBRARY) -> list[Book]:
    """The library's templates in the order of its index. Raises Refused with every problem of every file, named with it."""
    problems = Problems()
    levels = configuring.level_codes()
    books: list[Book] = []
    try:
        with index.open("rb") as source:
            rows = list(read_rows(source, _COLUMNS, (), problems))
    except Refused as refused:
        raise Refused([problem.at(file=index.name) for problem in refused.problems]) from refused
    problems = _named(problems, index.name)
    seen: set[str] = set()
    for line, row in rows:
        code = row["code"].strip()
        path = index.parent / row["file"].strip()
        if not code or not row["name"].strip() or not path.is_file():
            message = gettext_noop("Each template of the library has a code, a name and a file beside its index.")
            problems.add(Problem(message, line=line, file=index.name))
        elif code in seen:
            message = gettext_noop("“%(code)s” stands twice in the library.")
            problems.add(Problem(message, {"code": code}, line=line, column="code", file=index.name))
        else:
            seen.add(code)
            books += _book(code, row, path, levels, problems)
    problems.refuse_if_any()
    return books


def _book(code: str, row: dict[str, str], path: Path, levels: Sequence[str], problems: Problems) -> list[Book]:
    file = path
    try:
        with file.open("rb") as source:
            indicators = parse_indicators(source, levels)
        texts: Mapping[str, str] = {}
        file = path.with_suffix(".texts.csv")
        if file.is_file():
            with file.open("rb") as source:
                texts = parse_texts(source)
    except Refused as refused:
        problems.include(_named(refused.problems, file.name))
        return []
    return [Book(code, row["name"].strip(), row["name_en"].strip(), indicators, texts)]


def _named(problems: Problems, file: str) -> Problems:
    named = Problems()
    named.extend(problem.at(file=file) for problem in problems)
    named.count = problems.count
    return named


def _shelve(book: Book, at: datetime) -> Shelved:
    published = TemplateVersion.objects.filter(template__code=book.code, published_at__isnull=False)
    for version in published.order_by("-number").select_related("template"):
        texts = dict(version.texts.values_list("section", "text"))
        if list(version.compiled().indicators) == list(book.indicators) and texts == book.texts:
            return Shelved(version, is_new=False)
    version = configuring.add_version(book.code, book.name, book.indicators, name_en=book.name_en, texts=book.texts)
    configuring.publish(version, at)
    return Shelved(version, is_new=True)
