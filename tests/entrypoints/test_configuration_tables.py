"""Configuration leaves as a table and comes back the same: into the same database without a difference, into an empty one as it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reports.models import Cycle, CycleLevel, DayOff, Indicator, ReportTemplate, SectionText, TemplateVersion
from reports.services import configuring, opening
from tests.builders import NOON, given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import said
from tests.unit_builders import HEADER, load_csv, tree
from units.models import Level, Membership, Reorganisation, Succession, Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]

CSV, XLSX = "0", "1"
FORMATS = pytest.mark.parametrize("form", [CSV, XLSX])
#: what a spreadsheet would take for a formula, and what was made harmless before
TRICKY = '=HYPERLINK("x"),+1'
QUOTED = "'=1+1"


@pytest.fixture(autouse=True)
def _own_store(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def exported(admin: Client, model: str, form: str = CSV) -> bytes:
    return admin.post(reverse(f"admin:{model}_export"), {"format": form, "resource": "0"}).content


def sent(admin: Client, model: str, content: bytes | str, name: str = "tep.csv", **data: object) -> Any:
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return admin.post(reverse(f"admin:{model}_import"), {"import_file": file, "format": "0", "resource": "0", **data})


def confirmed(admin: Client, model: str, previewed: Any) -> Any:
    assert "confirm_form" in previewed.context, wrong(previewed)
    return admin.post(reverse(f"admin:{model}_process_import"), previewed.context["confirm_form"].initial)


def wrong(previewed: Any) -> list[tuple[int, str, str]]:
    rows = previewed.context["result"].invalid_rows
    return [(row.number, column, text) for row in rows for column, texts in row.error_dict.items() for text in texts]


def totals(previewed: Any) -> dict[str, int]:
    return {kind: count for kind, count in previewed.context["result"].totals.items() if count}


# --- The worlds that travel -------------------------------------------------------------------------


def some_levels() -> None:
    Level.objects.create(code="region", name="Vùng, miền", name_en=TRICKY, rank=50)


def some_units() -> None:
    load_csv(
        f"{HEADER},kind,name_en,position,agency_id",
        f"P,01,{QUOTED},province,,,2025-06-30,territory,-5 km,0,",
        '"D,1",007,"Huyện ""Đồng Văn""",district,P,2024-01-01,2025-06-30,territory,,12,000.00.01.H26',
        "A,,Ban Dân vận,,P,,,agency,@tag,0,",
        "Q,,Tỉnh mới,province,,2025-07-01,,territory,,0,",
    )


def some_successions() -> None:
    some_units()
    before, after = (Unit.objects.get(uid=uid) for uid in "PQ")
    Succession.objects.create(predecessor=before, successor=after, effective_on=date(2025, 7, 1), share=Decimal("0.25"))
    district = Unit.objects.get(uid="D,1")
    Succession.objects.create(predecessor=district, successor=after, effective_on=date(2025, 7, 1), share=None)


def some_people() -> None:
    tree({"P": {"D": ["C"]}})
    clerks = Group.objects.create(name="Văn thư")
    lan = User.objects.create_user("lan", "lan@example.com", "mot mat khau dai", last_name=TRICKY, first_name=QUOTED)
    lan.groups.add(clerks)
    lan.user_permissions.add(Permission.objects.get(codename="view_unit"))
    for uid, role in (("C", "preparer"), ("C", "approver"), ("D", "reviewer")):
        Membership.objects.create(user=lan, unit=Unit.objects.get(uid=uid), role=role)
    User.objects.create_user("minh", is_active=False, is_staff=True)


def some_templates() -> None:
    first = given_template(indicator("a", note="=1\nhai dòng", section="-A"), indicator("b", "percent", formula="-(-a) / a"), code="t1")
    draft = configuring.draft_from(first)
    SectionText.objects.create(version=draft, section="", text="Kết quả\r\n{period}")
    SectionText.objects.create(version=draft, section="-A", text="+ Có {a} cuộc")
    configuring.publish(draft, NOON)
    Indicator.objects.filter(version=configuring.draft_from(draft), code="a").update(name_vi=QUOTED)
    configuring.retire(first, NOON)
    configuring.add_version("trong", "Mẫu trống", [])


def some_due_days() -> None:
    if not Cycle.objects.exists():
        a_planned_cycle("KH")
    for level, day in (("province", 19), ("district", 18)):
        CycleLevel.objects.create(
            cycle=Cycle.objects.get(code="KH"), level=Level.objects.get(code=level), due_on=date(2025, 12, day), needs_approval=day == 18
        )


def some_days_off() -> None:
    DayOff.objects.create(day=date(2025, 6, 16), name=TRICKY)


def a_planned_cycle(code: str) -> Cycle:
    version = given_template()
    tree({"P": {"D": ["C"]}})
    cycle = Cycle.objects.create(
        code=code, version=version, period="2025-Y", first_day=date(2024, 12, 15), cut_off=date(2025, 12, 14),
        reference_day=date(2025, 12, 14),
    )  # fmt: skip
    cycle.units.set(Unit.objects.filter(uid="P"))
    return cycle


def no_units() -> None:
    Succession.objects.all().delete()
    while Unit.objects.exists():
        Unit.objects.filter(children__isnull=True).delete()


def no_templates() -> None:
    TemplateVersion.objects.all().delete()
    ReportTemplate.objects.all().delete()


def no_people() -> None:
    User.objects.exclude(username="quan-tri").delete()


TABLES: dict[str, tuple[Callable[[], None], Callable[[], Any]]] = {
    "units_level": (some_levels, Level.objects.all().delete),
    "units_unit": (some_units, no_units),
    "units_succession": (some_successions, Succession.objects.all().delete),
    "auth_user": (some_people, no_people),
    "reports_reporttemplate": (some_templates, no_templates),
    "reports_cyclelevel": (some_due_days, CycleLevel.objects.all().delete),
    "reports_dayoff": (some_days_off, DayOff.objects.all().delete),
}


@FORMATS
@pytest.mark.parametrize("model", TABLES)
def test_what_leaves_comes_back_without_a_difference_and_makes_an_empty_database_the_same(admin: Client, model: str, form: str) -> None:
    make, wipe = TABLES[model]
    make()
    content = exported(admin, model, form)
    previewed = sent(admin, model, content)
    assert wrong(previewed) == []
    assert set(totals(previewed)) == {"skip"}
    assert exported(admin, model, form) == content, "a preview writes nothing"
    wipe()
    previewed = sent(admin, model, content)
    assert set(totals(previewed)) <= {"new", "skip"}
    assert totals(previewed)["new"]
    response = confirmed(admin, model, previewed)
    assert "Import finished" in said(response)[0]
    assert exported(admin, model, form) == content


@pytest.mark.parametrize("model", TABLES)
def test_no_cell_of_an_export_begins_a_formula(admin: Client, model: str) -> None:
    make, _wipe = TABLES[model]
    make()
    rows = list(csv.reader(io.StringIO(exported(admin, model, CSV).decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(exported(admin, model, XLSX))).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells] == [cell for row in rows for cell in row if cell]
    assert not [cell.value for cell in cells if cell.value[0] in "=+-@"]


def test_passwords_neither_leave_nor_come(admin: Client) -> None:
    some_people()
    secret = User.objects.get(username="lan").password
    content = exported(admin, "auth_user")
    assert secret.encode() not in content
    no_people()
    confirmed(admin, "auth_user", sent(admin, "auth_user", content))
    assert not User.objects.get(username="lan").has_usable_password()
    User.objects.filter(username="lan").update(password=secret)
    confirmed(admin, "auth_user", sent(admin, "auth_user", content.replace(b"lan@example.com", b"moi@example.com")))
    lan = User.objects.get(username="lan")
    assert (lan.email, lan.password) == ("moi@example.com", secret)


PEOPLE = "username,last_name,first_name,email,is_active,is_staff,is_superuser,groups,permissions,memberships\n"


def test_memberships_are_all_that_the_file_says(admin: Client) -> None:
    some_people()
    previewed = sent(admin, "auth_user", f"{PEOPLE}lan,Lê,Lan,,yes,,,,,D:reviewer|P:viewer\nmới,Mới,,,yes,,,,,C:preparer\n")
    assert totals(previewed) == {"new": 1, "update": 1}
    assert "C:approver|C:preparer|D:reviewer" in previewed.content.decode()
    confirmed(admin, "auth_user", previewed)
    held = Membership.objects.order_by("user__username", "unit__uid").values_list("user__username", "unit__uid", "role")
    assert list(held) == [("lan", "D", "reviewer"), ("lan", "P", "viewer"), ("mới", "C", "preparer")]
    assert not User.objects.get(username="lan").groups.exists()
    assert LogEntry.objects.get().change_message == "Imported from a file: 1 new, 1 changed, 0 removed."


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        (",Lê,,,,,,,,", "username", "The cell is empty; every user has a name to sign in with."),
        ("a b,,,,,,,,,", "username", "A user name holds letters, digits and @ . + - _ only."),
        ("x,,,x@,,,,,,", "email", "“x@” is no e-mail address."),
        ("x,,,,maybe,,,,,", "is_active", "“maybe” is neither yes nor no (nor empty)."),
        ("x,,,,,,,Nhóm lạ,,", "groups", "There is no group “Nhóm lạ”; make it first, in Groups."),
        ("x,,,,,,,,units.fly,", "permissions", "There is no permission “units.fly”."),
        ("x,,,,,,,,,Z:viewer", "memberships", "There is no unit “Z”; import the units first."),
        ("quan-tri,,,,yes,yes,,,,", "is_superuser", "With this you would take your own rights away; have another administrator do it."),
    ],
)
def test_a_user_that_cannot_be_is_refused_with_line_and_column(admin: Client, row: str, column: str, message: str) -> None:
    assert wrong(sent(admin, "auth_user", f"{PEOPLE}{row}\n")) == [(2, column, message)]


def test_only_superusers_see_or_bring_users_as_a_table(client: Client) -> None:
    user = User.objects.create_user("lan", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    for page in ("import", "export"):
        assert client.get(reverse(f"admin:auth_user_{page}")).status_code == 403


# --- What would change history ----------------------------------------------------------------------


def test_a_published_versions_indicators_are_history_and_say_how_to_go_on(admin: Client) -> None:
    given_template(indicator("a"), indicator("b"), code="t")
    content = exported(admin, "reports_reporttemplate").decode("utf-8-sig")
    changed = content.replace("t,Mẫu t,,1,yes,A,b,", "t,Mẫu t,,1,yes,A,c,")
    message = "Version 1 of “t” is published and never changes: give what is new the number of the next version."
    assert [each[::2] for each in wrong(sent(admin, "reports_reporttemplate", changed))] == [(3, message)]
    lost = "\n".join(content.splitlines()[:2])
    assert [each[::2] for each in wrong(sent(admin, "reports_reporttemplate", lost))] == [(2, message)]
    withdrawn = content.replace(",1,yes,", ",1,,")
    assert [each[::2] for each in wrong(sent(admin, "reports_reporttemplate", withdrawn))] == [(2, message)]
    following = changed.replace(",1,yes,", ",2,,")
    previewed = sent(admin, "reports_reporttemplate", following)
    assert totals(previewed) == {"new": 2}
    confirmed(admin, "reports_reporttemplate", previewed)
    assert [row.code for row in TemplateVersion.objects.get(number=2).indicators.all()] == ["a", "c"]
    assert [row.code for row in TemplateVersion.objects.get(number=1).indicators.all()] == ["a", "b"]


def test_a_draft_is_rewritten_with_every_difference_shown_and_published_where_the_file_says_so(admin: Client) -> None:
    some_templates()
    content = exported(admin, "reports_reporttemplate").decode("utf-8-sig")
    previewed = sent(admin, "reports_reporttemplate", content.replace("t1,Mẫu t1,,3,,", "t1,Mẫu t1,,3,yes,").replace("''=1+1", "Tên mới"))
    assert totals(previewed) == {"update": 4, "skip": 7}
    confirmed(admin, "reports_reporttemplate", previewed)
    version = TemplateVersion.objects.get(template__code="t1", number=3)
    assert version.is_published
    assert version.indicators.get(code="a").name_vi == "Tên mới"


DRAFT = "t1,Mẫu t1,,3,,"


@pytest.mark.parametrize(
    ("old", "new", "column", "message"),
    [
        (f"{DRAFT}A,b,", "t1,Mẫu khác,,3,,A,b,", "template_name", "This differs from line"),
        (f"{DRAFT}A,b,", "t1,Mẫu t1,,0,,A,b,", "version", "“0” is no number of a version: write 1, 2 …"),
        (f"{DRAFT}A,b,", f"{DRAFT}A,a,", "code", "a: this code is taken; each indicator has its own."),
        (f"{DRAFT}A,b,", "t 1,Mẫu t1,,3,,A,b,", "template", "“t 1” is no code"),
        (f"{DRAFT}A,b,", f"{DRAFT}Z,,", "code", "The cell is empty; every indicator has a code."),
        ("'-(-a) / a", "'-(-a) / nope", "formula", "At character 9: there is no indicator “nope”."),
        ("'+ Có {a} cuộc", "'+ Có {nope} cuộc", "text", "“{nope}”: there is no such indicator in this version."),
        ("trong,Mẫu trống,,1,,", "trong,Mẫu trống,,1,maybe,", "published", "“maybe” is neither yes nor retired, nor empty (a draft)."),
        ("trong,Mẫu trống,,1,,", "trong,Mẫu trống,,1,yes,", "__all__", "A template needs at least one indicator."),
    ],
)
def test_a_template_that_cannot_be_is_refused_with_line_and_column(admin: Client, old: str, new: str, column: str, message: str) -> None:
    some_templates()
    first, _middle, last = exported(admin, "reports_reporttemplate").decode("utf-8-sig").rpartition(old)
    ((line, found, said),) = wrong(sent(admin, "reports_reporttemplate", first + new + last))
    assert (line, found) == ((first + new.partition(" ")[0]).rpartition("\nt")[0].count("\n") + 2, column)
    assert said.startswith(message)


def test_a_version_below_the_newest_is_not_begun(admin: Client) -> None:
    some_templates()
    content = exported(admin, "reports_reporttemplate").decode("utf-8-sig")
    TemplateVersion.objects.get(template__code="t1", number=1).delete()
    message = "“t1” has a version 3 already; number a new one from there."
    assert wrong(sent(admin, "reports_reporttemplate", content)) == [(2, "version", message)]


def test_units_that_reports_count_keep_their_level_and_their_days(admin: Client) -> None:
    given_cycle(outline={"P": {"D": ["C"]}}, levels=["province", "district", "commune"])
    load_csv(HEADER, "N,N,Xã mới,commune,D,,")
    rows = (
        "D,D,Đơn vị D,district,P,2025-06-15,",
        "C,C,Đơn vị C,hamlet,D,,2025-06-13",
        "N,N,Xã mới,hamlet,D,2026-01-01,",
        "P,P,Tên mới,province,,2025-06-14,2025-06-14",
    )
    found = wrong(sent(admin, "units_unit", "\n".join([HEADER, *rows])))
    assert found == [
        (2, "valid_from", "D was counted in a cycle on 2025-06-14 and has to be valid on that day."),
        (3, "level", "C has reports, so its kind and level are history. Let it end, and begin a new unit with another identifier."),
        (3, "valid_to", "C was counted in a cycle on 2025-06-14 and has to be valid on that day."),
    ]
    assert totals(sent(admin, "units_unit", "\n".join([HEADER, *rows[2:]]))) == {"update": 2}


def test_levels_may_exchange_ranks_that_no_unit_stands_at_and_no_others(admin: Client) -> None:
    tree({"P": {"D": ["C"]}})
    some_levels()
    Level.objects.create(code="city", name="Thành phố", rank=51)
    rows = "code,name,name_en,rank\nregion,Vùng,,51\ncity,Thành phố,,50\n"
    confirmed(admin, "units_level", sent(admin, "units_level", rows))
    assert dict(Level.objects.filter(rank__in=(50, 51)).values_list("code", "rank")) == {"region": 51, "city": 50}
    found = wrong(sent(admin, "units_level", "code,name,name_en,rank\ndistrict,Huyện,,0\nprovince,Tỉnh,,5\nx y,,,1000\n"))
    assert [each[:2] for each in found] == [(4, "code"), (4, "name"), (4, "rank")]
    found = wrong(sent(admin, "units_level", "code,name,name_en,rank\ncommune,Xã,,0\n"))
    assert found == [
        (2, "rank", "The level “province” has this rank; give one of them another."),
        (2, "rank", "Units of the level “commune” stand under units of “district”, so its rank has to be the greater number."),
    ]


def test_successions_are_recorded_as_a_reorganisation_and_refused_with_line_and_column(admin: Client) -> None:
    some_units()
    head = "predecessor_uid,successor_uid,effective_on,share\n"
    rows = "P,X,2025-07-01,1\nP,Q,2025-06-20,0.6\nP,P,2025-07-01,2\nQ,P,2025-07-01,1\n"
    found = {each[:2] for each in wrong(sent(admin, "units_succession", head + rows))}
    assert found == {(2, "successor_uid"), (3, "effective_on"), (4, "share"), (5, "effective_on")}
    confirmed(admin, "units_succession", sent(admin, "units_succession", f"{head}P,Q,2025-07-01,0.6\n"))
    assert Reorganisation.objects.get().kind == "file"
    previewed = sent(admin, "units_succession", f"{head}P,Q,2025-07-01,0.5\n")
    assert "<del>0.6</del> <ins>0.5</ins>" in previewed.content.decode()


# --- What people send -------------------------------------------------------------------------------


def test_a_workbook_with_formulas_errors_and_too_much_is_refused_by_its_cells(admin: Client) -> None:
    book = openpyxl.Workbook()
    for row in (["day", "name"], ["=TODAY()", "a"], [date(2025, 6, 16), "b"], ["2025-06-17", "c", "", "d"]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    assert wrong(sent(admin, "reports_dayoff", stream.getvalue(), "ngay.xlsx")) == [
        (2, "day", "The cell holds a formula. Put its value there instead (copy, paste special: values)."),
        (4, "__all__", "The row holds something beyond the last column: delete it, or give it its column."),
    ]


@pytest.mark.parametrize("content", [b"MZ\x90", b"PK\x03\x04", b"<html>", b"%PDF-1.7", b""])
def test_what_is_no_table_is_refused_beside_the_file(admin: Client, content: bytes) -> None:
    assert sent(admin, "units_unit", content, "units.xlsx").context["form"].errors["import_file"]


def test_a_file_that_waits_is_named_by_nobody_else_and_gone_once_it_was_read(admin: Client, settings: Any) -> None:
    previewed = sent(admin, "reports_dayoff", "day,name\n2025-06-16,a\n")
    (waiting,) = (Path(settings.MEDIA_ROOT) / "imports").iterdir()
    form = previewed.context["confirm_form"].initial
    assert form["import_file_name"] == waiting.name
    for name in ("../../etc/passwd", "passwd", "0" * 32):
        answer = admin.post(reverse("admin:reports_dayoff_process_import"), {**form, "import_file_name": name})
        assert said(answer)[-1] == "The file is not there any more: choose it again."
    confirmed(admin, "reports_dayoff", previewed)
    assert not waiting.exists()


def test_an_import_asks_a_fixed_number_of_questions_for_a_batch_of_units(admin: Client) -> None:
    def questions(count: int) -> int:
        rows = (f"{number:05},,Xã {number},commune,D,," for number in range(count))
        content = "\n".join([HEADER, "P,,Tỉnh,province,,,", "D,,Huyện,district,P,,", *rows])
        with CaptureQueriesContext(connection) as asked:
            confirmed(admin, "units_unit", sent(admin, "units_unit", content))
        return len(asked)

    assert questions(500) == questions(990)
    assert questions(1990) == questions(2990), "a thousand more each time"
    with CaptureQueriesContext(connection) as few:
        exported(admin, "units_unit")
    assert len(few) < 12


def test_opening_between_preview_and_confirmation_keeps_due_days(admin: Client) -> None:
    some_due_days()
    previewed = sent(admin, "reports_cyclelevel", "cycle,level,due_on,needs_approval\nKH,province,2025-12-17,\n")
    opening.open_cycle(Cycle.objects.get(), NOON)
    answer = confirmed(admin, "reports_cyclelevel", previewed)
    assert said(answer) == ["Line 2: due_on: The cycle “KH” has been opened: its due days are history. Extend single reports instead."]
