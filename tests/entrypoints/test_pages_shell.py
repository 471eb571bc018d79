from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.templatetags.static import static
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from tests.builders import given_user
from tests.entrypoints.pages import given_form_cycle, looked_at, officers, signed_in, text_of

VENDORED = [settings.BASE_DIR / "static" / "vendor", settings.BASE_DIR / "tests" / "browser" / "vendor"]


@pytest.mark.django_db
def test_signing_in_leads_to_my_work():
    given_form_cycle()
    officers()
    client = Client()
    page = client.post("/login/", {"username": "xa", "password": "mot mat khau dai"})
    assert page.headers["Location"] == "/"
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_a_wrong_password_says_so_in_the_same_clothes():
    page = Client().post("/login/", {"username": "xa", "password": "sai"})
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


@pytest.mark.django_db
def test_the_language_is_vietnamese_until_one_switches():
    client = Client(headers={"Accept-Language": "en"})
    assert '<html lang="vi"' in client.get("/login/").content.decode()
    client.post("/i18n/", {"language": "en", "next": "/login/"})
    page = client.get("/login/").content.decode()
    assert '<html lang="en"' in page
    assert "Sign in" in page


@pytest.mark.django_db
def test_numbers_and_names_follow_the_language():
    play = given_form_cycle()
    play.hand_in("H1", ho="1200")
    client = signed_in(officers()["commune"])
    url = f"/reports/{play.report('H1').pk}/"
    with looked_at():
        page = text_of(client.get(url))
        assert "1.200" in page
        assert "Số hộ" in page
        client.cookies["django_language"] = "en"
        page = text_of(client.get(url))
    assert "1,200" in page
    assert "Households" in page


def test_a_browser_finds_the_icon_where_it_looks_for_it():
    icon = Client().get("/favicon.ico")
    assert (icon.status_code, icon.headers["Location"]) == (302, static("icon.svg"))


@pytest.mark.django_db
def test_what_is_not_there_answers_in_the_same_clothes():
    page = signed_in(given_user("ai")).get("/reports/1/")
    assert page.status_code == 404
    assert "danvan.css" in page.content.decode()


def test_a_failure_answers_in_the_same_clothes():
    page = server_error(RequestFactory().get("/"))
    assert page.status_code == 500
    assert "danvan.css" in page.content.decode()


@pytest.mark.django_db
def test_a_post_without_its_token_is_refused_in_the_same_clothes():
    page = Client(enforce_csrf_checks=True).post("/login/", {"username": "x", "password": "y"})
    assert page.status_code == 403
    assert "danvan.css" in page.content.decode()


@pytest.mark.django_db
def test_pages_have_no_inline_script_style_or_handler_and_the_policy_forbids_them():
    play = given_form_cycle()
    play.save("H1", ho="1")
    client = signed_in(officers()["commune"])
    report = play.report("C").pk
    with looked_at():
        for path in (
            "/",
            "/cycles/",
            f"/reports/{report}/",
            f"/reports/{report}/below/",
            f"/reports/{report}/totals/",
            f"/reports/{report}/submit/",
        ):
            page = client.get(path)
            body = page.content.decode()
            assert page.status_code == 200
            assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", body) == []
            assert "unsafe" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("folder", VENDORED, ids=str)
def test_vendored_files_are_what_the_manifest_says(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    named = {name for each in manifest for name in (each["file"], *each.get("license_files", []))}
    assert named == {path.name for path in folder.iterdir()} - {"manifest.json"}
    for each in manifest:
        assert each["version"] in each["file"]
        assert each["license"]
        assert hashlib.sha256((folder / each["file"]).read_bytes()).hexdigest() == each["sha256"]


def test_every_page_belongs_to_the_house_and_loads_nothing_from_elsewhere():
    for template in Path(settings.BASE_DIR / "templates").rglob("*.html"):
        assert re.findall(r"""(?:src|href)=["'](?:https?:)?//""", template.read_text()) == [], template
