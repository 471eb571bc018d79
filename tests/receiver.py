"""Another system, over real HTTP or TLS: it answers what it is told to, and keeps what came."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.processes import LOOK_EVERY


@dataclass
class Came:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes


@dataclass
class Receiver:
    """`answers` are the statuses of the next answers, 204 after them, each with `content`; `before_answer` may take its time."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    content: bytes = b""
    before_answer: Callable[[], object] = lambda: None
    came: list[Came] = field(default_factory=list)


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """A receiver at `https://localhost` with this certificate (PEM, with its key), or at `http://127.0.0.1`."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.came.append(Came(self.command, self.path, headers, content))
            found.before_answer()
            with suppress(OSError):  # who asked has hung up
                self.send_response(found.answers.pop(0) if found.answers else (200 if found.content else 204))
                self.send_header("Location", found.url)
                self.end_headers()
                self.wfile.write(found.content)

        do_GET = do_POST  # noqa: N815 - http.server asks for this name

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Who refuses the certificate hangs up, which is no error here."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, args=[LOOK_EVERY], daemon=True)
    thread.start()
    found.url = f"{'http://127.0.0.1' if certificate is None else 'https://localhost'}:{server.server_port}/dan-van?x=1"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Authority:
    """An authority of one's own, which signs certificates into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key, self._name = folder, ec.generate_private_key(ec.SECP256R1()), _named("CA của tỉnh")
        now = datetime.now(UTC)
        builder = _builder(self._name, self._name, self._key, now - timedelta(days=9), now + timedelta(days=9))
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        own = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(own.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def certificate(self, host: str = "localhost", *, expired: bool = False) -> Path:
        """A certificate for a name or an address, with its key."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        ends = now - timedelta(days=1) if expired else now + timedelta(days=1)
        builder = _builder(_named(host), self._name, key, now - timedelta(days=2), ends)
        name: x509.GeneralName = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        signed = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False).sign(self._key, SHA256())
        place = self._folder / f"{host}.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        place.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
        return place


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    return made.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
