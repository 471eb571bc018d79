"""A province's identity provider, as a program: Django OAuth Toolkit with a database of its own. Nothing of the site's is loaded here.

    python -m tests.identity_provider.program FOLDER RETURN_TO

makes its database and key in FOLDER, writes its issuer to FOLDER/issuer, and serves until it is ended. With CLOCK_AHEAD its
clock goes as that of the browser tests' site (tests/browser/site_settings.py).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import time_machine

from tests.identity_provider.people import CLIENT, CLIENT_SECRET, PEOPLE, PERSON_PASSWORD

PAGE = '<form method="post">{% csrf_token %}{{ form }}</form>'


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def main(folder: Path, back: str) -> None:
    time_machine.travel(time.time() + float(os.environ.get("CLOCK_AHEAD") or 0), tick=True).start()
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    settings.configure(
        SECRET_KEY="the provider's",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.identity_provider.urls",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.sqlite3")}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": PAGE})]},
            }
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        LOGIN_URL="/login/",
        # Cookies know hosts and no ports, and the site is on this one.
        SESSION_COOKIE_NAME="provider",
        CSRF_COOKIE_NAME="provider-csrf",
        USE_TZ=True,
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": new_key(),
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
            "OAUTH2_VALIDATOR_CLASS": "tests.identity_provider.claiming.Validator",
            "SCOPES": {"openid": "", "profile": "", "email": ""},
        },
    )
    django.setup()
    fill(back)
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415

    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
        (folder / "issuer").write_text(f"http://127.0.0.1:{server.server_port}/o")
        server.serve_forever()


def new_key() -> str:
    from jwcrypto.jwk import JWK  # noqa: PLC0415

    return JWK.generate(kty="RSA", size=2048).export_to_pem(private_key=True, password=None).decode()


def fill(back: str) -> None:
    """Its people, and the site as the one client."""
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from oauth2_provider.models import Application  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    for name in PEOPLE:
        User.objects.create_user(name, password=PERSON_PASSWORD)
    Application.objects.create(
        client_id=CLIENT,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
        redirect_uris=f"{back}/account/openid/return/",
        post_logout_redirect_uris=f"{back}/login/",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
