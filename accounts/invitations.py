"""Inviting instead of mailing passwords: a link that opens one account once, until it expires or the account is used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts import openid, passwords, second_factor, tokens
from accounts.models import ApiToken, ExternalIdentity


def invite(user: Any, request: HttpRequest) -> str:
    """Shut the account until its owner has chosen a password of their own; the link with which that is done.

    Whatever opened the account before is void: its password, its second factor, its access tokens, whom it was bound to at the identity
    provider, and every earlier link. The link is good for one time and for `PASSWORD_RESET_TIMEOUT`; it is mailed where the account has an
    address. To whom a password opens nothing the page of signing in is sent.
    """
    with transaction.atomic():
        second_factor.forget(user)
        tokens.revoke(ApiToken.objects.filter(user=user), timezone.now())
        ExternalIdentity.objects.filter(user=user).delete()
        user.set_unusable_password()
        user.is_active, user.last_login = True, None
        user.save(update_fields=["password", "is_active", "last_login"])
    by_password = passwords.may_open(user)
    link = request.build_absolute_uri(_way_to_a_password(user) if by_password else reverse("login"))
    if user.email:
        context = {"user": user, "link": link, "host": request.get_host(), "until": timezone.now() + good_for()}
        context |= {"by_password": by_password, "provider": openid.name()}
        subject = render_to_string("accounts/mail/invitation_subject.txt", context).strip()
        send_mail(subject, render_to_string("accounts/mail/invitation.txt", context), None, [user.email])
    return link


def _way_to_a_password(user: Any) -> str:
    return reverse("accounts:invitation", args=[urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)])


def good_for() -> timedelta:
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
