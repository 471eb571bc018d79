"""A request that is named by its sender (Idempotency-Key) is done once, however often it is sent.

The name, what the request did and its answer are written in one transaction: there is no moment at which a crash could leave one
without the others. Only what was done is remembered: a request that was refused has changed nothing, and may be sent anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from accounts.models import ApiToken
from reports.api.problems import TOO_LARGE, Trouble, too_large, unreadable
from reports.models import AnsweredRequest
from units.locks import hold

HEADER = "Idempotency-Key"
#: how long an answer is remembered
KEPT = timedelta(days=1)
_LONGEST = 255
#: of an answer's headers, what a repetition needs
_HEADERS = ("Content-Type", "ETag", "Location")


def answered(request: HttpRequest, token: ApiToken, at: datetime, do: Callable[[], HttpResponse]) -> HttpResponse:
    """What `do` answers, or what it answered when the request was sent first. Raises Trouble where the name is another request's."""
    key = request.headers[HEADER]
    if not (0 < len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise Trouble(422, "key-misused", _("An Idempotency-Key has between 1 and 255 printable ASCII characters."))
    try:
        fingerprint = _fingerprint(request)
    except MultiPartParserError as error:
        raise unreadable() from error
    except TOO_LARGE as error:
        raise too_large() from error
    AnsweredRequest.objects.filter(at__lt=at - KEPT).delete()
    with transaction.atomic():
        hold(f"idempotency:{token.pk}:{key}")
        known = AnsweredRequest.objects.filter(token=token, key=key).first()
        if known is not None:
            return _again(known, fingerprint)
        response = do()
        if response.status_code >= 400:
            transaction.set_rollback(True)
            return response
        AnsweredRequest.objects.create(
            token=token,
            key=key,
            fingerprint=fingerprint,
            status=response.status_code,
            headers={name: response.headers[name] for name in _HEADERS if name in response.headers},
            body=response.content.decode(),
            at=at,
        )
        return response


def _again(known: AnsweredRequest, fingerprint: str) -> HttpResponse:
    if known.fingerprint != fingerprint:
        raise Trouble(422, "key-misused", _("Another request was sent under this Idempotency-Key."))
    return HttpResponse(known.body, status=known.status, headers=known.headers | {"Idempotency-Replayed": "true"})


def _fingerprint(request: HttpRequest) -> str:
    said = f"{request.method} {request.get_full_path()}\n{request.headers.get('If-Match', '')}\n{request.content_type}\n".encode()
    return hashlib.sha256(said + _content(request)).hexdigest()


def _content(request: HttpRequest) -> bytes:
    """What was sent. Of a form with a file the parts: what stands between them is another each time."""
    if request.content_type != "multipart/form-data":
        return request.body
    parts = [f"{name}={value}".encode() for name, values in sorted(request.POST.lists()) for value in values]
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            parts.append(f"{name}={file.name}".encode() + file.read())
            file.seek(0)
    return b"\n".join(parts)
