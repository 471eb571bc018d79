"""The API as a whole: its resources, and the OpenAPI document that says all of it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path, reverse
from django.utils import translation
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.parser import Parser

from accounts.models import OF_PROGRAMS
from reports.api import problems
from reports.api.attachments import attachments
from reports.api.board import board
from reports.api.configured_cycles import configured_cycles
from reports.api.cycles import cycles
from reports.api.dashboards import dashboards
from reports.api.days_off import days_off
from reports.api.exchange import exchange
from reports.api.figures import figures
from reports.api.files import files
from reports.api.form import form
from reports.api.me import me
from reports.api.memberships import memberships
from reports.api.reorganisations import reorganisations
from reports.api.reports import reports
from reports.api.selection_plans import selection_plans
from reports.api.selections import selections
from reports.api.skilful_models import skilful_models
from reports.api.steps import steps
from reports.api.tables import tables
from reports.api.templates import templates
from reports.api.totals import totals
from reports.api.unit_tree import unit_tree
from reports.api.units import units
from reports.api.workbooks import workbooks

VERSION = "1.0"
#: what asks for the scope `configure`
CONFIGURATION = (templates, configured_cycles, selection_plans, days_off, unit_tree, reorganisations, memberships, tables)
#: files before what their addresses could be taken for
RESOURCES = (
    *(me, units, cycles, exchange, reports, form, figures, steps, board, totals, dashboards),
    *(attachments, selections, files, workbooks, skilful_models),
    *CONFIGURATION,
)
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """By module and function: what a generated client calls it."""
        function = operation.view_func
        return f"{function.__module__.rpartition('.')[2]}_{function.__name__}"


class Reader(Parser):
    """Of JSON; what raises ValueError is answered as content that can't be read, and a Trouble as itself."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Half of a letter (`\\ud800`) is no text: nothing can store it, or say it again. Content that doesn't say of which kind it is
        is taken for JSON.
        """
        if not _JSON.fullmatch(request.content_type or "application/json"):
            raise problems.unsupported()
        content = json.loads(request.body)
        if b"\\u" in request.body:
            json.dumps(content, ensure_ascii=False).encode()
        return content


api = Api(
    parser=Reader(),
    title="Dân vận",
    version=VERSION,
    description="Reports of the *dân vận* committees, from the hamlet's figure to the province's total. How to use it: docs/api.md.",
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)
problems.handle(api)
for _resource in RESOURCES:
    api.add_router("", _resource.router)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document; addresses in it go on from where the API stands."""
    with translation.override("en"):
        described = "; ".join(f"`{scope}`: {label}" for scope, label in OF_PROGRAMS)
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=""))
    schemas = found["components"]["schemas"]
    model = problems.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(model.pop("$defs"))
    schemas["ProblemDetails"] = model
    token = {"type": "http", "scheme": "bearer", "description": f"An access token of your account. Scopes: {described}."}
    found["components"]["securitySchemes"] = {"token": token}
    found["servers"] = [{"url": _root()}]
    found["info"] = found["info"] | {"license": {"name": "MIT", "identifier": "MIT"}}
    return found


def _root() -> str:
    return reverse("api:openapi").removesuffix("/openapi.json")


def openapi(request: HttpRequest) -> JsonResponse:
    """The document, for everybody: it holds nothing that isn't in the source."""
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


_operations = [route for route in api.urls[0] if getattr(route, "name", "") != "api-root"]
urls = ([path("openapi.json", openapi, name="openapi"), *_operations], "api", "api")
