"""A provider that says whatever a test wants of whom it wants, over real HTTP, with keys of its own."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from tests.identity_provider.people import CLIENT
from tests.processes import LOOK_EVERY


class Hostile:
    """What it answers with stands in its attributes; None as `id_token` is an honest one for the nonce last asked for.

    `raw` is what it says at a path, a piece after another, in place of anything that is of the right form.
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.key, self.other_key = (JWK.generate(kty="RSA", size=2048, kid=kid) for kid in ("mine", "mine"))
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.id_token: str | None = None
        self.token_status = 200
        self.raw: dict[str, Iterable[bytes]] = {}
        self.asked: list[dict[str, str]] = []
        self.nonce = ""

    def send(self, address: str) -> str:
        """Take note of what the site asks for; the state to come back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.nonce = asked["nonce"]
        return asked["state"]

    def honest_claims(self) -> dict[str, Any]:
        now = int(time.time())
        told = {"sub": "7", "email": "lan@tinh.example", "email_verified": True, "preferred_username": "lan"}
        return {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.nonce, **told}

    def signed(self, claims: dict[str, Any], key: JWK | None = None, **header: str) -> str:
        told = {name: value for name, value in claims.items() if value is not None}
        token = JWT(header={"alg": "RS256", "kid": "mine", **header}, claims=told)
        token.make_signed_token(key or self.key)
        return str(token.serialize())

    def unsigned(self, claims: dict[str, Any]) -> str:
        return ".".join([*(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)), ""])

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """As if the key that everybody may read were a secret: the attack on whoever lets the token choose how it is proven."""
        return self.signed(claims, JWK(kty="oct", k=urlsafe_b64encode(self.key.export_to_pem()).decode().rstrip("=")), alg="HS256")

    def answer(self, path: str) -> tuple[int, Any]:
        if path == "/.well-known/openid-configuration":
            named = {
                "authorization_endpoint": "/authorize",
                "token_endpoint": "/token",
                "jwks_uri": "/keys",
                "userinfo_endpoint": "/userinfo",
            }
            return 200, {"issuer": self.issuer, **{name: self.issuer + where for name, where in named.items()}, **self.metadata}
        if path == "/keys":
            return 200, {"keys": [self.key.export_public(as_dict=True)]}
        if path == "/userinfo":
            return 200, self.userinfo
        token = self.signed(self.honest_claims() | self.claims) if self.id_token is None else self.id_token
        return self.token_status, {"access_token": "a", "token_type": "Bearer", "id_token": token}


@contextmanager
def running_hostile() -> Iterator[Hostile]:
    hostile = Hostile()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            hostile.asked.append({name: values[0] for name, values in parse_qs(body).items()})
            self._say()

        def _say(self) -> None:
            path = urlsplit(self.path).path
            status, what = hostile.answer(path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            with suppress(OSError):  # the site has read enough
                for piece in hostile.raw.get(path, [json.dumps(what).encode()]):
                    self.wfile.write(piece)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=[LOOK_EVERY], daemon=True)
    thread.start()
    hostile.issuer = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hostile
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
