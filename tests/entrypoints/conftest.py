"""What the tests of pages and of admin share: the moment, and the language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from tests.entrypoints.admin_client import administrator
from tests.entrypoints.pages import looked_at


@pytest.fixture
def in_time() -> Iterator[None]:
    """The pages are looked at while the cycle of `given_form_cycle` is open."""
    with looked_at():
        yield


@pytest.fixture
def pages_in_english(settings: Any) -> Iterator[None]:
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def admin() -> Client:
    return administrator()
