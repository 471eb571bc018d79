"""The one door of the API: who knocks, whether they may, how often, and how what is answered leaves.

A resource's functions are registered through `Resource`, so that none is without its scope, and the OpenAPI document says of each
what it asks for and what it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Router
from ninja.decorators import decorate_view

from accounts import tokens
from accounts.models import ApiToken, Scope
from reports.api import limits, once, versions
from reports.api.problems import MEDIA_TYPE, Trouble

Function = TypeVar("Function", bound=Callable[..., Any])
_Run = Callable[..., HttpResponse]

_TEXT = {"type": "string"}
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "schema": {"type": "string", "examples": ['"3"']},
    "description": "The ETag with which it was read; `*` for whatever stands there. Without it: 428.",
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": once.HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "A name that you give to this request: sent again within a day, it does nothing twice and is answered the same.",
}
_REASONS = {
    401: "No access token, or one that is not good any more",
    403: "Not in the token's scopes, or not the user's to do",
    404: "Not there, or out of reach",
    409: "Not possible as things stand",
    412: "Somebody else has changed it meanwhile",
    413: "Too large",
    415: "Not JSON, by what it says of itself",
    422: "Refused, with every reason",
    428: "If-Match is missing",
    429: "Too many requests",
    500: "A mistake of ours; nothing was changed",
    400: "What was sent can't be read",
}


#: what is asked of a token's user beside Django's permissions, as in admin
STAFF, SUPERUSER = "staff", "superuser"


class Resource:
    """The operations of one kind of thing.

    What configures names in `permits` what admin asks for on the page of the same: STAFF, SUPERUSER, or permissions of Django's.
    """

    def __init__(self, tag: str) -> None:
        self.router = Router(tags=[tag])

    def get(self, path: str, answer: Any, scope: Scope = Scope.READ, **more: Any) -> Callable[[Function], Function]:
        """Something to be read."""
        return self._operation("GET", path, {200: answer}, scope, more)

    def file(self, path: str, *media_types: str, scope: Scope = Scope.READ, **more: Any) -> Callable[[Function], Function]:
        """A file to be fetched."""
        content = {each: {"schema": {"type": "string", "format": "binary"}} for each in media_types}
        extra = {"responses": {200: {"description": "The file", "content": content}}}
        return self._operation("GET", path, {200: None}, scope, {"extra": extra} | more)

    def post(self, path: str, answer: Any, scope: Scope, *, status: int = 200, **more: Any) -> Callable[[Function], Function]:
        return self._operation("POST", path, {status: answer}, scope, more)

    def patch(self, path: str, answer: Any, scope: Scope, **more: Any) -> Callable[[Function], Function]:
        return self._operation("PATCH", path, {200: answer}, scope, more)

    def put(self, path: str, answer: Any, scope: Scope, **more: Any) -> Callable[[Function], Function]:
        return self._operation("PUT", path, {200: answer}, scope, more)

    def delete(self, path: str, scope: Scope, **more: Any) -> Callable[[Function], Function]:
        return self._operation("DELETE", path, {204: None}, scope, more)

    def _operation(
        self, method: str, path: str, answers: Mapping[int, Any], scope: Scope, more: dict[str, Any]
    ) -> Callable[[Function], Function]:
        versioned, permits = more.pop("versioned", False), tuple(more.pop("permits", ()))
        if bool(permits) != (scope is Scope.CONFIGURE):
            raise TypeError(f"{method} {path}: what configures, and nothing else, names what it permits")
        extra = _described(method, scope, more.pop("extra", {}), versioned=versioned)
        if permits:
            extra["x-permissions"] = list(permits)
        register = self.router.api_operation([method], path, response=dict(answers), openapi_extra=extra, **more)

        def registered(function: Function) -> Function:
            return register(decorate_view(partial(_guarded, scope, permits))(function))

        return registered


def _described(method: str, scope: Scope, extra: dict[str, Any], *, versioned: bool) -> dict[str, Any]:
    """What the OpenAPI document says of an operation, beside what its function says by its types."""
    statuses = [401, 403, 404, 422, 429, 500]
    parameters = []
    if method != "GET":
        statuses += [400, 409, 413, 415]
    if versioned:
        statuses += [412, 428]
        parameters.append(IF_MATCH)
    if method == "POST":
        parameters.append(IDEMPOTENCY_KEY)
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    responses = {status: {"description": _REASONS[status], "content": problem} for status in sorted(statuses)}
    if method == "GET":
        responses[304] = {"description": "Not modified since it was read with the ETag in If-None-Match"}
    described: dict[str, Any] = {"security": [{"token": [scope.value]}], "responses": responses | extra.pop("responses", {})}
    if parameters:
        described["parameters"] = parameters
    return described | extra


def _guarded(scope: Scope, permits: tuple[str, ...], run: _Run) -> _Run:
    @wraps(run)
    def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
        budget: limits.Budget | None = None
        try:
            token, budget = _let_in(request, scope)
            if permits:
                refuse_without(request, *permits)
            response = _answered(request, token, partial(run, request, **arguments))
        except Trouble as trouble:
            response = trouble.response()
        for name, value in (budget.headers if budget else {}).items():
            response.headers[name] = value
        response.headers.setdefault("Cache-Control", "private, no-cache")
        is_read = request.method == "GET" and response.status_code == 200 and not response.streaming
        return versions.conditional(request, response) if is_read else response

    return guarded


def _let_in(request: HttpRequest, scope: Scope) -> tuple[ApiToken, limits.Budget]:
    """The token that the request brings. From here on it is its user's request."""
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.found(secret.strip(), timezone.now()) if kind.casefold() == "bearer" and secret else None
    if token is None:
        challenge = 'Bearer realm="danvan"' + (', error="invalid_token"' if secret else "")
        title = _("Bring an access token that is good: Authorization: Bearer …")
        raise Trouble(401, "unauthenticated", title, headers={"WWW-Authenticate": challenge})
    user: Any = token.user
    user.narrowed_to = token.unit_id
    request.user = user
    budget = limits.spend(token)
    if scope not in token.scopes:
        challenge = f'Bearer realm="danvan", error="insufficient_scope", scope="{scope.value}"'
        title = _("This access token is not good for that; it needs the scope “%(scope)s”.") % {"scope": scope.value}
        raise Trouble(403, "insufficient-scope", title, headers={"WWW-Authenticate": challenge} | budget.headers)
    return token, budget


def refuse_without(request: HttpRequest, *permits: str) -> None:
    """Raises Trouble (403) where the administration would not let this user do it."""
    user: Any = request.user
    permissions = [each for each in permits if each not in (STAFF, SUPERUSER)]
    is_allowed = user.is_staff and user.narrowed_to is None and (user.is_superuser or SUPERUSER not in permits)
    if not (is_allowed and user.has_perms(permissions)):
        raise Trouble(403, "forbidden", _("This is not yours to do."))


def _answered(request: HttpRequest, token: ApiToken, do: Callable[[], HttpResponse]) -> HttpResponse:
    if request.method == "POST" and once.HEADER in request.headers:
        return once.answered(request, token, timezone.now(), do)
    return do()
