"""Which version of something a program saw: ETag with what it reads, If-Match with what it writes (RFC 9110, 13).

A report's ETag begins with the report's version, and of a page of figures goes on with a digest of what was read: to write, the
version alone counts. A proxy that compresses makes ETags weak, and so a weak one is taken too.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from reports.api.problems import Trouble

#: what an answer that says nothing new says nevertheless
_KEPT = ("ETag", "Cache-Control", "RateLimit", "RateLimit-Policy")
_SEEN = re.compile(r'(?:W/)?"([0-9]{1,9})(?:\.[0-9a-f]+)?"')


def state_of(shown: Any) -> int:
    """What is configured has no version: its content tells one from another, by a number made of it."""
    return int.from_bytes(hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).digest()[:8]) % 1_000_000_000


def say_version(response: HttpResponse, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'


def seen_version(request: HttpRequest, version: int) -> int:
    """The version that the sender saw, of what is now in `version`; `*` is whatever it is.

    Raises Trouble: 428 where it wasn't said, 412 where it is another one.
    """
    said = request.headers.get("If-Match", "").strip()
    if not said:
        title = _("Say in If-Match which version you saw: the ETag with which you read it.")
        raise Trouble(428, "version-missing", title)
    if said == "*":
        return version
    match = _SEEN.fullmatch(said)
    if match is None or int(match[1]) != version:
        raise changed(version)
    return version


def overwrite_unseen(request: HttpRequest) -> None:
    """Has the sender said that whatever stands there may be overwritten? Raises Trouble where not."""
    if request.headers.get("If-Match", "").strip() != "*":
        title = _("This overwrites what stands there, whoever wrote it: say with If-Match: * that it may.")
        raise Trouble(428, "version-missing", title)


def changed(version: int, **more: Any) -> Trouble:
    """Somebody else wrote meanwhile."""
    title = _("Somebody else has changed this meanwhile. Read it again before you go on.")
    return Trouble(412, "version-changed", title, headers={"ETag": f'"{version}"'}, version=version, **more)


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """What was read with its ETag, or 304 where the reader has it already."""
    digest = hashlib.sha256(response.content).hexdigest()[:16]
    version = response.headers.get("ETag", "").strip('"')
    response.headers["ETag"] = f'"{version}.{digest}"' if version else f'"{digest}"'
    answer: Any = get_conditional_response(request, etag=response.headers["ETag"], response=response)
    for name in _KEPT:
        if name in response.headers:
            answer.headers[name] = response.headers[name]
    return answer
