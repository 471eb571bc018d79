"""Sending something to an address that an administrator wrote down: over TLS, to the public internet, and nowhere else.

Whoever may name an address could otherwise have this server ask what only it can reach (SSRF). The name is looked up once, every
address that it has must be public, and the connection goes to the very address that was looked at: a name that answers
differently the next time (DNS rebinding) gains nothing. Redirections are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Timer
from urllib.parse import urlsplit

from django.conf import settings

#: seconds for a connection and for each step of it
PATIENCE = 10
#: seconds for all of it, whatever trickles in
AT_MOST = 20
#: of a name's addresses
_MOST_TRIED = 2


class Undelivered(Exception):
    """It did not get through, and why; `status` is what was answered, if anything was."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


def post(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Send the content; the status of the answer, which is some 2xx. Raises Undelivered."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not settings.WEBHOOKS_TO_PRIVATE:
        raise Undelivered("no https address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = _connected(host, port, is_secure=parts.scheme == "https")
        ending = Timer(AT_MOST, _end, [connection])
        ending.start()
        try:
            connection.request("POST", path, content, {**headers, "Host": parts.netloc.rpartition("@")[2]})
            status = connection.getresponse().status
        finally:
            ending.cancel()
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    if not 200 <= status < 300:
        raise Undelivered(http.client.responses.get(status, ""), status)
    return status


def _connected(host: str, port: int, *, is_secure: bool) -> http.client.HTTPConnection:
    """A connection to one of the host's addresses, all of which are public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    refused = [each for each in addresses if not _is_public(each)]
    if refused and not settings.WEBHOOKS_TO_PRIVATE:
        raise Undelivered(f"{host} is no public address: {refused[0]}")
    plain = _reached(list(dict.fromkeys(addresses))[:_MOST_TRIED], port)
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if is_secure else plain
    return connection


def _reached(addresses: Sequence[str], port: int) -> socket.socket:
    """A connection to the first that answers: a name may have one of IPv6, to which there is no way from here. Raises OSError."""
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), PATIENCE / len(addresses))
    return socket.create_connection((last, port), PATIENCE / len(addresses))


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast


def _end(connection: http.client.HTTPConnection) -> None:
    if (line := connection.sock) is not None:
        with suppress(OSError):  # closed meanwhile
            line.shutdown(socket.SHUT_RDWR)
