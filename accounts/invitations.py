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

from accounts import second_factor


def invite(user: Any, request: HttpRequest) -> str:
    """Shut the account until its owner has chosen a password of their own; the link with which that is done.

    Whatever opened the account before is void: its password, its second factor and every earlier link. The link is good for one time
    and for `PASSWORD_RESET_TIMEOUT`; it is mailed where the account has an address.
    """
    with transaction.atomic():
        second_factor.forget(user)
        user.set_unusable_password()
        user.is_active, user.last_login = True, None
        user.save(update_fields=["password", "is_active", "last_login"])
    link = request.build_absolute_uri(
        reverse("accounts:invitation", args=[urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)])
    )
    if user.email:
        context = {"user": user, "link": link, "host": request.get_host(), "until": timezone.now() + good_for()}
        subject = render_to_string("accounts/mail/invitation_subject.txt", context).strip()
        send_mail(subject, render_to_string("accounts/mail/invitation.txt", context), None, [user.email])
    return link


def good_for() -> timedelta:
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
