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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread, Timer
from time import monotonic
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

#: seconds for each step
PATIENCE = 10
#: seconds for all of it: looking the name up, connecting, TLS, and whatever trickles in
AT_MOST = 20
#: of a name's addresses
_MOST_TRIED = 2

#: what OpenSSL finds wrong with a certificate (X509_V_ERR_…), in words
_CERTIFICATES = {
    9: _("The certificate of %(host)s is not valid yet."),
    10: _("The certificate of %(host)s has expired."),
    62: _("The certificate of %(host)s is for another name."),
    64: _("The certificate of %(host)s is for another name."),
    **dict.fromkeys(
        (18, 19, 20, 21),
        _("The certificate of %(host)s is of an authority that this server does not know: a private one stands in OUTWARD_CA_BUNDLE."),
    ),
}
_OTHER_CERTIFICATE = _("The certificate of %(host)s is not good: %(why)s.")


class Undelivered(Exception):
    """It did not get through, and why, in words; `status` is what was answered, if anything was."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class NotOurs(Exception):
    """Somebody else sends it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: some 2xx, and as much of the content as was asked for."""

    status: int
    content: bytes


def post(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Send the content; the status of the answer, which is some 2xx. Raises Undelivered."""
    return send("POST", url, content, headers).status


def send(
    method: str,
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    may_send: Callable[[], bool] | None = None,
    is_out: Callable[[], None] | None = None,
    most: int = 0,
) -> Answer:
    """Send the content, and read at most so many bytes of the answer. Raises Undelivered.

    `may_send` is asked once there is a connection, at the last instant before anything is said: NotOurs where it says no. `is_out` is
    called once all of the request has left, before an answer is waited for.
    """
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    if not is_secure and not settings.WEBHOOKS_TO_PRIVATE:
        raise Undelivered(gettext("The address does not begin with https://."))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    ends = monotonic() + AT_MOST
    try:
        port = parts.port or (443 if is_secure else 80)
        with _line(host, port, ends, is_secure=is_secure) as line:
            connection = http.client.HTTPConnection(host, port)
            connection.sock = line
            if may_send is not None and not may_send():
                raise NotOurs
            connection.request(method, path, content or None, {**headers, "Host": parts.netloc.rpartition("@")[2]})
            if is_out is not None:
                is_out()
            response = connection.getresponse()
            said = response.read(most) if most else b""
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Undelivered(_in_words(error, host)) from error
    if not 200 <= response.status < 300:
        raise Undelivered(_said(response, said), response.status)
    return Answer(response.status, said)


def _said(response: http.client.HTTPResponse, content: bytes) -> str:
    """A refusal in the receiver's own words, where it has some that were asked for."""
    return content.decode(errors="replace").strip() or http.client.responses.get(response.status, "")


@contextmanager
def _line(host: str, port: int, ends: float, *, is_secure: bool) -> Iterator[socket.socket]:
    """A connection to one of the host's addresses, all of which are public; broken off when the time is over.

    Each step by itself may be shorter than its patience, and all of them without an end.
    """
    line = _reached(_looked_up(host, port, ends), port, ends)
    if is_secure:
        line = _trusting().wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)
    over = Event()

    def end() -> None:
        over.set()
        with suppress(OSError):  # closed meanwhile
            socket.socket.shutdown(line, socket.SHUT_RDWR)

    timer = Timer(_left(ends), end)
    timer.start()
    try:
        with line:
            if isinstance(line, ssl.SSLSocket):
                line.do_handshake()
            yield line
        if over.is_set():
            raise TimeoutError  # what was cut off may look like an end
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TimeoutError if over.is_set() else error from error
    finally:
        timer.cancel()


def _looked_up(host: str, port: int, ends: float) -> list[str]:
    """The host's addresses. The system's own looking-up knows no limit: what takes longer goes on by itself."""
    found: list[str] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))

    looking = Thread(target=look_up, daemon=True)
    looking.start()
    looking.join(min(PATIENCE, _left(ends)))
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError
    refused = [each for each in found if not _is_public(each)]
    if refused and not settings.WEBHOOKS_TO_PRIVATE:
        raise Undelivered(gettext("%(host)s is no public address: %(address)s.") % {"host": host, "address": refused[0]})
    return list(dict.fromkeys(found))[:_MOST_TRIED]


def _reached(addresses: Sequence[str], port: int, ends: float) -> socket.socket:
    """A connection to the first that answers: a name may have one of IPv6, to which there is no way from here. Raises OSError."""
    *others, last = addresses
    share = PATIENCE / len(addresses)
    for address in others:
        with suppress(OSError):
            return _patient(socket.create_connection((address, port), min(share, _left(ends))))
    return _patient(socket.create_connection((last, port), min(share, _left(ends))))


def _patient(line: socket.socket) -> socket.socket:
    line.settimeout(PATIENCE)
    return line


def _left(ends: float) -> float:
    """Seconds until the end; some thousandth where it is over, since 0 is no limit to a socket."""
    return max(ends - monotonic(), 0.001)


def _trusting() -> ssl.SSLContext:
    """Who is believed: the authorities that the system knows, and those of OUTWARD_CA_BUNDLE."""
    context = ssl.create_default_context()
    if settings.OUTWARD_CA_BUNDLE:
        context.load_verify_locations(cafile=settings.OUTWARD_CA_BUNDLE)
    return context


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast


def _in_words(error: Exception, host: str) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            said = _CERTIFICATES.get(error.verify_code, _OTHER_CERTIFICATE)
            return str(said) % {"host": host, "why": error.verify_message}
        case ssl.SSLError():
            return gettext("%(host)s speaks no TLS that is good enough: %(why)s.") % {"host": host, "why": error.reason or error}
        case socket.gaierror():
            return gettext("There is no address of the name %(host)s.") % {"host": host}
        case TimeoutError():
            return gettext("%(host)s did not answer in time.") % {"host": host}
        case ConnectionRefusedError():
            return gettext("%(host)s takes no connection.") % {"host": host}
    return gettext("%(host)s broke off, or answered what is no HTTP: %(why)s") % {"host": host, "why": f"{type(error).__name__} {error}"}
