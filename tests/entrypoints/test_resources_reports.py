from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.test import Client

from reports.models import Cycle, CycleLevel, DayOff
from reports.services import opening
from tests.builders import NOON, given_cycle
from tests.entrypoints.admin_client import address, confirm, preview, said
from units.models import Level

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]


def kinds(previewed: Any) -> list[str]:
    """What the rows of a preview do, in their order; those that change nothing are counted only."""
    result = previewed.context["result"]
    return [*(row.import_type for row in result.rows), *["skip"] * result.unchanged]


def wrong(previewed: Any) -> list[tuple[int, list[str]]]:
    return [(row.number, row.error.messages) for row in previewed.context["result"].invalid_rows]


def test_days_off_are_previewed_with_differences_and_imported_once_confirmed(admin: Client) -> None:
    DayOff.objects.create(day=date(2025, 6, 16), name="cũ")
    DayOff.objects.create(day=date(2025, 6, 18), name="vẫn")
    previewed = preview(admin, "dayoff", "day,name\n2025-06-16,mới\n17/06/2025,thêm\n2025-06-18,vẫn\n")
    assert kinds(previewed) == ["update", "new", "skip"]
    assert "<del>cũ</del> <ins>mới</ins>" in previewed.content.decode()
    assert DayOff.objects.count() == 2
    confirm(admin, "dayoff", previewed)
    days = [("2025-06-16", "mới"), ("2025-06-17", "thêm"), ("2025-06-18", "vẫn")]
    assert [(str(row.day), row.name) for row in DayOff.objects.all()] == days


def test_a_workbook_of_days_off_is_taken_too(admin: Client) -> None:
    book = openpyxl.Workbook()
    for row in (["day", "name"], [date(2025, 6, 16), "một"], ["2025-06-17", "hai"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    confirm(admin, "dayoff", preview(admin, "dayoff", file.getvalue(), "ngay.xlsx"))
    assert [(str(row.day), row.name) for row in DayOff.objects.all()] == [("2025-06-16", "một"), ("2025-06-17", "hai")]


def test_a_day_that_is_none_is_refused_with_its_row_and_nothing_is_imported(admin: Client) -> None:
    previewed = preview(admin, "dayoff", "day,name\n2025-06-16,a\n06/17/2025,b\n")
    assert wrong(previewed) == [(3, ["“06/17/2025” is no day: write 2025-06-14 or 14/06/2025."])]
    assert "confirm_form" not in previewed.context
    assert not DayOff.objects.exists()


def test_a_file_without_the_columns_is_refused_without_a_traceback(admin: Client) -> None:
    page = preview(admin, "dayoff", "ngay,ten\n2025-06-16,a\n")
    assert [(row.number, *row.error_dict) for row in page.context["result"].invalid_rows][:2] == [(1, "day"), (1, "name")]
    assert "Traceback" not in page.content.decode()
    assert not DayOff.objects.exists()


def test_exported_days_off_read_back_unchanged(admin: Client) -> None:
    DayOff.objects.create(day=date(2025, 6, 16), name="nghỉ")
    form = {"format": "0", "resource": "0"}
    exported = admin.post(address("dayoff", "export"), form).content
    assert kinds(preview(admin, "dayoff", exported)) == ["skip"]


HEADER = "cycle,level,due_on,needs_approval\n"


def a_planned_cycle(code: str = "KH") -> Cycle:
    other = given_cycle(outline={"P": ["D"]}, levels=["province", "district"]).cycle
    cycle = Cycle.objects.create(
        code=code, version=other.version, period="2025-Y", first_day=date(2024, 12, 15), cut_off=date(2025, 12, 14),
        reference_day=date(2025, 12, 14),
    )  # fmt: skip
    cycle.units.set(other.units.all())
    return cycle


def test_due_days_of_a_planned_cycle_are_imported_and_move_to_working_days(admin: Client) -> None:
    cycle = a_planned_cycle()
    CycleLevel.objects.create(cycle=cycle, level=Level.objects.get(code="province"), due_on=date(2025, 12, 18))
    content = f"{HEADER}KH,province,2025-12-19,yes\nKH,district,2025-12-20,\n"
    previewed = preview(admin, "cyclelevel", content)
    assert kinds(previewed) == ["update", "new"]
    assert "<del>2025-12-18</del> <ins>2025-12-19</ins>" in previewed.content.decode()
    confirm(admin, "cyclelevel", previewed)
    rows = [(row.level.code, str(row.due_on), row.needs_approval) for row in cycle.levels.all()]
    assert rows == [("province", "2025-12-19", True), ("district", "2025-12-22", False)]
    assert kinds(preview(admin, "cyclelevel", content)) == ["skip", "skip"]


def test_due_days_of_an_open_cycle_are_history(admin: Client) -> None:
    cycle = given_cycle(outline={"P": ["D"]}, levels=["province", "district"]).cycle
    before = list(CycleLevel.objects.values())
    unchanged = f"{HEADER}{cycle.code},province,2025-06-18,\n"
    assert kinds(preview(admin, "cyclelevel", unchanged)) == ["skip"]
    previewed = preview(admin, "cyclelevel", f"{HEADER}{cycle.code},province,2025-06-20,\n{cycle.code},commune,2025-06-20,\n")
    message = f"The cycle “{cycle.code}” has been opened: its due days are history. Extend single reports instead."
    assert wrong(previewed) == [(2, [message]), (3, [message])]
    assert list(CycleLevel.objects.values()) == before


def test_a_cycle_that_was_opened_between_preview_and_confirmation_keeps_its_due_days(admin: Client) -> None:
    cycle = a_planned_cycle()
    CycleLevel.objects.create(cycle=cycle, level=Level.objects.get(code="province"), due_on=date(2025, 12, 18))
    previewed = preview(admin, "cyclelevel", f"{HEADER}KH,district,2025-12-17,\nKH,province,2025-12-19,\n")
    opening.open_cycle(cycle, NOON)
    response = confirm(admin, "cyclelevel", previewed)
    assert response["Location"] == address("cyclelevel", "import")
    assert len(said(response)) == 2
    assert [(row.level.code, str(row.due_on)) for row in cycle.levels.all()] == [("province", "2025-12-18")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("nowhere,province,2025-12-19,", "There is no “nowhere” here."),
        ("KH,planet,2025-12-19,", "There is no “planet” here."),
        ("KH,province,2025-12-19,maybe", "“maybe” is neither yes nor no (nor empty)."),
        ("KH,province,,", "The cell is empty; write a day, such as 2025-06-14."),
    ],
)
def test_a_due_day_that_does_not_fit_is_refused(admin: Client, row: str, message: str) -> None:
    cycle = a_planned_cycle()
    previewed = preview(admin, "cyclelevel", f"{HEADER}{row}\n")
    assert wrong(previewed) == [(2, [message])]
    assert not cycle.levels.exists()
