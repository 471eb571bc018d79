"""Which account somebody signs in to whom the identity provider has proven: the one bound to them, or at first the one they were given."""

from __future__ import annotations

from unicodedata import normalize

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts.models import ExternalIdentity
from accounts.openid import Identity
from units.locks import hold


def account_of(identity: Identity) -> User | None:
    """The account of this person, bound to them from now on; None where there is none that is open for them.

    At first it is found by what `OIDC_MATCH` says: the mail address that the provider has verified, or the user name. It has to be
    exactly one account, open, and nobody else's yet. None is made, unless `OIDC_CREATE` says so; it then belongs to no unit.
    """
    with transaction.atomic():
        user = _bound(identity)
        if user is None:
            hold("accounts.openid_accounts")  # first sign-ins one at a time: two of one person's would bind, or make, two accounts
            user = _bound(identity) or _bind(identity)
        return user if user is not None and user.is_active else None


def _bound(identity: Identity) -> User | None:
    found = ExternalIdentity.objects.filter(issuer=identity.issuer, subject=identity.subject).select_related("user").first()
    return found.user if found is not None else None


def _bind(identity: Identity) -> User | None:
    user = _invited(identity) or (_made(identity) if settings.OIDC_CREATE else None)
    if user is not None:
        ExternalIdentity.objects.create(user=user, issuer=identity.issuer, subject=identity.subject)
    return user


def _invited(identity: Identity) -> User | None:
    field = settings.OIDC_MATCH
    claimed = {"email": identity.email, "username": identity.username}[field]
    if not claimed:
        return None
    alike = User.objects.select_for_update(of=("self",)).filter(**{f"{field}__iexact": claimed})
    found = [user for user in alike if _folded(getattr(user, field)) == _folded(claimed)]
    taken = ExternalIdentity.objects.filter(user__in=found).exists()
    return found[0] if len(found) == 1 and found[0].is_active and not taken else None


def _folded(text: str) -> str:
    """To compare without case. A database that writes both in capitals takes `ı` for `i`, and so somebody else's address for this one."""
    return normalize("NFKC", text).casefold()


def _made(identity: Identity) -> User | None:
    """A new account that may do nothing yet; None where its name or its address is somebody's already."""
    name = identity.username or identity.email
    if User.objects.filter(username__iexact=name).exists() or (
        identity.email and User.objects.filter(email__iexact=identity.email).exists()
    ):
        return None
    user = User(username=name, email=identity.email)
    user.first_name, user.last_name = (identity.named(claim)[:150] for claim in ("given_name", "family_name"))
    user.set_unusable_password()
    try:
        user.full_clean()
        with transaction.atomic():
            user.save()
    except (ValidationError, IntegrityError):  # the latter: an administrator made one of this name just now
        return None
    return user


class Backend(BaseBackend):
    """Lets in whom the provider has proven. The account is named as for a password, so that the lock-out knows which one is meant."""

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, username: str | None = None, proven: User | None = None
    ) -> User | None:
        return proven if proven is not None and proven.is_active else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
