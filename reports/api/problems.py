"""How the API says no: problem details (RFC 9457) in the reader's language, of a kind that programs can tell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import ConfigDict, Field

from reports.wording import say
from units.problems import Problem, Refused

MEDIA_TYPE = "application/problem+json"
#: what a problem's type begins with; a name for programs, and no address
_TYPES = "urn:problem-type:danvan:"
_PLACES = ("line", "column", "unit_uid")
#: what is raised of content that is not read on
TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)


class Detail(Schema):
    """One thing that is wrong, and where: in the sent content (`pointer`), in a file's line, in an indicator's or another column,
    at a unit.
    """

    detail: str
    pointer: str | None = Field(None, description="RFC 6901, into the content that was sent")
    parameter: str | None = None
    line: int | None = None
    column: str | None = None
    unit_uid: str | None = None


class ProblemDetails(Schema):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[Detail] | None = None


class Trouble(Exception):
    """The request is answered with a problem of this kind; nothing was changed."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(kind)
        self.status, self.kind, self.title = status, kind, title
        self.errors, self.headers, self.more = list(errors), dict(headers or {}), more

    @property
    def told(self) -> dict[str, Any]:
        """The problem's details."""
        told = {"type": _TYPES + self.kind, "title": self.title, "status": self.status, **self.more}
        if self.errors:
            told |= {"detail": " ".join(dict.fromkeys(each["detail"] for each in self.errors[:3])), "errors": self.errors}
        return told

    def response(self) -> HttpResponse:
        """The answer."""
        content = json.dumps(self.told, ensure_ascii=False)
        return HttpResponse(content, status=self.status, content_type=MEDIA_TYPE, headers=self.headers)


def not_found() -> Trouble:
    """What is out of reach, and what does not exist: to the letter the same."""
    return Trouble(404, "not-found", _("There is nothing here, or nothing that you may see."))


def unreadable() -> Trouble:
    return Trouble(400, "unreadable", _("What was sent can't be read."))


def too_large() -> Trouble:
    return Trouble(413, "too-large", _("What was sent is too large; nothing of it was read."))


def unsupported() -> Trouble:
    title = _("Send JSON, and say so: Content-Type: application/json.")
    return Trouble(415, "unsupported", title, headers={"Accept": "application/json"})


def failed() -> Trouble:
    """A mistake of ours."""
    return Trouble(500, "failed", _("Something went wrong here"))


def refusal(refused: Refused, status: int = 422, kind: str = "refused", **more: Any) -> Trouble:
    """What a service refused, with every reason."""
    title = {403: _("This is not yours to do."), 409: _("This can't be done as things stand.")}.get(status, _("This was refused."))
    return Trouble(status, kind, title, errors=details(refused.problems), **more)


@contextmanager
def refused_as(status: int, kind: str) -> Iterator[None]:
    """Answer so what a service refuses in here, with every reason."""
    try:
        yield
    except Refused as refused:
        raise refusal(refused, status, kind) from refused


def untimely() -> AbstractContextManager[None]:
    """Answer what a service refuses in here as not possible as things stand."""
    return refused_as(409, "untimely")


#: what the framework answers, in our words; anything else is refused
_OF_FRAMEWORK: Mapping[int, Callable[[], Trouble]] = {
    400: unreadable,
    404: not_found,
    405: lambda: Trouble(405, "not-allowed", _("This can't be asked for in this way; Allow names the methods that can.")),
    413: too_large,
    500: failed,
}


def in_place_of(response: HttpResponse) -> HttpResponse:
    """The problem to be answered in place of a page or of plain words of the framework's, with what its headers say."""
    status = response.status_code
    made = _OF_FRAMEWORK.get(status, lambda: Trouble(status, "refused", _("This was refused.")))()
    if "Allow" in response.headers:
        made.headers["Allow"] = ", ".join(sorted(response.headers["Allow"].split(", ")))
    answer = made.response()
    answer.cookies = response.cookies
    for name, value in response.headers.items():
        if not name.startswith("Content-"):
            answer.headers.setdefault(name, value)
    return answer


def details(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [{"detail": say(each)} | {name: place for name in _PLACES if (place := getattr(each, name))} for each in problems]


def handle(api: NinjaAPI) -> None:
    """Have the API answer what is raised while it works."""

    @api.exception_handler(Trouble)
    def _trouble(request: HttpRequest, trouble: Trouble) -> HttpResponse:
        return trouble.response()

    @api.exception_handler(Refused)
    def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
        return refusal(refused).response()

    @api.exception_handler(Http404)
    def _nothing(request: HttpRequest, error: Http404) -> HttpResponse:
        return not_found().response()

    @api.exception_handler(MultiPartParserError)
    def _no_parts(request: HttpRequest, error: Exception) -> HttpResponse:
        return unreadable().response()

    @api.exception_handler(RawPostDataException)
    def _parts(request: HttpRequest, error: Exception) -> HttpResponse:
        """They were read as parts, for the fingerprint of a named request, where JSON is asked for."""
        return unsupported().response()

    for kind in TOO_LARGE:

        @api.exception_handler(kind)
        def _too_large(request: HttpRequest, error: Exception) -> HttpResponse:
            return too_large().response()

    @api.exception_handler(ValidationError)
    def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        return Trouble(422, "invalid", _("What was sent is not of the form that is asked for."), errors=_of_form(error)).response()

    @api.exception_handler(HttpError)
    def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
        """Of ninja's own: content that `site.Reader` doesn't take."""
        why = error.__cause__
        return (why if isinstance(why, Trouble) else unreadable()).response()


def _of_form(error: ValidationError) -> list[dict[str, str]]:
    return [{"detail": _said(each)} | _place(each["loc"]) for each in error.errors]


def _place(place: Sequence[Any]) -> dict[str, str]:
    """Where it is: ninja puts the source first, and of a content the argument that takes it."""
    if place[0] in ("body", "form", "file"):
        rest = place[2:] if place[0] == "body" else place[1:]
        return {"pointer": "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in rest)}
    return {"parameter": str(place[-1])}


def _said(error: Mapping[str, Any]) -> str:
    """What pydantic found, in the reader's language."""
    limits = {name: value for name, value in error.get("ctx", {}).items() if isinstance(value, int | float | str)}
    match error["type"]:
        case "missing":
            return _("This is missing.")
        case "extra_forbidden":
            return _("There is no field of this name.")
        case "string_too_long" | "too_long":
            return _("This is too long: at most %(most)s.") % {"most": limits.get("max_length")}
        case "string_too_short" | "too_short":
            return _("This is too short: at least %(least)s.") % {"least": limits.get("min_length")}
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than":
            return _("This number lies outside of what is allowed.")
        case "literal_error" | "enum":
            return _("This is none of %(known)s.") % {"known": limits.get("expected")}
        case "value_error":
            return str(error.get("ctx", {}).get("error") or error["msg"])
    return _("This is of another kind than is asked for.")
