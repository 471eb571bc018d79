"""What a browser is told with every answer, whatever the page; and that Django's own check for production has nothing to say."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from danvan.places import BASE_DIR
from tests.accounts.builders import PASSWORD
from tests.entrypoints.access_world import given_world, upload
from tests.entrypoints.admin_client import administrator
from tests.entrypoints.pages import looked_at
from tests.entrypoints.test_access import ROUTES, TABLE

pytestmark = [pytest.mark.django_db, pytest.mark.once]

EVERYWHERE = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture(autouse=True)
def _as_in_production(settings: Any):
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True
    settings.SOFFICE = "not-there"


def faults_of(answer: Any) -> list[str]:
    """What this answer fails to say."""
    faults = [name for name, value in EVERYWHERE.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("Content-Security-Policy", "")
    wanted = ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")
    faults += [f"CSP {word}" for word in wanted if word not in policy]
    if "unsafe" in policy:
        faults.append("CSP unsafe")
    if "camera=()" not in answer.headers.get("Permissions-Policy", ""):
        faults.append("Permissions-Policy")
    return faults


def faults_at(client: Client, address: str, sent: dict[str, Any] | None = None) -> list[str]:
    answer = client.get(address, secure=True) if sent is None else client.post(address, sent, secure=True)
    return faults_of(answer)


def test_every_page_file_and_refusal_says_what_a_browser_may_do():
    with looked_at():
        world = given_world()
        faults = {}
        for role in ("anonymous", "officer"):
            client = world.client(role)
            for route in sorted(TABLE, key="logout".__eq__):
                words = world.names | (TABLE[route][1] or {})
                faults[role, route] = faults_at(client, reverse(route, kwargs={name: words[name] for name in ROUTES[route]}))
        client = administrator()
        for model in admin.site._registry:
            faults["admin", model._meta.label] = faults_at(
                client, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            )
        faults["admin", "index"] = faults_at(client, "/admin/")
    assert {where: words for where, words in faults.items() if words} == {}


def test_errors_say_it_too(monkeypatch: pytest.MonkeyPatch, settings: Any):
    client = Client(raise_request_exception=False)
    assert faults_at(client, "/no-such-page/") == []
    strict = Client(enforce_csrf_checks=True)
    assert faults_at(strict, "/login/", {}) == []
    assert faults_of(client.get("/", secure=True, HTTP_HOST="elsewhere.example")) == []
    large: Any = {"CONTENT_LENGTH": str(1 << 30)}
    assert faults_of(client.post("/login/", {"file": upload()}, secure=True, **large)) == []

    def broken(*args: Any, **more: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("accounts.views.ways_in", broken)
    answer = client.get("/login/", secure=True)
    assert (answer.status_code, faults_of(answer)) == (500, [])


def test_cookies_are_read_by_no_script_and_sent_along_by_no_other_site(django_user_model: Any):
    django_user_model.objects.create_user("lan", password=PASSWORD)
    client = Client()
    client.get("/login/", secure=True)
    client.post("/login/", {"username": "lan", "password": PASSWORD}, secure=True)
    client.post("/i18n/", {"language": "en"}, secure=True)
    for name in ("sessionid", "csrftoken", "django_language"):
        cookie = client.cookies[name]
        assert (cookie["secure"], cookie["samesite"]) == (True, "Lax"), name
        assert bool(cookie["httponly"]) == (name != "csrftoken"), name  # which the form's script sends along


def checked(**environment: str) -> subprocess.CompletedProcess[str]:
    as_told = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "danvan.example.gov.vn",
        "HTTPS": "true",
        "SECOND_FACTOR": "",
        "DATABASE_URL": "",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(
        command, cwd=BASE_DIR, env=os.environ | as_told | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_djangos_check_for_production_finds_nothing():
    ran = checked()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("System check identified no issues")


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"OIDC_ISSUER": "https://sso.example", "OIDC_CLIENT_ID": ""}, "E001"),
        ({"OIDC_ISSUER": "http://sso.example", "OIDC_CLIENT_ID": "x"}, "E002"),
        ({"OIDC_MATCH": "name"}, "E003"),
        ({"PASSWORD_SIGN_IN": "no"}, "E004"),
    ],
    ids=str,
)
def test_it_finds_ways_to_sign_in_that_can_not_be_meant(environment: dict[str, str], found: str, settings: Any):
    from accounts.checks import ways_to_sign_in  # noqa: PLC0415

    for name, value in environment.items():
        setattr(settings, name, value if value != "no" else False)
    assert [each.id for each in ways_to_sign_in(None)] == [f"accounts.{found}"]


def test_what_stands_in_admin_is_checked_too():
    """It is gathered with the addresses (danvan/urls.py), and so after apps are set up."""
    assert reverse("admin:index")
    assert len(admin.site._registry) > 20
    assert admin.site.check(None) == []
