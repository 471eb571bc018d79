from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.unit_builders import HEADER, make_standard_levels, succeed, tree
from units.checking import check_units
from units.models import Level, Membership, Succession, Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

TREE = "/admin/units/unit/tree/"
MOVE = "/admin/units/unit/tree/move/"


@pytest.fixture
def units():
    return tree({"P": {"D": {"C": ["H1", "H2"]}, "E": {}}, "Q": {"F": {}}})


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("boss"))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def viewer(client):
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_unit"))
    client.force_login(user)
    return client


def upload(client, *lines: str):
    file = SimpleUploadedFile("units.csv", "\n".join(lines).encode())
    return client.post(reverse("admin:units_unit_import"), {"import_file": file, "format": "0"})


def confirm(client, previewed):
    form = previewed.context["confirm_form"]
    return client.post(reverse("admin:units_unit_process_import"), form.initial, follow=True)


def fields_of(unit: Unit, **changes):
    shown = {
        "uid": unit.uid, "code": unit.code, "name": unit.name, "kind": unit.kind, "level": unit.level_id, "parent": unit.parent_id or "",
        "valid_from": unit.valid_from or "", "valid_to": unit.valid_to or "", "position": unit.position, "name_en": "", "agency_id": "",
    }  # fmt: skip
    return shown | changes


def test_the_tree_shows_one_level_at_a_time(boss, units):
    page = boss.get(TREE).content.decode()
    assert "Đơn vị P" in page
    assert "Đơn vị Q" in page
    assert "Đơn vị D" not in page

    branch = boss.get(TREE, {"of": units["P"].pk, "part": "1"}).content.decode()
    assert "Đơn vị D" in branch
    assert "<html" not in branch


def test_keys_are_written_plainly_however_large(boss):
    make_standard_levels(Level)
    Unit.objects.create(pk=123456, uid="P", name="Tỉnh", level=Level.objects.get(code="province"))

    assert 'data-key="123456"' in boss.get(TREE).content.decode()


def test_the_tree_shows_the_units_of_a_day(boss):
    tree({"P": {}}, valid_to="2025-06-30")

    assert "Đơn vị P" in boss.get(TREE, {"on": "2025-06-30"}).content.decode()
    assert "Đơn vị P" not in boss.get(TREE, {"on": "2025-07-01"}).content.decode()


def test_a_level_of_the_tree_takes_the_same_queries_whatever_its_size(boss, units, django_assert_max_num_queries):
    tree({f"T{i}": {f"T{i}-D": {}} for i in range(50)})
    with django_assert_max_num_queries(6):
        boss.get(TREE)


def test_dropping_a_unit_onto_another_moves_it_with_all_below_it(boss, units):
    answer = boss.post(MOVE, {"unit": units["C"].pk, "superior": units["F"].pk})

    assert (answer.status_code, answer.json()) == (200, {"message": "Đơn vị C now stands under Đơn vị F."})
    assert [unit.uid for unit in Unit.objects.all()] == ["P", "D", "E", "Q", "F", "C", "H1", "H2"]
    assert check_units().problems.count == 0


def test_dropping_a_unit_where_it_does_not_fit_is_refused_with_the_reason(boss, units):
    answer = boss.post(MOVE, {"unit": units["D"].pk, "superior": units["H1"].pk})

    assert answer.status_code == 409
    assert answer.json() == {"message": "D can't stand under H1, which is itself or stands below it."}
    assert Unit.objects.get(uid="D").parent_id == units["P"].pk


def test_only_those_who_may_change_units_may_move_them(viewer, units):
    assert viewer.post(MOVE, {"unit": units["C"].pk, "superior": units["F"].pk}).status_code == 403
    assert 'draggable="true"' not in viewer.get(TREE).content.decode()
    assert viewer.get(reverse("admin:units_unit_import")).status_code == 403


def test_the_tree_has_no_inline_script_or_style(boss, units):
    page = boss.get(TREE).content.decode()

    assert "<style" not in page
    assert " style=" not in page
    assert "onclick" not in page


def test_search_forgives_marks(boss, units):
    page = boss.get(reverse("admin:units_unit_changelist"), {"q": "DON VI h1"}).content.decode()

    assert "Đơn vị H1" in page
    assert "Đơn vị H2" not in page


def test_a_superior_is_chosen_by_search(boss, units):
    page = boss.get(reverse("admin:units_unit_change", args=[units["C"].pk])).content.decode()
    assert "admin-autocomplete" in page
    assert "Đơn vị E" not in page

    found = boss.get(
        reverse("admin:autocomplete"), {"term": "don vi e", "app_label": "units", "model_name": "unit", "field_name": "parent"}
    )
    assert found.json()["results"] == [{"id": str(units["E"].pk), "text": "Đơn vị E, Đơn vị P (E)"}]


def test_choosing_finds_units_by_old_names_and_asks_for_all_of_these_at_once(boss, units, django_assert_max_num_queries):
    succeed("C>E:1", "H1>E:1", "H1>F:1")
    address, field = reverse("admin:autocomplete"), {"app_label": "units", "model_name": "unit", "field_name": "parent"}
    with django_assert_max_num_queries(10):
        found = boss.get(address, {"term": "don vi h1", **field}).json()["results"]
    assert {each["text"] for each in found} == {
        "Đơn vị H1, Đơn vị C, Đơn vị D, Đơn vị P (H1)",
        "Đơn vị E, Đơn vị P (E), formerly Đơn vị H1",
        "Đơn vị F, Đơn vị Q (F), formerly Đơn vị H1",
    }


def test_the_form_moves_a_unit(boss, units):
    answer = boss.post(reverse("admin:units_unit_change", args=[units["C"].pk]), fields_of(units["C"], parent=units["E"].pk, name="Xã Mới"))

    assert answer.status_code == 302
    commune = Unit.objects.get(uid="C")
    assert (commune.name, commune.parent_id, commune.search_text) == ("Xã Mới", units["E"].pk, "xa moi")
    assert check_units().problems.count == 0


def test_the_form_adds_a_unit(boss, units):
    unit = Unit(uid="N", code="9", name="Xã", level=Level.objects.get(code="commune"), parent=units["D"])

    assert boss.post(reverse("admin:units_unit_add"), fields_of(unit)).status_code == 302
    assert Unit.objects.get(uid="N").depth == 2
    assert check_units().problems.count == 0


def test_the_form_says_beside_the_field_why_a_unit_does_not_fit(boss, units):
    answer = boss.post(reverse("admin:units_unit_change", args=[units["C"].pk]), fields_of(units["C"], parent=units["H1"].pk))

    assert answer.context["adminform"].form.errors == {"parent": ["C can't stand under H1, which is itself or stands below it."]}


def test_a_unit_with_others_below_it_is_not_deleted(boss, units):
    boss.post(reverse("admin:units_unit_delete", args=[units["D"].pk]), {"post": "yes"})
    assert Unit.objects.filter(uid="D").exists()

    boss.post(reverse("admin:units_unit_delete", args=[units["E"].pk]), {"post": "yes"})
    assert not Unit.objects.filter(uid="E").exists()
    assert check_units().problems.count == 0


def test_an_import_shows_the_differences_first_and_changes_nothing(boss, units):
    previewed = upload(boss, HEADER, "C,C,Xã Mới,commune,D,,", "N,9,Xã <b>,commune,D,,", "D,D,Đơn vị D,district,P,,")

    page = previewed.content.decode()
    assert "<del>Đơn vị C</del> <ins>Xã Mới</ins>" in page
    assert "<ins>Xã &lt;b&gt;</ins>" in page
    assert dict(previewed.context["result"].totals) == {"new": 1, "update": 1, "delete": 0, "skip": 1, "error": 0, "invalid": 0}
    assert Unit.objects.get(uid="C").name == "Đơn vị C"
    assert Unit.objects.count() == 8


def test_a_confirmed_import_is_written_as_the_command_writes_it(boss, units):
    confirm(boss, upload(boss, HEADER, "C,C,Xã Mới,commune,E,,", "N,9,Xã,commune,D,,"))

    assert [unit.uid for unit in Unit.objects.filter(tree_id=1)] == ["P", "D", "N", "E", "C", "H1", "H2"]
    assert check_units().problems.count == 0


def test_an_import_with_problems_names_each_row_and_offers_no_confirmation(boss, units):
    refused = upload(boss, HEADER, "N,9,,commune,X,,", "D,D,Huyện,district,P,,")

    assert "confirm_form" not in refused.context
    assert [(row.number, row.error_dict) for row in refused.context["result"].invalid_rows] == [
        (2, {"name": ["The cell is empty; every unit needs it."]}),
        (2, {"parent_uid": ["There is no unit X, in the file or in the database."]}),
    ]


def test_what_is_refused_only_on_confirmation_is_said(boss, units):
    previewed = upload(boss, HEADER, "N,9,Xã,commune,E,,")
    Unit.objects.get(uid="E").delete()

    page = confirm(boss, previewed).content.decode()

    assert "There is no unit E" in page
    assert not Unit.objects.filter(uid="N").exists()


def test_what_is_exported_can_be_imported_again(boss, units):
    url = reverse("admin:units_unit_export")
    exported = boss.post(url, {"format": "0", "resource": "0"})

    lines = exported.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "uid,code,name,level,parent_uid,valid_from,valid_to,kind,name_en,position,agency_id"
    assert lines[1] == "P,P,Đơn vị P,province,,,,territory,,0,"
    assert upload(boss, *lines).context["result"].totals["skip"] == 8


def test_a_levels_rank_must_keep_every_unit_below_its_superior(boss, units):
    commune = Level.objects.get(code="commune")
    form = {"code": "commune", "name": "Cấp xã", "name_en": "Commune", "rank": "7"}

    answer = boss.post(reverse("admin:units_level_change", args=[commune.pk]), form)

    assert "With this rank H1 would not be below its superior any more." in answer.content.decode()
    assert boss.post(reverse("admin:units_level_add"), {"code": "region", "name": "Vùng", "rank": "9"}).status_code == 302


@pytest.mark.parametrize("model", [Unit, Level, Succession, Membership])
def test_the_pages_of_the_admin_answer(boss, units, model):
    name = model._meta.model_name
    assert boss.get(reverse(f"admin:units_{name}_changelist")).status_code == 200
    assert boss.get(reverse(f"admin:units_{name}_add")).status_code == 200


@pytest.mark.parametrize("key", ["9" * 5000, "99999999999999999999", "²", "x", "-1"])
def test_the_tree_below_a_unit_that_is_none_is_not_found(boss, units, key):
    assert boss.get(TREE, {"of": key}).status_code == 404


@pytest.fixture
def officer(viewer, units):
    """Staff who may view, and change, whatever a permission of Django's lets them; they serve in D."""
    user = User.objects.get(username="viewer")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="units"))
    Membership.objects.create(user=user, unit=units["D"], role="viewer")
    viewer.cookies["django_language"] = "en"
    return viewer


def test_staff_see_the_units_in_their_reach_and_no_others(officer, units):
    Succession.objects.create(predecessor=units["E"], successor=units["F"], effective_on="2025-07-01")
    Membership.objects.create(user=User.objects.create_user("x"), unit=units["F"], role="viewer")
    shown = {
        model: [str(row) for row in officer.get(reverse(f"admin:units_{model}_changelist")).context["cl"].result_list]
        for model in ("unit", "succession", "membership")
    }
    assert shown == {
        "unit": ["Đơn vị D", "Đơn vị C", "Đơn vị H1", "Đơn vị H2"],
        "succession": [],
        "membership": ["viewer: viewer, Đơn vị D"],
    }
    assert officer.get(reverse("admin:units_unit_change", args=[units["F"].pk])).status_code == 302
    assert officer.get(TREE, {"of": units["F"].pk}).status_code == 404
    assert [unit.uid for unit in officer.get(TREE).context["units"]] == ["D"]
    assert [unit.uid for unit in officer.get(TREE, {"of": units["C"].pk}).context["ancestors"]] == ["D"]
    exported = officer.post(reverse("admin:units_unit_export"), {"format": "0", "unitresource_uid": "on"})
    assert "Đơn vị F" not in exported.content.decode()
    assert "Đơn vị H1" in exported.content.decode()


def test_staff_who_are_no_superusers_change_nothing_of_the_tree(officer, units):
    assert officer.post(MOVE, {"unit": units["C"].pk, "superior": units["D"].pk}).status_code == 403
    for address in ("unit_import", "unit_add", "membership_add", "succession_add"):
        assert officer.get(reverse(f"admin:units_{address}")).status_code == 403
    assert officer.post(reverse("admin:units_unit_change", args=[units["C"].pk]), fields_of(units["C"], name="X")).status_code == 403
