"""What the tests of pages and of admin share: the moment, and the language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from tests.entrypoints.admin_client import administrator
from tests.entrypoints.pages import looked_at

HERE = Path(__file__).parent
#: what each page asks of the database is counted on both
ON_BOTH_DATABASES = {"test_pages_queries.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What pages show is looked at once. Services and queries are held to both databases, and test_access asks PostgreSQL for each page."""
    for item in items:
        shows_pages = item.path.parent == HERE and item.path.name.startswith(("test_pages_", "test_admin_"))
        if shows_pages and item.path.name not in ON_BOTH_DATABASES:
            item.add_marker(pytest.mark.once)


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
