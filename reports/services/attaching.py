"""Files of a report: added and taken away by those who fill it in, while it may be filled in. The journal says who did."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import PurePath
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from reports.domain.workflow import Action
from reports.models import Attachment, Report
from reports.models.bulk import as_json
from reports.services import transitions
from reports.services.transitions import Step
from units.file_kinds import kind_of
from units.problems import Problem, Refused, gettext_noop
from units.reach import User

MOST = 10
MOST_MEGABYTES = 10


def attach(report_id: int, content: File, *, by: User, at: datetime) -> Attachment:
    """Add a file, in the store under a name at random. Raises Refused: type by content, size, number, state or role."""
    kind = _kind_of(content)
    if content.size > MOST_MEGABYTES * 2**20:
        raise Refused(Problem(gettext_noop("The file is larger than %(most)d MB: scan it at 150 dpi."), {"most": MOST_MEGABYTES}))
    place = default_storage.save(f"attachments/{secrets.token_hex(16)}", content)
    try:
        with transaction.atomic():
            report = _editable(report_id, by, at)
            if Attachment.objects.standing().filter(report=report).count() >= MOST:
                raise Refused(Problem(gettext_noop("A report takes %(most)d files: take one away first."), {"most": MOST}))
            name = _name(content.name or "", kind)
            _journal(report, by, at, name, None, content.size)
            by_id = by.pk if by else None
            return Attachment.objects.create(report=report, name=name, kind=kind, size=content.size, place=place, at=at, by_id=by_id)
    except Refused:
        default_storage.delete(place)  # after another error, such as a lost answer to COMMIT, the row may be there
        raise


def take_away(attachment_id: int, *, by: User, at: datetime) -> None:
    """Take a file away; that it was there stays known, and so does its content. Raises Refused."""
    with transaction.atomic():
        attachment = Attachment.objects.standing().filter(pk=attachment_id).first()
        if attachment is None:
            raise Refused(Problem(gettext_noop("This file is not there any more.")))
        report = _editable(attachment.report_id, by, at)
        changed = Attachment.objects.standing().filter(pk=attachment_id).update(removed_at=at, removed_by_id=by.pk if by else None)
        if changed:
            _journal(report, by, at, attachment.name, attachment.size, None)


def opened(attachment: Attachment) -> IO[bytes]:
    return default_storage.open(attachment.place)


def _editable(report_id: int, by: User, at: datetime) -> Report:
    found = transitions.lock(Report.objects.filter(pk=report_id))
    if not found:
        raise Refused(Problem(gettext_noop("There is no such report in this cycle.")))
    transitions.check(Step(Action.SAVE, by, at), found)
    return found[0]


def _journal(report: Report, by: User, at: datetime, name: str, before: int | None, after: int | None) -> None:
    transitions.write(Step(Action.SAVE, by, at), [report], changes={report.pk: as_json({f"file {name}": [before, after]})})


def _kind_of(content: File) -> Attachment.Kind:
    kind = kind_of(content)
    if kind not in Attachment.Kind.values:
        raise Refused(Problem(gettext_noop("The file is no PDF, JPEG or PNG, whatever its name says.")))
    return Attachment.Kind(kind)


def _name(given: str, kind: Attachment.Kind) -> str:
    """What the file is called, without folders and unprintable letters, with the ending of what it is."""
    stem = "".join(letter for letter in PurePath(given.replace("\\", "/")).stem if letter.isprintable()).strip()[:120]
    return f"{stem or 'scan'}.{kind.label.lower()}"
