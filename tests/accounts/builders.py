"""Accounts with a second factor, and what their telephones show."""

from __future__ import annotations

import re
from base64 import b32decode
from typing import Any

from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

PASSWORD = "mot mat khau dai"


def given_second_factor(user: Any) -> TOTPDevice:
    return TOTPDevice.objects.create(user=user, name="authenticator", confirmed=True)


def shown_by(key: bytes) -> str:
    """The digits that an authenticator with this key shows now."""
    return f"{TOTP(key).token():06d}"


def sign_in(name: str, password: str = PASSWORD, **more: Any) -> Any:
    """The answer to a name and a password, from a client of its own."""
    return Client(**more).post("/login/", {"username": name, "password": password})


def key_on(page: Any) -> bytes:
    """The key that the page of setting up spells."""
    found = re.search(r'class="key">([A-Z2-7 ]+)<', page.content.decode())
    assert found
    return b32decode(found[1].replace(" ", ""))
