"""The second factor: an authenticator's six digits (RFC 6238), and recovery codes for the day on which the telephone is lost."""

from __future__ import annotations

from base64 import b32encode
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.http import HttpRequest
from django_otp import login as verified_by
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

#: how many recovery codes one has
CODES = 10
_KEY, _ELSEWHERE = "second-factor-key", "second-factor-elsewhere"


def has_second_factor(user: AbstractBaseUser | AnonymousUser | None) -> bool:
    """Does this user have an authenticator?"""
    return user is not None and user.pk is not None and TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).exists()


def is_missing(request: HttpRequest) -> bool:
    """Is this a session without a second factor, where one is asked for?"""
    user: Any = request.user
    return settings.SECOND_FACTOR and not user.is_verified() and not request.session.get(_ELSEWHERE)


def was_given_elsewhere(request: HttpRequest) -> None:
    """The identity provider asked this session's owner for one (`OIDC_SECOND_FACTOR_ACR`, `OIDC_SECOND_FACTOR_AMR`)."""
    request.session[_ELSEWHERE] = True


def offered(request: HttpRequest) -> TOTPDevice:
    """The authenticator that this session may set up: its key is in the session until the first digits prove that it works."""
    key = request.session.get(_KEY) or random_hex(20)
    request.session[_KEY] = key
    return TOTPDevice(user=request.user, name="authenticator", key=key)


def picture_of(device: TOTPDevice) -> str:
    """What a telephone's camera reads, as an SVG."""
    return segno.make(device.config_url, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff")


def spelt(device: TOTPDevice) -> str:
    """The key, for whoever types it."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def set_up(request: HttpRequest, digits: str) -> list[str] | None:
    """Make the offered authenticator the user's only one, if these are its digits; recovery codes, or None for wrong digits."""
    device = offered(request)
    totp = TOTP(device.bin_key)
    if not digits.isdecimal() or not totp.verify(int(digits), tolerance=1):
        return None
    with transaction.atomic():
        forget(request.user)
        device.last_t = totp.t()  # the same digits open nothing a second time
        device.save()
        codes = new_codes(request.user)
    del request.session[_KEY]
    request.session.cycle_key()
    verified_by(request, device)
    return codes


def new_codes(user: AbstractBaseUser | AnonymousUser) -> list[str]:
    """Recovery codes in place of the user's former ones, each good for one time."""
    with transaction.atomic():
        device, _made = StaticDevice.objects.get_or_create(user_id=user.pk, defaults={"name": "recovery codes"})
        device.token_set.all().delete()
        codes = [StaticToken.random_token() for _ in range(CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def codes_left(user: AbstractBaseUser | AnonymousUser) -> int:
    return StaticToken.objects.filter(device__user_id=user.pk).count()


def proven(user: AbstractBaseUser, given: str) -> TOTPDevice | StaticDevice | None:
    """What this user proves with these digits, or with this recovery code, once. Wrong ones make each next try wait longer."""
    given = given.replace(" ", "").replace("-", "").lower()
    model = TOTPDevice if given.isdecimal() and len(given) == 6 else StaticDevice
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user_id=user.pk, confirmed=True).first()
        return device if device is not None and device.verify_token(given) else None


def has_to_wait(user: AbstractBaseUser) -> bool:
    """Were there wrong digits or codes so lately that none is looked at now?"""
    devices = [TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).first(), StaticDevice.objects.filter(user_id=user.pk).first()]
    return any(device is not None and not device.verify_is_allowed()[0] for device in devices)


def forget(user: AbstractBaseUser | AnonymousUser) -> None:
    """Take the user's second factor away."""
    TOTPDevice.objects.filter(user_id=user.pk).delete()
    StaticDevice.objects.filter(user_id=user.pk).delete()
