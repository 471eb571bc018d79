"""Admin pages as an administrator sees them, for tests."""

from __future__ import annotations

import html
import re
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse


def administrator() -> Client:
    """Signed in as a superuser."""
    user = get_user_model().objects.create_superuser("quan-tri", password="mot mat khau dai")
    client = Client()
    client.force_login(user)
    return client


def address(model: str, view: str, *args: object) -> str:
    return reverse(f"admin:reports_{model}_{view}", args=args)


def said(response: Any) -> list[str]:
    """The messages that a redirecting response left for the next page."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def text_of(response: Any) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def preview(client: Client, model: str, content: str | bytes, name: str = "tep.csv", **data: object) -> Any:
    """Send a file to the import page of a model; it answers with a preview or with what is wrong."""
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return client.post(address(model, "import"), {"import_file": file, "format": "0", "resource": "0", **data})


def confirm(client: Client, model: str, previewed: Any) -> Any:
    """Confirm a preview."""
    return client.post(address(model, "process_import"), previewed.context["confirm_form"].initial)


def formset(prefix: str, *rows: dict[str, object], initial: int = 0) -> dict[str, object]:
    """The fields of an inline form."""
    data: dict[str, object] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        data.update({f"{prefix}-{number}-{name}": value for name, value in row.items()})
    return data
