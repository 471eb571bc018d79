"""The OpenAPI document is what the API does: generated requests find no error of the server, and no answer that isn't described."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import override_settings
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks as openapi_checks

from danvan.wsgi import application
from reports.api.site import document
from tests.entrypoints.access_world import World, given_world
from tests.entrypoints.api_client import ROOT, Program
from tests.entrypoints.pages import looked_at

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]  # which refuses texts and numbers that SQLite takes


def _asking_the_same() -> Iterator[str]:
    """The ids of operations all of whose parameters and content others before them ask for, too, in the very same words."""
    known: set[str] = set()
    for operation in (each for methods in document()["paths"].values() for each in methods.values()):
        parameters = [{**each, "name": each["in"] == "path" or each["name"]} for each in operation.get("parameters", ())]
        asked = {json.dumps(each, sort_keys=True) for each in (*parameters, operation.get("requestBody"))}
        if asked <= known:
            yield operation["operationId"]
        known |= asked


_CONFIG = {
    "generation": {"max-examples": 2, "deterministic": True, "database": "none"},
    "phases": {"coverage": {"unexpected-methods": ["TRACE"]}},
    # all that may be wrong with what is asked for is tried once; of rows that are there, every operation is asked
    "operations": [{"include-operation-id": [*_asking_the_same()], "phases": {"coverage": {"enabled": False}}}],
    # what the rules of the field refuse is well formed all the same: 409, 412, 422
    "checks": {"positive_data_acceptance": {"enabled": False}, "use_after_free": {"enabled": False}},
}
schema = schemathesis.openapi.from_wsgi(f"{ROOT}/openapi.json", application, config=SchemathesisConfig.from_dict(_CONFIG))
#: what every answer is held to, whatever was asked
_ANSWERS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One for all operations, in a transaction around theirs; between them the connection stays open, which each test would close."""
    unhindered = override_settings(API_REQUESTS_A_MINUTE=10**9, SOFFICE="not-there")
    kept_open = patch.object(connection, "close", lambda: None)
    with django_db_blocker.unblock(), kept_open, unhindered, transaction.atomic(), looked_at():
        yield given_world()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def officer(world: World) -> Program:
    return Program(world.people["parent"])


@pytest.fixture(scope="module")
def superuser(world: World) -> Program:
    return Program(get_user_model().objects.create_superuser("quan-tri", password="mot mat khau dai"))


@schema.parametrize()
def test_what_is_generated_is_answered_as_the_document_says(case: Any, world: World, officer: Program, superuser: Program):
    """Once as it is generated, and once of rows that are there; of what configures nothing stays."""
    configures = case.operation.path.startswith("/configuration")
    program = superuser if configures else officer
    headers = {"Authorization": f"Bearer {program.secret}", "Accept-Encoding": "identity"}
    with transaction.atomic():
        case.call_and_validate(headers=headers)
        known = {name: world.names[name] for name in case.path_parameters or {} if name in world.names}
        if known and case.meta.phase.name == "fuzzing":
            case.path_parameters = {**case.path_parameters, **known, **_configured(case.operation.path)}
            case.call_and_validate(headers=headers | {"If-Match": "*"}, checks=_ANSWERS)
        transaction.set_rollback(configures)


def _configured(path: str) -> dict[str, Any]:
    """By what a row that is configured goes in the world."""
    codes = {"templates": "t", "cycles": "t-2025-H1", "selections": "chon-thon"}
    kind = path.removeprefix("/configuration/").partition("/")[0] if path.startswith("/configuration") else ""
    return {"code": codes[kind]} if kind in codes else {}
