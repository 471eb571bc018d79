"""A workbook for many units: fetched, filled in, sent back, looked over in the background, written."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports import policies
from reports.documents.makers import MAKERS
from reports.domain.workflow import Action
from reports.models import BackgroundJob, JournalEntry, Report
from reports.policies import Standing
from reports.services import background_jobs, uploading
from tests.builders import Play, given_user
from tests.entrypoints.pages import given_form_cycle, looked_at, officers, said, signed_in, text_of
from tests.office import needs_office, saved_by_office
from tests.sheets import PROGRAMS, as_text, rows_of
from units.file_kinds import Kind, kind_of

pytestmark = pytest.mark.django_db
FILLED = {"ho": "120", "ngheo": "7", "tien": "1234567.5", "co_to": "yes", "loai": "kha", "uu_diem": "=cmd|' /C calc'!A0\nTốt"}


@pytest.fixture(autouse=True)
def _in_time():
    with looked_at():
        yield


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def play() -> Play:
    return given_form_cycle()


@pytest.fixture
def officer(play: Play) -> Any:
    """Of the commune, which fills in for its hamlets but the first, whose own officer does."""
    return signed_in(officers()["commune"])


def fetched(client: Any, play: Play, uid: str = "C") -> bytes:
    answer = client.get(f"/reports/{play.report(uid).pk}/below/workbook.xlsx")
    assert answer.status_code == 200
    return answer.content


def edited(content: bytes, values: dict[str, dict[str, Any]], **more: Any) -> bytes:
    """The workbook with these figures filled in, by unit and code, as a person does it who sees rows and heads."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    codes, rows = places(sheet)
    for uid, cells in values.items():
        for code, value in cells.items():
            sheet.cell(rows[uid], codes[code]).value = value
    for address, value in more.items():
        sheet[address] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def places(sheet: Any) -> tuple[dict[str, int], dict[str, int]]:
    """The column of each code, and the row of each unit."""
    head = next(row for row in sheet.iter_rows() if any(cell.value == "unit_uid" for cell in row))
    codes = {str(cell.value): cell.column for cell in head if cell.value is not None}
    below = range(head[0].row + 1, sheet.max_row + 1)
    return codes, {str(sheet.cell(row, codes["unit_uid"]).value): row for row in below}


def sent(client: Any, play: Play, content: bytes, name: str = "so lieu.xlsx", uid: str = "C") -> Any:
    """The page of the job that looked it over."""
    answer = client.post(f"/reports/{play.report(uid).pk}/below/workbook/", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 302
    if "/uploads/" not in answer.url:
        return client.get(answer.url)
    worked()
    return client.get(answer.url)


def worked() -> None:
    """What a worker does."""
    while background_jobs.run_next(MAKERS, timezone.now()):
        pass


def changes(page: Any) -> dict[str, tuple[str, str, str]]:
    shown = [*page.context["clashes"], *page.context["changes"]]
    return {f"{each['unit'].uid} {each['name']}": (each["effect"], each["now"], each["then"]) for each in shown}


def refused(page: Any) -> dict[str, str]:
    return {each["address"]: each["reason"] for each in page.context["refused"]}


def applied(client: Any, page: Any, **choices: str) -> Any:
    answer = client.post(f"/uploads/{page.context['job'].pk}/apply/", {name.replace("_", "-"): choice for name, choice in choices.items()})
    if answer.status_code != 302:
        return answer
    worked()
    return client.get(answer.url)


# --- Out and in -------------------------------------------------------------------------------------


def test_it_has_a_row_for_each_unit_that_somebody_fills_in_for_and_the_rest_is_locked(play: Play, officer: Any):
    play.save("H2", **FILLED)
    sheet = openpyxl.load_workbook(io.BytesIO(fetched(officer, play))).worksheets[0]
    codes, rows = places(sheet)
    assert [*rows] == ["C", "H2", "H3"]
    assert {"ho", "tien", "co_to", "loai", "uu_diem", "cuoc", "ty_le"} <= codes.keys()
    assert not {"bang", "diem"} & codes.keys(), "a table has no cell, and what the superior enters is theirs"
    assert (sheet.cell(rows["H2"], codes["ho"]).value, sheet.cell(rows["H2"], codes["tien"]).value) == (120, 1234567.5)
    unlocked = {
        (uid, code)
        for uid, row in rows.items()
        for code, column in codes.items()
        if not sheet.cell(row, column).protection.locked
    }  # fmt: skip
    hamlets = {(uid, code) for uid in ("H2", "H3") for code in ("ho", "ngheo", "tien", "co_to", "loai", "uu_diem")}
    assert unlocked == hamlets | {("C", "uu_diem"), ("C", "cuoc")}
    assert sheet.protection.sheet
    assert {str(check.type) for check in sheet.data_validations.dataValidation} == {"whole", "decimal", "list"}
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f" and "cmd" in str(cell.value)]


def test_what_is_not_touched_is_no_change(play: Play, officer: Any):
    assert changes(sent(officer, play, fetched(officer, play))) == {}
    play.save("H2", **FILLED)
    play.save("H3", ho="999999999999999", tien="9007199254.74")
    content = fetched(officer, play)
    assert changes(sent(officer, play, content)) == {}
    page = sent(officer, play, edited(content, {}))
    assert (changes(page), refused(page)) == ({}, {})


def test_it_is_looked_over_and_written_at_once_on_behalf_of_the_units(play: Play, officer: Any):
    play.save("H3", ho="9", ngheo="1")
    content = edited(
        fetched(officer, play),
        {"H2": {"ho": 120, "tien": "1.234,5", "co_to": "Có", "uu_diem": "Tốt"}, "H3": {"ho": 10, "ngheo": None}, "C": {"cuoc": 3}},
    )
    page = sent(officer, play, content)
    assert changes(page) == {
        "C Số cuộc": ("new", "", "3"),
        "H2 Số hộ": ("new", "", "120"),
        "H2 Kinh phí": ("new", "", "1.234,5"),
        "H2 Có tổ": ("new", "", "có"),
        "H2 Ưu điểm": ("new", "", "Tốt"),
        "H3 Số hộ": ("changed", "9", "10"),
        "H3 Hộ nghèo": ("cleared", "1", ""),
    }
    assert play.report("H2").own == {}
    done = applied(officer, page)
    assert done.context["job"].result == {"units": 3, "figures": 7}
    assert play.report("H2").own == {"ho": 120, "tien": "1234.5", "co_to": True, "uu_diem": "Tốt"}
    assert (play.report("H3").own, play.report("C").own) == ({"ho": 10}, {"cuoc": 3})
    entry = JournalEntry.objects.filter(report=play.report("H3")).latest("pk")
    assert (entry.on_behalf, str(entry.by), entry.changes) == (True, "xa", {"ho": [9, 10], "ngheo": [1, None]})
    versions = [play.report(uid).version for uid in ("C", "H2", "H3")]
    assert applied(officer, page).context["job"].result == {"units": 3, "figures": 7}
    assert [play.report(uid).version for uid in ("C", "H2", "H3")] == versions, "what was written once is not written again"


def test_wrong_cells_are_named_with_unit_and_address_and_the_others_are_written(play: Play, officer: Any):
    content = edited(
        fetched(officer, play),
        {"H2": {"ho": "khoảng 12", "tien": '=HYPERLINK("x")', "ngheo": 3}, "H3": {"co_to": "có lẽ", "ho": 5}, "C": {"ho": 7}},
    )
    page = sent(officer, play, content)
    assert changes(page) == {"H2 Hộ nghèo": ("new", "", "3"), "H3 Số hộ": ("new", "", "5")}
    told = {(each["unit"], each["name"]) for each in page.context["refused"]}
    assert told == {("Đơn vị H2", "Số hộ"), ("Đơn vị H2", "Kinh phí"), ("Đơn vị H3", "Có tổ"), ("Đơn vị C", "Số hộ")}
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    codes, rows = places(sheet)
    assert sheet.cell(rows["H2"], codes["ho"]).coordinate in refused(page)
    applied(officer, page)
    assert (play.report("H2").own, play.report("H3").own, play.report("C").own) == ({"ngheo": 3}, {"ho": 5}, {})


def test_what_somebody_else_changed_meanwhile_is_flagged_and_a_person_chooses(play: Play, officer: Any):
    play.save("H2", ho="9", ngheo="1", tien="2")
    content = edited(fetched(officer, play), {"H2": {"ho": 10, "ngheo": 3}, "H3": {"ho": 4}})
    play.save("H2", ho="11", tien="5")
    page = sent(officer, play, content)
    assert changes(page) == {
        "H2 Số hộ": ("clash", "11", "10"),
        "H2 Hộ nghèo": ("changed", "1", "3"),
        "H2 Kinh phí": ("theirs", "5", "2"),
        "H3 Số hộ": ("new", "", "4"),
    }
    again = applied(officer, page)
    assert again.status_code == 422
    assert changes(again) == changes(page)
    assert play.report("H3").own == {}
    applied(officer, page, choose_0="mine")
    assert (play.report("H2").own, play.report("H3").own) == ({"ho": 10, "ngheo": 3, "tien": "5"}, {"ho": 4})


def test_where_both_changed_more_than_a_page_names_one_choice_is_for_all(play: Play, officer: Any, monkeypatch: Any):
    monkeypatch.setattr("reports.documents.uploads.MOST_NAMED", 1)
    play.save("H2", ho="9", ngheo="1")
    content = edited(fetched(officer, play), {"H2": {"ho": 10, "ngheo": 3}, "H3": {"ho": 1}})
    play.save("H2", ho="11", ngheo="2")
    page = sent(officer, play, content)
    assert (len(page.context["clashes"]), page.context["more_clashes"]) == (1, 1)
    assert applied(officer, page, choose_0="mine").status_code == 422
    applied(officer, page, choose="theirs")
    assert (play.report("H2").own, play.report("H3").own) == ({"ho": 11, "ngheo": 2}, {"ho": 1})


def test_a_report_that_changed_after_the_look_stops_the_whole_of_it(play: Play, officer: Any):
    page = sent(officer, play, edited(fetched(officer, play), {"H2": {"ho": 10}, "H3": {"ho": 4}}))
    play.save("H3", ngheo="1")
    done = applied(officer, page)
    assert done.context["job"].state == "failed"
    assert [unit for unit, _reason in done.context["problems"]] == ["Đơn vị H3"]
    assert (play.report("H2").own, play.report("H3").own) == ({}, {"ngheo": 1})


# --- Whose it is ------------------------------------------------------------------------------------


def test_only_rows_of_units_that_one_may_fill_in_for_are_written(play: Play, officer: Any):
    content = fetched(officer, play)
    play.save("H3", ho="1", ngheo="0")
    play.submit("H3")
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    codes, rows = places(sheet)
    for number, uid in enumerate(["H1", "P", "khong co", "H2"], sheet.max_row + 1):
        sheet.cell(number, codes["unit_uid"]).value = uid
        sheet.cell(number, codes["uu_diem"]).value = "x"
    for uid in ("H2", "H3"):
        sheet.cell(rows[uid], codes["ho"]).value = 4
    stream = io.BytesIO()
    book.save(stream)
    page = sent(officer, play, stream.getvalue())
    assert changes(page) == {"H2 Số hộ": ("new", "", "4")}
    names = [each["unit"] for each in page.context["refused"]]
    assert sorted(names) == ["", "Đơn vị H1", "Đơn vị H2", "Đơn vị H3", "Đơn vị P"]
    assert len(set(refused(page).values())) == 5, "each for a reason of its own"


def test_nobody_else_gets_the_workbook_or_sees_what_was_sent(play: Play, officer: Any):
    page = sent(officer, play, edited(fetched(officer, play), {"H2": {"ho": 1}}))
    job = page.context["job"]
    for name, status in {"xem": 404, "tinh": 200, "khach": 404}.items():
        client = signed_in(get_user_model().objects.get(username=name))
        assert client.get(f"/reports/{play.report('C').pk}/below/workbook.xlsx").status_code == 404
        assert client.get(f"/uploads/{job.pk}/").status_code == client.post(f"/uploads/{job.pk}/apply/").status_code == 404
        assert client.get(f"/reports/{play.report('P').pk}/below/workbook.xlsx").status_code == status
    assert officer.get(f"/downloads/{job.pk}/").status_code == 404, "what it would change is no file to be fetched"
    assert f"/uploads/{job.pk}/" in officer.get("/downloads/").content.decode()
    get_user_model().objects.get(username="xa").memberships.all().delete()
    assert officer.get(f"/uploads/{job.pk}/").status_code == 404


def test_the_database_and_the_policy_name_the_same_reports(play: Play):
    users = [*officers().values(), given_user("hai", C="preparer", H2="viewer"), given_user("ba", H3="approver")]
    ba = users[-1]
    play.save("H2", ho="1", ngheo="0")
    play.submit("H2")
    for active in (True, False):
        get_user_model().objects.filter(pk=ba.pk).update(is_active=active)
        for user in users:
            user.refresh_from_db()
            standing = Standing(user)
            reports = Report.objects.for_display().filter(cycle=play.cycle)
            may = {report.unit.uid for report in reports if standing.can(Action.SAVE, report)}
            assert {report.unit.uid for report in policies.reports_to_fill_in(user).select_related("unit")} == may, (user, active)


# --- The job ----------------------------------------------------------------------------------------


def test_it_is_looked_over_in_the_background_and_leaves_no_file_behind(play: Play, officer: Any, store: Path):
    content = edited(fetched(officer, play), {"H2": {"ho": 1}})
    answer = officer.post(f"/reports/{play.report('C').pk}/below/workbook/", {"file": SimpleUploadedFile("a.xlsx", content)})
    assert b"every 1s" in officer.get(answer.url).content
    job = BackgroundJob.objects.get()
    assert [path.read_bytes() for path in store.rglob("*") if path.is_file()] == [content]
    part = officer.get(answer.url, headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    worked()
    job.refresh_from_db()
    assert (job.state, job.done, job.of > 0) == ("done", job.of, True)
    assert job.expires_at
    assert background_jobs.expire(job.expires_at + timedelta(seconds=1)) == 1
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_one_that_is_called_off_or_refused_leaves_no_file_either(play: Play, officer: Any, store: Path):
    assert sent(officer, play, b"a,b\n1,2\n", "a.csv").context["job"].state == "failed"
    answer = officer.post(f"/reports/{play.report('C').pk}/below/workbook/", {"file": SimpleUploadedFile("b.csv", b"unit_uid,ho\nH2,2\n")})
    job = BackgroundJob.objects.latest("pk")
    officer.post(f"/downloads/{job.pk}/cancel/")
    assert officer.get(answer.url).context["job"].state == "cancelled"
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_a_worker_that_dies_after_it_wrote_has_written_once(play: Play, officer: Any, monkeypatch: Any):
    page = sent(officer, play, edited(fetched(officer, play), {"H2": {"ho": 1}}))
    job = page.context["job"]

    def dies(work: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(background_jobs, "_finish", dies)
        officer.post(f"/uploads/{job.pk}/apply/")
        with pytest.raises(KeyboardInterrupt):
            worked()
    assert play.report("H2").own == {"ho": 1}
    version = play.report("H2").version
    assert background_jobs.run_next(MAKERS, timezone.now() + 2 * background_jobs.PATIENCE)
    order = BackgroundJob.objects.latest("pk")
    assert (order.state, order.tries, order.result) == ("done", 2, {"units": 1, "figures": 1})
    assert play.report("H2").version == version


def test_what_it_asks_of_the_database_does_not_depend_on_the_number_of_rows(play: Play):
    user = officers()["commune"]
    given = [
        uploading.SentRow(uid, "D1", 0, [uploading.SentCell("ho", "E1", 1)]) for uid in ("C", "H2", "H3", "khong co")
    ]  # fmt: skip

    def asked(rows: list[uploading.SentRow]) -> int:
        with CaptureQueriesContext(connection) as queries:
            list(uploading.look_over(play.report("C"), rows, by=user, at=timezone.now()))
        return len(queries)

    asked(given)
    assert asked(given[1:2]) == asked(given)


# --- Files ------------------------------------------------------------------------------------------


TYPED: dict[str, dict[str, Any]] = {
    "H2": {"ho": "1.234", "tien": "0,5", "co_to": "Có", "uu_diem": "Nhân dân đồng thuận, hưởng ứng phong trào thi đua."},
    "H3": {"ho": 5, "ngheo": None, "tien": 1234567.5, "uu_diem": "16/06/2025"},
}
#: what a person reads of it, over H3 with `ho` and `ngheo`
READ = {
    "H2 Số hộ": ("new", "", "1.234"),
    "H2 Kinh phí": ("new", "", "0,5"),
    "H2 Có tổ": ("new", "", "có"),
    "H2 Ưu điểm": ("new", "", "Nhân dân đồng thuận, hưởng ứng phong trào thi đua."),
    "H3 Số hộ": ("changed", "9", "5"),
    "H3 Hộ nghèo": ("cleared", "1", ""),
    "H3 Kinh phí": ("new", "", "1.234.567,5"),
    "H3 Ưu điểm": ("new", "", "16/06/2025"),
}


@pytest.fixture
def typed(play: Play, officer: Any) -> bytes:
    play.save("H3", ho="9", ngheo="1")
    return edited(fetched(officer, play), TYPED)


@pytest.mark.parametrize("program", PROGRAMS)
def test_whatever_program_saved_it_the_same_is_read(play: Play, officer: Any, typed: bytes, program: str):
    figures, *others = rows_of(typed)
    uids = {row[places(openpyxl.load_workbook(io.BytesIO(typed)).worksheets[0])[0]["unit_uid"] - 1]: row for row in figures}
    uids["H2"][uids["H2"].index("Có")] = True
    uids["H3"][uids["H3"].index("16/06/2025")] = date(2025, 6, 16)
    figures[8:8] = [[], [None] * 3]
    page = sent(officer, play, PROGRAMS[program].write(figures, *others))
    assert (changes(page), refused(page), page.context["problems"]) == (READ, {}, [])


@pytest.mark.parametrize(("encoding", "separator"), [("utf-8", ","), ("utf-8-sig", ";"), ("cp1258", ";"), ("utf-16", "\t")])
def test_a_sheet_saved_as_text_is_read_in_the_letters_that_it_has(play: Play, officer: Any, typed: bytes, encoding: str, separator: str):
    figures, *_others = rows_of(typed)
    page = sent(officer, play, as_text(figures, encoding, separator), "so lieu.csv")
    assert (changes(page), refused(page)) == (READ, {})


@needs_office
@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods"])
def test_libreoffice_saves_it_and_the_same_is_read(play: Play, officer: Any, typed: bytes, tmp_path: Path, ending: str):
    (tmp_path / "a.xlsx").write_bytes(typed)
    content = saved_by_office(tmp_path / "a.xlsx", ending).read_bytes()
    assert kind_of(io.BytesIO(content)) is Kind[ending.upper()]
    page = sent(officer, play, content, f"a.{ending}")
    assert (changes(page), refused(page), page.context["problems"]) == (READ, {}, [])


def test_words_in_an_old_font_are_converted_and_said_so(play: Play, officer: Any):
    words = {"H2": {"uu_diem": "Nh©n d©n ®ång thuËn, UBND quan t©m"}, "H3": {"uu_diem": "Coâng taùc daân vaän"}}
    page = sent(officer, play, edited(fetched(officer, play), words))
    said = {"H2 Ưu điểm": "Nhân dân đồng thuận, UBND quan tâm", "H3 Ưu điểm": "Công tác dân vận"}
    assert changes(page) == {name: ("new", "", text) for name, text in said.items()}
    assert ["TCVN3" in notice or "VNI" in notice for _unit, notice in page.context["problems"]] == [True, True]
    applied(officer, page)
    assert play.report("H3").own == {"uu_diem": "Công tác dân vận"}


def test_a_day_where_a_figure_belongs_is_no_figure(play: Play, officer: Any):
    page = sent(officer, play, edited(fetched(officer, play), {"H2": {"ho": date(2025, 6, 16), "tien": "16/06/2025"}, "H3": {"ho": 1}}))
    assert changes(page) == {"H3 Số hộ": ("new", "", "1")}
    assert {each["name"] for each in page.context["refused"]} == {"Số hộ", "Kinh phí"}


def test_titles_over_merged_cells_do_no_harm(play: Play, officer: Any):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["TỔNG HỢP"],
        [None, "Đơn vị", "Hộ", None],
        [None, None, "Số hộ", "Nghèo"],
        ["#", "unit_uid", "ho", "ngheo"],
        [1, "H2", 7, 1],
    ):
        sheet.append(row)
    for merged in ("A1:D1", "C2:D2", "B2:B3"):
        sheet.merge_cells(merged)
    stream = io.BytesIO()
    book.save(stream)
    assert changes(sent(officer, play, stream.getvalue())) == {"H2 Số hộ": ("new", "", "7"), "H2 Hộ nghèo": ("new", "", "1")}


def test_a_table_that_somebody_made_is_taken_with_its_titles_and_further_columns(play: Play, officer: Any):
    text = "Tổng hợp;;;;\n;;;;\nSTT;unit_uid;ho;Ghi chú;\n1;H2;1.200;gấp;x\n;;;;\n2;H3;7;;\n"
    page = sent(officer, play, text.encode(), "tong hop.csv")
    assert changes(page) == {"H2 Số hộ": ("new", "", "1.200"), "H3 Số hộ": ("new", "", "7")}
    words = text_of(page)
    assert "Ghi chú" in words
    assert len(page.context["problems"]) == 4, "no state, and three columns of no indicator"


def test_a_wrong_file_is_told_apart_from_a_wrong_cell(play: Play, officer: Any):
    def why(content: bytes) -> str:
        page = sent(officer, play, content)
        assert page.context["job"].state == "failed"
        ((_unit, reason),) = page.context["problems"]
        return str(reason)

    one = officer.get(f"/reports/{play.report('H2').pk}/workbook.xlsx").content
    other = [why(edited(fetched(officer, play), {}, A3=f"danvan-reports-1|C|{it}")) for it in ("khác|t|1", f"{play.cycle.code}|t|2")]
    assert len({why(one), why(b"a,b\n1,2\n"), why(b"unit_uid,x\nH2,1\n"), why(b"unit_uid,ho,ho\nH2,1,1\n"), *other}) == 6
    pdf = officer.post(f"/reports/{play.report('C').pk}/below/workbook/", {"file": SimpleUploadedFile("a.xlsx", b"%PDF-1.7")}, follow=True)
    assert ["PDF" in message for message in said(pdf)] == [True]
    assert BackgroundJob.objects.filter(arguments__name="a.xlsx").count() == 0
    many = officer.post(f"/reports/{play.report('C').pk}/workbook/", {"file": SimpleUploadedFile("a.xlsx", fetched(officer, play))})
    assert many.status_code == 422
