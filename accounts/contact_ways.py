"""Where an account's owner wants to be told beside mail, proven by a code that goes there and comes back (docs/messages.md)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import ContactWay
from messaging.channels import Claim, Messenger, NotTaken, Text, Unreachable, messengers
from units.problems import Problem, Refused, gettext_noop

#: for how long a code is good, and how many wrong ones void it
GOOD_FOR = timedelta(minutes=10)
MOST_TRIES = 5
#: how many codes an account may ask for in a day, and seconds between two: each may cost money, and reach a stranger
MOST_A_DAY, BETWEEN = 5, 60
_A_DAY = 24 * 3600


def of(user: Any) -> list[tuple[Messenger, ContactWay | None]]:
    """The messengers of this site, each with the user's way, where there is one."""
    known = {way.channel: way for way in ContactWay.objects.filter(user_id=user.pk)}
    return [(messenger, known.get(alias)) for alias, messenger in messengers().items()]


def ask(user: Any, messenger: Messenger, address: str, at: datetime) -> ContactWay:
    """Send a code to the address, which is the user's way once `confirm` is given that code; a former address there is none from now on.

    Raises Refused: no such address, too many codes, or the messenger doesn't take it.
    """
    to = messenger.canonical(address)
    _count(user)
    code = f"{secrets.randbelow(10**6):06d}"
    _send(messenger, to, code)
    told = {
        "address": to,
        "language": translation.get_language() or settings.LANGUAGE_CODE,
        "confirmed_at": None,
        "replaces_mail": False,
        "digest": _digest(user, messenger.alias, to, code),
        "code_sent_at": at,
        "tries": 0,
    }
    return ContactWay.objects.update_or_create(user_id=user.pk, channel=messenger.alias, defaults=told)[0]


def waits(way: ContactWay | None, at: datetime) -> bool:
    """Is a code under way that may still come back?"""
    return way is not None and way.confirmed_at is None and way.tries < MOST_TRIES and at - way.code_sent_at <= GOOD_FOR


def confirm(user: Any, alias: str, code: str, at: datetime) -> None:
    """Take the code that came. Raises Refused for a wrong one, one that is too old, and after too many wrong ones."""
    asked = ContactWay.objects.filter(user_id=user.pk, channel=alias, confirmed_at__isnull=True)
    with transaction.atomic():
        way = asked.select_for_update().first()
        if way is None or not waits(way, at):
            raise Refused(Problem(gettext_noop("This code is too old, or was typed wrong too often: ask for another one.")))
        is_right = constant_time_compare(way.digest, _digest(user, alias, way.address, code))
        asked.update(**({"confirmed_at": at, "digest": ""} if is_right else {"tries": F("tries") + 1}))
    if not is_right:
        raise Refused(Problem(gettext_noop("This is not the code that was sent.")))


def set_replaces_mail(user: Any, alias: str, *, replaces: bool) -> None:
    """Be told there instead of by mail, or by both."""
    ContactWay.objects.filter(user_id=user.pk, channel=alias, confirmed_at__isnull=False).update(replaces_mail=replaces)


def forget(user: Any, alias: str) -> None:
    """Be told there no more: the address is gone, with what waits to be sent to it."""
    ContactWay.objects.filter(user_id=user.pk, channel=alias).delete()


def _count(user: Any) -> None:
    """Count a code of the user's. Raises Refused where it is one too many."""
    day = f"contact-codes:{user.pk}"
    if not cache.add(f"{day}:last", True, BETWEEN):
        raise Refused(Problem(gettext_noop("A code was sent just now: wait a minute before you ask for another one.")))
    cache.add(day, 0, _A_DAY)
    if cache.incr(day) > MOST_A_DAY:
        raise Refused(Problem(gettext_noop("You have asked for %(most)d codes today: try again tomorrow."), {"most": MOST_A_DAY}))


def _send(messenger: Messenger, to: str, code: str) -> None:
    text = render_to_string("accounts/messages/code.txt", {"code": code, "minutes": GOOD_FOR // timedelta(minutes=1)}).strip()
    message = Text(secrets.token_hex(16), to, messenger.shaped(text), Claim(lambda: True, lambda: None))
    try:
        with messenger:
            messenger.hand_over(message)
    except (Unreachable, NotTaken) as error:
        refused = gettext_noop("%(name)s did not take the code: %(why)s")
        raise Refused(Problem(refused, {"name": messenger.name, "why": str(error)[:200]})) from error


def _digest(user: Any, alias: str, address: str, code: str) -> str:
    return salted_hmac("accounts.contact_ways", f"{user.pk}\n{alias}\n{address}\n{code}", algorithm="sha256").hexdigest()
