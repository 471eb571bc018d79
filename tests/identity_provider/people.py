"""Who is known to the identity provider of the tests, and by what."""

from __future__ import annotations

from typing import Any

CLIENT, CLIENT_SECRET, PERSON_PASSWORD = "danvan", "bi mat cua may chu", "o nha cung cap"

PEOPLE: dict[str, dict[str, Any]] = {
    "lan": {"email": "lan@tinh.example", "email_verified": True, "amr": ["pwd"]},
    "hoa": {"email": "hoa@tinh.example", "email_verified": False},
    "huyen": {"email": "huyen@tinh.example", "email_verified": True},
    "quan": {"email": "quan@tinh.example", "email_verified": True, "acr": "loa2", "amr": ["pwd", "otp"]},
}
