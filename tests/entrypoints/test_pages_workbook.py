"""A report as a workbook: downloaded, filled in, sent back, looked over, written."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.pages import LOOKED_AT, given_form_cycle, looked_at, officers, signed_in, text_of
from tests.office import needs_office, saved_by_office
from tests.sheets import PROGRAMS, as_text, rows_of
from units.file_kinds import Kind, kind_of

pytestmark = pytest.mark.django_db
FILLED = {
    "ho": "120", "ngheo": "7", "tien": "1234567.5", "co_to": "yes", "loai": "kha",
    "uu_diem": "=cmd|' /C calc'!A0\nTốt", "bang": '[["Làm đường", "=1+1"]]',
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_time():
    with looked_at():
        yield


@pytest.fixture
def play() -> Play:
    return given_form_cycle()


@pytest.fixture
def officer(play: Play) -> Any:
    return signed_in(officers()["hamlet"])


def fetched(client: Any, play: Play, uid: str = "H1") -> bytes:
    answer = client.get(f"/reports/{play.report(uid).pk}/workbook.xlsx")
    assert answer.status_code == 200
    return answer.content


def edited(content: bytes, **values: Any) -> bytes:
    """The workbook with the figures of these codes filled in, as a person does it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book.worksheets[:2]:
        for row in sheet.iter_rows():
            code = row[-1].value
            if code in values:
                row[3 if sheet is book.worksheets[0] else 1].value = values[code]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sent(client: Any, play: Play, content: bytes, name: str = "so lieu.xlsx", uid: str = "H1") -> Any:
    return client.post(f"/reports/{play.report(uid).pk}/workbook/", {"file": SimpleUploadedFile(name, content)})


def changes(page: Any) -> dict[str, tuple[str, str, str]]:
    return {each["code"]: (each["effect"], each["now"], each["then"]) for each in page.context["changes"]}


def applied(client: Any, play: Play, page: Any, uid: str = "H1", **choices: str) -> Any:
    posted = {"changes": page.context["sent"], **{f"choose-{code}": choice for code, choice in choices.items()}}
    return client.post(f"/reports/{play.report(uid).pk}/workbook/apply/", posted, follow=True)


def test_what_is_not_touched_is_no_change(play: Play, officer: Any):
    assert changes(sent(officer, play, fetched(officer, play))) == {}
    play.save("H1", **FILLED)
    content = fetched(officer, play)
    assert changes(sent(officer, play, content)) == {}
    assert changes(sent(officer, play, edited(content))) == {}
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert {cell.data_type for sheet in book.worksheets[1:] for row in sheet.iter_rows() for cell in row} <= {"s", "n"}


def test_what_a_workbook_says_of_its_own_accord_is_no_change_until_somebody_enters_something():
    with looked_at(LOOKED_AT + timedelta(seconds=1)):
        version = given_template(
            indicator("tra_loi", "table", columns="Việc|Ai|Hạn|Kết quả|Lý do", levels="commune", source="answers:giao"),
            indicator("giao", "table", columns="Việc|Ai|Hạn", levels="commune", source="tasks"),
            indicator("so", levels="commune"),
        )
    given_cycle(version).hand_in("C", giao='[["Xây dựng đề án", "Ban Dân vận", "30/11/2025"]]')
    play = given_cycle(version, period="2025-H2", due=date(2025, 12, 18))
    officer = signed_in(officers()["commune"])
    content = fetched(officer, play, "C")
    assert changes(sent(officer, play, content, uid="C")) == {}
    page = sent(officer, play, edited(content, so=1), uid="C")
    assert {code: effect for code, (effect, _now, _then) in changes(page).items()} == {"so": "new", "tra_loi": "new"}


def test_what_is_nobodys_to_enter_is_locked_and_what_is_entered_is_checked(play: Play, officer: Any):
    book = openpyxl.load_workbook(io.BytesIO(fetched(officer, play)))
    figures, words, table = book.worksheets[:3]
    assert all(sheet.protection.sheet for sheet in (figures, words, table))
    unlocked = {row[-1].value for row in figures.iter_rows() for cell in row if not cell.protection.locked}
    assert unlocked == {"ho", "ngheo", "tien", "co_to", "loai"}
    assert {row[-1].value for row in words.iter_rows() for cell in row if not cell.protection.locked} == {"uu_diem"}
    assert (table["A1"].protection.locked, table["A4"].protection.locked) == (True, False)
    assert {str(check.type) for check in figures.data_validations.dataValidation} == {"whole", "decimal", "list"}
    (rate,) = [row[3].value for row in figures.iter_rows() if row[-1].value == "ty_le"]
    assert rate.startswith("=")


def test_a_workbook_that_was_filled_in_is_looked_over_and_written_once(play: Play, officer: Any):
    content = edited(fetched(officer, play), ho=120, ngheo="7", tien=1.5, co_to="Yes", loai="kha", uu_diem="Tốt")
    page = sent(officer, play, content)
    assert changes(page) | {"co_to": ("new", "", "x"), "loai": ("new", "", "x")} == {
        "ho": ("new", "", "120"), "ngheo": ("new", "", "7"), "tien": ("new", "", "1,5"),
        "co_to": ("new", "", "x"), "loai": ("new", "", "x"), "uu_diem": ("new", "", "Tốt"),
    }  # fmt: skip
    assert play.report("H1").own == {}
    applied(officer, play, page)
    own = {"ho": 120, "ngheo": 7, "tien": "1.5", "co_to": True, "loai": "kha", "uu_diem": "Tốt"}
    assert play.report("H1").own == own
    version = play.report("H1").version
    applied(officer, play, page)
    assert (play.report("H1").own, play.report("H1").version) == (own, version)


def test_cells_are_changed_and_cleared_and_wrong_ones_are_named(play: Play, officer: Any):
    play.save("H1", ho="9", ngheo="1", tien="2")
    content = edited(fetched(officer, play), ho=10, ngheo=None, tien="1,234.5", co_to='=HYPERLINK("x")', loai="rất tốt")
    page = sent(officer, play, content)
    assert changes(page) == {"ho": ("changed", "9", "10"), "ngheo": ("cleared", "1", "")}
    told = {each["name"]: (each["address"], each["reason"]) for each in page.context["refused"]}
    assert told.keys() == {"Kinh phí", "Có tổ", "Xếp loại"}
    assert told["Có tổ"][0] == "D11"
    applied(officer, play, page)
    assert play.report("H1").own == {"ho": 10, "tien": "2"}


def test_wrong_cells_of_a_table_are_named_each_by_its_own_address(play: Play, officer: Any):
    book = openpyxl.load_workbook(io.BytesIO(fetched(officer, play)))
    table = book.worksheets[2]
    for address, value in {"A4": "Làm đường", "B4": "=1+1", "A6": '=HYPERLINK("x")', "B7": "x" * 20_001}.items():
        table[address] = value
    stream = io.BytesIO()
    book.save(stream)
    page = sent(officer, play, stream.getvalue())
    assert [each["address"] for each in page.context["refused"]] == [f"{table.title}!{place}" for place in ("B4", "A6", "B7")]
    assert changes(page) == {}


def test_words_in_an_old_font_are_converted_and_said_so(play: Play, officer: Any):
    book = openpyxl.load_workbook(io.BytesIO(edited(fetched(officer, play), uu_diem="Nh©n d©n ®ång thuËn, UBND quan t©m")))
    table = book.worksheets[2]
    table["A4"], table["B4"], table["A5"] = "Laøm ñöôøng", "Toát", "Coâng taùc"
    stream = io.BytesIO()
    book.save(stream)
    page = sent(officer, play, stream.getvalue())
    assert changes(page) == {
        "uu_diem": ("new", "", "Nhân dân đồng thuận, UBND quan tâm"),
        "bang": ("new", "", "Làm đường · Tốt\nCông tác · "),
    }
    assert ["TCVN3" in notice for notice in page.context["notices"]] == [True, False]
    applied(officer, play, page)
    assert play.report("H1").own["bang"] == [["Làm đường", "Tốt"], ["Công tác", ""]]


def test_what_somebody_else_changed_meanwhile_is_shown_and_a_person_chooses(play: Play, officer: Any):
    play.save("H1", ho="9", ngheo="1", tien="2")
    content = edited(fetched(officer, play), ho=10, ngheo=3, co_to="có lẽ")
    play.save("H1", ho="11", tien="5")
    page = sent(officer, play, content)
    assert changes(page) == {"ho": ("clash", "11", "10"), "ngheo": ("changed", "1", "3"), "tien": ("theirs", "5", "2")}
    assert [each["name"] for each in page.context["refused"]] == ["Có tổ"]
    again = applied(officer, play, page)
    assert again.status_code == 422
    assert (changes(again), again.context["refused"]) == (changes(page), page.context["refused"])
    assert play.report("H1").own["ngheo"] == 1
    applied(officer, play, page, ho="theirs")
    assert play.report("H1").own == {"ho": 11, "ngheo": 3, "tien": "5"}
    fresh = sent(officer, play, content)
    play.save("H1", tien="6", at=LOOKED_AT)
    applied(officer, play, fresh, ho="mine")
    assert play.report("H1").own == {"ho": 11, "ngheo": 3, "tien": "6"}


def test_a_wrong_file_is_told_apart_from_a_wrong_cell(play: Play, officer: Any):
    content = fetched(officer, play)

    def said(file: bytes) -> str:
        page = sent(officer, play, file)
        assert page.status_code == 422
        return " ".join(problem.message for problem in page.context["sent"].problems)

    def another(old: str, new: str) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(content))
        for sheet in (book.worksheets[0], book["danvan"]):
            for cell in sheet["A"]:
                if str(cell.value).startswith("danvan-report-1|"):
                    cell.value = cell.value.replace(old, new)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    assert "another unit" in said(another("|H1|", "|H2|"))
    assert "another cycle" in said(another(f"|{play.cycle.code}|", "|khác|"))
    assert "another version" in said(another("|1|0", "|2|0"))
    assert "newer state" in said(another("|1|0", "|1|9"))
    assert "no workbook" in said(b"MZ\0") + said(b"\0\0")
    assert "does not say" in said(b"a,b\n1,2\n")
    assert "PDF" not in said(b"a,b\n1,2\n")


def test_only_who_may_fill_in_a_report_gets_and_sends_its_workbook(play: Play, officer: Any):
    content = fetched(officer, play)
    for name in ("xem", "huyen"):
        other = signed_in(get_user_model().objects.get(username=name))
        assert other.get(f"/reports/{play.report('H1').pk}/workbook.xlsx").status_code == 404
        assert sent(other, play, edited(content, ho=1)).status_code == 422
    stranger = signed_in(get_user_model().objects.get(username="khach"))
    assert sent(stranger, play, content).status_code == 404
    page = sent(officer, play, edited(content, ho=1))
    assert applied(signed_in(get_user_model().objects.get(username="xa")), play, page).status_code == 200
    assert play.report("H1").own == {}


@pytest.mark.parametrize(("encoding", "separator"), [("utf-8-sig", ","), ("cp1258", ";"), ("utf-16", "\t")])
def test_a_sheet_saved_as_text_is_read_in_the_letters_that_it_has(play: Play, officer: Any, encoding: str, separator: str):
    figures, *_others = rows_of(edited(fetched(officer, play), ho="1.234", tien="0,5"))
    page = sent(officer, play, as_text(figures, encoding, separator), "x.csv")
    assert changes(page) == {"ho": ("new", "", "1.234"), "tien": ("new", "", "0,5")}


@pytest.mark.parametrize("program", PROGRAMS)
def test_whatever_program_saved_it_the_same_is_read(play: Play, officer: Any, program: str):
    play.save("H1", ho="9")
    narrative = "Nhân dân đồng thuận, hưởng ứng phong trào thi đua."
    content = edited(fetched(officer, play), ho="1.234", tien=0.1 + 0.2, co_to=True, uu_diem=narrative)
    figures, words, table, hidden = rows_of(content)
    table[3:5] = [["Làm đường", date(2025, 6, 16)], ["Họp dân", "16/06/2025"]]
    page = sent(officer, play, PROGRAMS[program].write(figures, words, table, hidden))
    assert changes(page) == {
        "ho": ("changed", "9", "1.234"), "tien": ("new", "", "0,3"), "co_to": ("new", "", "có"), "uu_diem": ("new", "", narrative),
        "bang": ("new", "", "Làm đường · 16/06/2025\nHọp dân · 16/06/2025"),
    }  # fmt: skip
    assert page.context["refused"] == []


def test_figures_survive_to_the_last_digit():
    with looked_at(LOOKED_AT + timedelta(seconds=1)):  # a published version is kept in memory by its moment
        version = given_template(*(indicator(code, "decimal", decimals=6, negative=True) for code in "abcde"))
    play = given_cycle(version)
    officer = signed_in(officers()["hamlet"])
    figures = {
        "a": "999999999999999.999999",
        "b": "-123456789012345.000001",
        "c": "0.000001",
        "d": "9007199254.740993",
        "e": "123456789.123456",
    }
    play.save("H1", **figures)
    content = fetched(officer, play)
    assert changes(sent(officer, play, content)) == {}
    assert changes(sent(officer, play, edited(content))) == {}
    assert play.report("H1").own == figures


@needs_office
@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_libreoffice_saves_it_and_nothing_is_changed(play: Play, officer: Any, tmp_path: Path, ending: str):
    play.save("H1", **{**FILLED, "uu_diem": "Tốt,\nrất tốt"})
    (tmp_path / "a.xlsx").write_bytes(edited(fetched(officer, play), ho=200))
    content = saved_by_office(tmp_path / "a.xlsx", ending).read_bytes()
    assert kind_of(io.BytesIO(content)) is Kind[ending.upper()]
    page = sent(officer, play, content)
    assert changes(page) == {"ho": ("changed", "120", "200")}
    assert page.context["refused"] == []
    assert "200" in text_of(page)
    figures = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert next(row[3] for row in figures if "ty_le" in row) == 3.5, "computed anew, of 7 and 200"


def test_an_upload_that_announces_200_megabytes_is_not_read(officer: Any, play: Play):
    url = f"/reports/{play.report('H1').pk}/workbook/"
    assert officer.generic("POST", url, b"x", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(200 << 20)).status_code == 413
