"""Files of ill will at every door: refused with a message, nothing written, and never more memory than a file may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from reports.documents.makers import MAKERS
from reports.models import Attachment, BackgroundJob, DocumentTemplate, JournalEntry, Report, TemplateVersion
from reports.services import background_jobs
from tests.builders import Play
from tests.entrypoints.admin_client import administrator
from tests.entrypoints.cli import manage
from tests.entrypoints.pages import given_form_cycle, looked_at, officers, said, signed_in
from tests.hostile import WORKBOOKS, book, changed, sheet_of, words_of
from tests.memory import in_a_process
from units.models import Unit

pytestmark = [pytest.mark.django_db, pytest.mark.once]  # refused before any database is asked
MOST_MEGABYTES = 400


@pytest.fixture(autouse=True)
def _in_time_and_own_store(settings: Any, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path / "media"
    with looked_at():
        yield


@dataclass(frozen=True)
class World:
    """A cycle, an officer of its commune, an administrator, and a folder of files."""

    play: Play
    officer: Any
    administrator: Any
    folder: Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    play = given_form_cycle()
    return World(play, signed_in(officers()["commune"]), administrator(), tmp_path)


def sent(client: Any, address: str, content: bytes, field: str = "file", **more: str) -> Any:
    return client.post(address, {field: SimpleUploadedFile("so lieu.xlsx", content), **more}, follow=True)


def told_of_a_report(world: World, content: bytes) -> str:
    page = sent(world.officer, f"/reports/{world.play.report('H2').pk}/workbook/", content)
    assert page.status_code == 422
    return " ".join(problem.message for problem in page.context["sent"].problems)


def told_of_many(world: World, content: bytes) -> str:
    page = sent(world.officer, f"/reports/{world.play.report('C').pk}/below/workbook/", content)
    background_jobs.run_next(MAKERS, timezone.now())
    job = BackgroundJob.objects.last()
    if job is None:
        return " ".join(said(page))
    assert job.state == "failed"
    told = " ".join(problem.message for problem in background_jobs.problems_of(job))
    job.delete()
    return told


def told_of_units(world: World, content: bytes) -> str:
    page = sent(world.administrator, "/admin/units/unit/import/", content, "import_file", format="0", resource="0")
    return " ".join(page.context["form"].errors["import_file"])


def told_of_a_word_file(world: World, content: bytes) -> str:
    page = sent(world.administrator, "/admin/reports/documenttemplate/add/", content, name="Mẫu")
    return " ".join(page.context["adminform"].form.errors["file"])


def told_of_an_attachment(world: World, content: bytes) -> str:
    page = sent(world.officer, f"/reports/{world.play.report('C').pk}/attachments/", content)
    assert page.status_code == 422
    return " ".join(problem.message for problem in page.context["sent"].problems)


def told_by(command: str, *options: str) -> Callable[[World, bytes], str]:
    def told(world: World, content: bytes) -> str:
        file = world.folder / "tep.xlsx"
        file.write_bytes(content)
        cycle = [world.play.cycle.code] if command == "import_reports" else []
        return " ".join(manage(command, *cycle, file, *options).problems)

    return told


DOORS = {
    "a report's workbook": told_of_a_report,
    "a workbook for many": told_of_many,
    "a table of configuration": told_of_units,
    "a document template": told_of_a_word_file,
    "an attachment": told_of_an_attachment,
    "import_reports": told_by("import_reports"),
    "import_units": told_by("import_units"),
    "reorganise": told_by("reorganise"),
    "import_template": told_by("import_template", "--code", "moi", "--name", "Mới"),
}


def what_stands() -> list[Any]:
    counts = [model.objects.count() for model in (JournalEntry, Attachment, DocumentTemplate, TemplateVersion, BackgroundJob, Unit)]
    return [*counts, *Report.objects.order_by("pk").values_list("version", "own")]


@pytest.mark.parametrize("door", DOORS)
def test_it_is_refused_with_a_message_and_nothing_is_written(world: World, settings: Any, door: str):
    before = what_stands()
    for name, make in WORKBOOKS.items():
        assert DOORS[door](world, make()), name
    assert what_stands() == before
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "address",
    ["/reports/{H2}/workbook/", "/reports/{C}/below/workbook/", "/reports/{C}/attachments/", "/admin/units/unit/import/",
     "/admin/reports/documenttemplate/add/"],
)  # fmt: skip
def test_200_megabytes_are_not_read_at_any_door(world: World, address: str):
    place = address.format(**{uid: world.play.report(uid).pk for uid in ("H2", "C")})
    client = world.administrator if "admin" in address else world.officer
    answer = client.generic("POST", place, b"x", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(200 << 20))
    assert answer.status_code == 413
    assert "30" in answer.content.decode()


def test_a_file_of_200_megabytes_is_refused_by_the_command(world: World):
    file = world.folder / "lon.xlsx"
    with file.open("wb") as sparse:
        sparse.write(b"PK\x03\x04")
        sparse.truncate(200 << 20)
    assert "20 MB" in " ".join(manage("import_reports", world.play.cycle.code, file).problems)


# --- Memory -----------------------------------------------------------------------------------------


def full(rows: int, columns: int, word: str) -> bytes:
    """A workbook that has as many words as there may be, and whose every cell shows one."""
    row = "<row>" + '<c t="s"><v>7</v></c>' * columns + "</row>"
    return changed(book(), sheet_of(row * rows) | words_of(*[word] * min(rows * columns, 900_000)))


READERS = {
    "a report's workbook": """
from reports.documents.grids import open_sheets
from reports.documents.report_workbook_in import ROOM, SheetCells
held = [SheetCells(sheet, is_first=True) for sheet in open_sheets(file, ROOM)]
""",
    "a table of configuration": """
from units.problems import Problems, Refused
from units.tables.formats import Sent
try:
    next(Sent(file.read()).rows(["a"], [], Problems()))
except Refused:
    pass
""",
}
#: each letter takes four bytes where one of them is none of the Latin ones
WORD = "x" * 40 + "😀"
FULL = {
    "a report's workbook": (3_000, 100),
    "a table of configuration": (22_000, 100),
}


@pytest.mark.parametrize("door", READERS)
def test_the_fullest_file_that_is_taken_takes_less_than_400_megabytes(tmp_path: Path, door: str):
    """A workbook for many is read as a table of configuration is, and holds less than half as much."""
    (tmp_path / "a.xlsx").write_bytes(full(*FULL[door], WORD))
    program = f"import django; django.setup(); file = open({str(tmp_path / 'a.xlsx')!r}, 'rb'){READERS[door]}"
    _said, megabytes = in_a_process(program)
    assert megabytes < MOST_MEGABYTES
