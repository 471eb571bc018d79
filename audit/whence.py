"""From where a request comes: what locks, and what the journal names."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The address of whoever asks, as the outermost of our own proxies saw it (`PROXIES`).

    Each proxy adds the address that it saw to X-Forwarded-For, on the right; what stands further left, anybody may have written.
    """
    seen = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.PROXIES:
        return seen
    forwarded = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",") if each.strip()]
    return forwarded[-min(settings.PROXIES, len(forwarded))] if forwarded else seen
