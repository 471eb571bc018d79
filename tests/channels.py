"""Channels beside mail, as CHANNELS describes them; a settings module reads this, so that no model is known here."""

from __future__ import annotations

from typing import Any

CHAT, SMS = "messaging.gateways.ChatGateway", "messaging.gateways.SmsGateway"
#: where nothing listens
SMS_OF_TESTS = {
    "sms": {
        "BACKEND": SMS,
        "NAME": "SMS",
        "OPTIONS": {"url": "https://sms.example/", "query": {"to": "{digits}", "text": "{text}"}, "hint": "09xx xxx xxx"},
    }
}


def chat(url: str, **options: Any) -> dict[str, Any]:
    """A chat as Zalo's official accounts have it."""
    body = {"recipient": {"user_id": "{to}"}, "message": {"text": "{text}"}}
    made = {"url": url, "headers": {"access_token": "bí mật".encode().hex()}, "body": body, "taken": {"error": 0}}
    return {"BACKEND": CHAT, "NAME": "Zalo", "OPTIONS": made | options}


def sms(url: str, **options: Any) -> dict[str, Any]:
    """An SMS gateway that is asked by GET."""
    made = {"url": url, "query": {"phone": "{digits}", "content": "{text}", "request": "{id}"}}
    return {"BACKEND": SMS, "NAME": "SMS", "OPTIONS": made | options}
