"""What matters is journalled by the database itself, whoever changes it and by whatever way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audit import sealing, triggers
from audit.models import AuditEntry, Seal
from audit.watching import sealed, watched
from danvan.audited import LEFT_OUT
from tests import unit_builders
from tests.accounts.builders import sign_in
from tests.builders import given_template, given_user
from tests.entrypoints.admin_client import administrator, text_of
from tests.entrypoints.cli import done
from tests.entrypoints.pages import given_form_cycle, looked_at, officers, signed_in
from units import tree
from units.models import Level, Membership, Unit

pytestmark = pytest.mark.django_db


def entries(kind: str, **more: Any) -> list[Any]:
    return list(AuditEntry.objects.filter(kind=kind, **more).order_by("pk"))


def test_every_table_of_ours_is_watched_or_sealed_or_left_out_with_a_reason():
    ours = {model._meta.label for app in ("audit", "units", "accounts", "reports") for model in apps.get_app_config(app).get_models()}
    kept = {each.label for each in watched()} | {model._meta.label for model in sealed()}
    assert ours - kept == set(LEFT_OUT)


def test_all_triggers_are_there():
    assert triggers.missing(connection) == []


def test_a_change_says_what_was_before_and_what_is_after_and_nothing_that_stayed():
    unit_builders.make_standard_levels(Level)
    Level.objects.filter(code="hamlet").update(name="Thôn, bản", name_en="Village")
    changed = entries("units.level", action="changed")[-1]
    assert (changed.before, changed.after) == (
        {"name": "Thôn, tổ dân phố", "name_en": "Hamlet"},
        {"name": "Thôn, bản", "name_en": "Village"},
    )
    assert changed.row == str(Level.objects.get(code="hamlet").pk)


def test_whole_rows_are_told_as_they_come_and_go():
    unit_builders.tree({"P": {"D": {}}})
    user = given_user("lan")
    membership = Membership.objects.create(user=user, unit=Unit.objects.get(uid="D"), role="viewer")
    Membership.objects.all().delete()
    added, deleted = entries("units.membership")
    assert added.before is deleted.after is None
    assert added.after == deleted.before
    assert {name: added.after[name] for name in ("user_id", "role")} == {"user_id": user.pk, "role": "viewer"}
    assert added.row == deleted.row == str(membership.pk)


def test_units_that_are_loaded_and_moved_are_journalled_one_by_one_but_for_their_numbers():
    units = unit_builders.tree({"P": {"D": {"C": []}, "E": {}}})
    assert [entry.after["uid"] for entry in entries("units.unit", action="added")] == ["P", "D", "E", "C"]
    assert "lft" not in entries("units.unit", action="added")[0].after
    tree.move(Unit.objects.get(uid="C"), Unit.objects.get(uid="E"))
    moved = entries("units.unit", action="changed")
    assert [(entry.before, entry.after) for entry in moved] == [({"parent_id": units["D"].pk}, {"parent_id": units["E"].pk})]


def test_who_is_told_with_address_and_page():
    unit_builders.make_standard_levels(Level)
    client = administrator()
    level = Level.objects.get(code="commune")
    sent = {"code": "commune", "name": "Xã, phường", "name_en": "", "rank": level.rank}
    assert client.post(f"/admin/units/level/{level.pk}/change/", sent, REMOTE_ADDR="10.1.2.3").status_code == 302
    changed = entries("units.level", action="changed")[-1]
    assert (changed.by, changed.address, changed.via) == (User.objects.get(), "10.1.2.3", f"/admin/units/level/{level.pk}/change/")


def test_after_a_request_its_user_is_answered_for_no_more():
    administrator().get("/admin/")
    Level.objects.create(code="khac", name="Khác", rank=9999)
    added = entries("units.level", action="added")[-1]
    assert added.by is None
    assert added.via != "/admin/"


def test_what_an_account_says_of_its_owner_is_told_to_have_changed_and_no_more():
    user = given_user("nguyen-van-an")
    User.objects.filter(pk=user.pk).update(email="an@xa.example", is_staff=True)
    added, changed = entries("auth.user")
    assert (changed.before, changed.after) == ({"email": "…", "is_staff": False}, {"email": "…", "is_staff": True})
    said = f"{added.after} {changed.after}"
    assert not any(word in said for word in ("nguyen-van-an", "example", user.password))


def test_signing_in_changes_nothing_of_the_account_and_is_journalled():
    user = given_user("lan")
    client = Client(REMOTE_ADDR="10.9.8.7")
    client.post("/login/", {"username": "lan", "password": "sai"})
    client.post("/login/", {"username": "lan", "password": "mot mat khau dai"})
    client.post("/logout/")
    sign_in("mật khẩu gõ nhầm vào ô tên")
    told = [(entry.action, entry.by_id, entry.row, entry.address) for entry in entries("auth.user")[1:]]
    assert told == [
        ("refused", None, str(user.pk), "10.9.8.7"),
        ("signed in", user.pk, str(user.pk), "10.9.8.7"),
        ("signed out", user.pk, str(user.pk), "10.9.8.7"),
        ("refused", None, "", "127.0.0.1"),
    ]


def test_a_file_that_is_taken_is_journalled_and_a_page_is_not():
    play = given_form_cycle()
    with looked_at():
        client = signed_in(officers()["district"])
        client.get(f"/reports/{play.report('C').pk}/")
        client.get(f"/dashboards/{play.report('D').pk}/progress.csv?by=state")
        client.get("/reports/999999/status.xlsx")
    taken = entries("file")
    assert [(entry.action, entry.via, entry.after) for entry in taken] == [
        ("taken", f"/dashboards/{play.report('D').pk}/progress.csv", {"query": "by=state"})
    ]


@pytest.mark.parametrize("command", ["export_status", "export_rollup"])
def test_a_file_that_a_command_writes_is_journalled_too_with_the_account_that_ran_it(command: str, tmp_path: Path):
    play, file = given_form_cycle(), tmp_path / "ra.csv"
    assert done(command, play.cycle.code, "--output", str(file)).code == 0
    (entry,) = entries("file")
    assert (entry.action, entry.by, entry.after["to"]) == ("taken", None, str(file))
    assert entry.after["rows"] == len(file.read_text().splitlines()) - 1
    assert entry.address


def test_a_published_template_is_told_by_its_parts():
    version = given_template()
    assert [entry.after["code"] for entry in entries("reports.indicator")] == ["a"]
    assert "published_at" in entries("reports.templateversion", action="changed")[-1].after
    assert entries("reports.templateversion")[-1].row == str(version.pk)


def test_admin_says_in_words_what_was_done_by_day_by_user_and_by_kind():
    boss = administrator()
    unit_builders.make_standard_levels(Level)
    Level.objects.filter(code="hamlet").update(name="Thôn, bản")
    (changed,) = entries("units.level", action="changed")[-1:]
    page = boss.get("/admin/audit/auditentry/", {"kind": "units.level", "action__exact": "changed"})
    assert page.context["cl"].result_count == len(entries("units.level", action="changed"))
    assert "name: Thôn, tổ dân phố → Thôn, bản" in text_of(page)
    assert {"auth.group", "reports.cycle_units"} & set(text_of(page).split()) == set()
    assert re.search(r"Thôn, tổ dân phố\s+Thôn, bản", text_of(boss.get(f"/admin/audit/auditentry/{changed.pk}/change/")))
    assert boss.get("/admin/audit/seal/", {"kind": "audit.auditentry"}).status_code == 200


@pytest.mark.postgresql
def test_who_writes_without_us_is_told_by_the_databases_account():
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('audit.acting', '', false)")
        cursor.execute("SELECT session_user")
        account = cursor.fetchone()[0]
        cursor.execute("insert into units_level (code, name, name_en, rank) values ('x', 'X', '', 77)")
    added = entries("units.level", action="added")[-1]
    assert (added.by, added.address, added.via) == (None, account, "SQL")


@pytest.mark.parametrize("model", [*sealed(), Seal], ids=lambda model: model.__name__)
def test_the_database_refuses_to_alter_remove_or_empty_what_is_history(model):
    given_user("lan")
    play = given_form_cycle()
    play.hand_in("H1", ho="1")
    sealing.seal_all(), sealing.seal_all()
    table, rows = model._meta.db_table, model._default_manager.count()
    refused = [f"UPDATE {table} SET id = id", f"DELETE FROM {table}"] if rows else []
    if connection.vendor == "postgresql":
        refused.append(f"TRUNCATE {table} CASCADE")
    connection.check_constraints()  # or PostgreSQL would rather complain of those that wait for the end
    for sql in refused:
        with pytest.raises(DatabaseError, match=r"rows of \w+ are never changed"), transaction.atomic():
            connection.cursor().execute(sql)
    assert model._default_manager.count() == rows
