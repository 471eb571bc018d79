from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation


def pytest_configure() -> None:
    """Cheap passwords, plain static files, and a test database that nobody else uses.

    On SQLite it is a file, as in life: threads and a worker's process must see the same rows.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    name = f"{os.environ.get('TEST_DATABASE_PREFIX', 'test_danvan')}_{os.getpid()}"
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        name = str(Path(tempfile.gettempdir()) / f"{name}.sqlite3")
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = name


@pytest.fixture(autouse=True)
def _the_reader_is_vietnamese() -> Iterator[None]:
    """Each test begins in the project's language, whatever the one before it left active."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def in_english() -> Iterator[None]:
    """The test's messages in English: the msgids themselves."""
    with translation.override("en"):
        yield
