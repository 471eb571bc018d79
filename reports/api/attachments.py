"""Files of a report: listed, fetched, added and taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import FileResponse, HttpRequest
from django.utils import timezone
from ninja import File, Schema
from ninja.files import UploadedFile

from accounts.models import Scope
from reports.api import reach
from reports.api.door import Resource
from reports.api.problems import not_found
from reports.api.steps import refusing
from reports.api.words import Id
from reports.domain.workflow import Action
from reports.models import Attachment
from reports.queries.timeline import name_of as person
from reports.services import attaching

attachments = Resource("Attachments")


class AttachmentShown(Schema):
    id: int
    name: str
    kind: str
    size: int
    at: datetime
    by: str


@attachments.get("/reports/{report_id}/attachments", list[AttachmentShown])
def listed(request: HttpRequest, report_id: Id) -> list[dict[str, Any]]:
    """The report's files."""
    report = reach.report(request, report_id, timezone.now())
    return [_shown(each) for each in Attachment.objects.standing().filter(report=report).select_related("by")]


@attachments.post("/reports/{report_id}/attachments", AttachmentShown, Scope.FILL, status=201)
def attach(request: HttpRequest, report_id: Id, file: File[UploadedFile]) -> dict[str, Any]:
    """Add a PDF, a JPEG or a PNG."""
    at, user = timezone.now(), reach.user_of(request)
    report = reach.report(request, report_id, at)
    with refusing(Action.SAVE, report, None, user):
        return _shown(attaching.attach(report.pk, file, by=user, at=at))


@attachments.file("/reports/{report_id}/attachments/{attachment_id}", *Attachment.Kind.values)
def fetch(request: HttpRequest, report_id: Id, attachment_id: Id) -> FileResponse:
    """The file."""
    found = _one(request, report_id, attachment_id)
    return FileResponse(attaching.opened(found), as_attachment=True, filename=found.name, content_type=found.kind)


@attachments.delete("/reports/{report_id}/attachments/{attachment_id}", Scope.FILL)
def take_away(request: HttpRequest, report_id: Id, attachment_id: Id) -> None:
    """Take a file away; that it was there stays known."""
    found, user = _one(request, report_id, attachment_id), reach.user_of(request)
    with refusing(Action.SAVE, found.report, None, user):
        attaching.take_away(found.pk, by=user, at=timezone.now())


def _one(request: HttpRequest, report_id: int, attachment_id: int) -> Attachment:
    report = reach.report(request, report_id, timezone.now())
    found = Attachment.objects.standing().filter(report=report, pk=attachment_id).first()
    if found is None:
        raise not_found()
    return found


def _shown(attachment: Attachment) -> dict[str, Any]:
    fields = ("name", "kind", "size", "at")
    return {"id": attachment.pk, "by": person(attachment.by)} | {name: getattr(attachment, name) for name in fields}
