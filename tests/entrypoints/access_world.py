"""Two communes of a district with all that an address may name, and everybody who may knock: what the table of access is tried in."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.test import Client
from django_otp.plugins.otp_static.models import StaticToken

from accounts import tokens
from accounts.models import ApiToken, ContactWay
from reports.models import Adjustment, Attachment, BackgroundJob, JournalEntry, Report, SelectionChoice, SkilfulModel
from reports.services import attaching, background_jobs
from tests.builders import Play, given_selection, given_user
from tests.contact_ways import given_way
from tests.entrypoints.pages import given_form_cycle
from tests.register_builders import given_model
from units.models import Membership

OUTLINE = {"P": {"D": {"C": ["H1", "H2"], "K": ["H3"]}}}
ROLES = ("anonymous", "disabled", "former", "child", "sibling", "officer", "parent")
TEAM = "preparer approver reviewer"
#: as a scan begins
PDF = b"%PDF-1.7\n%%EOF\n"


@dataclass
class World:
    """Commune C in the midst of its work; an address that names a row names one of C's."""

    play: Play
    people: dict[str, Any]
    #: what the arguments of routes stand for
    names: dict[str, Any] = field(default_factory=dict)
    before: tuple[Any, ...] = ()

    def client(self, role: str) -> Client:
        client = Client()
        if role in self.people:
            client.force_login(self.people[role])
        return client


def given_world() -> World:
    play = given_form_cycle(outline=OUTLINE)
    people = {
        "disabled": given_user("bi-khoa", C=TEAM),
        "former": given_user("da-chuyen", C=TEAM),
        "child": given_user("thon", H1=TEAM),
        "sibling": given_user("xa-ben", K=TEAM),
        "officer": given_user("xa", C=TEAM),
        "parent": given_user("huyen", D=f"{TEAM} cycle_manager"),
    }
    User.objects.filter(pk=people["disabled"].pk).update(is_active=False)
    Membership.objects.filter(user=people["former"]).delete()
    play.save("C", cuoc="7", uu_diem="tốt")
    play.save("H1", ho="3")
    play.adjust("C", "ho", "-1")
    report = play.report("C")
    attachment = attaching.attach(report.pk, ContentFile(PDF, "ban-ky.pdf"), by=people["officer"], at=play.tick(None))
    job = background_jobs.order(BackgroundJob.Kind.PACK, {"pdf": False}, by=people["officer"], at=play.tick(None), report=report)
    selection = given_selection(OUTLINE)
    names = {
        "model_id": given_model("C").pk,
        "selection_id": selection.pk,
        "choice_id": selection.choices.get(unit__uid="C").pk,
        "cycle_id": play.cycle.pk,
        "report_id": report.pk,
        "unit_id": report.unit_id,
        "adjustment_id": Adjustment.objects.get().pk,
        "attachment_id": attachment.pk,
        "job_id": job.pk,
        "upload_id": _looked_over(report, people["officer"], play.tick(None)).pk,
        "token_id": tokens.issue(people["officer"], "kho", ["read"], days=30, unit=None, at=play.tick(None))[0].pk,
        "alias": given_way(people["officer"], play.tick(None)).channel,
        "code": "ho",
        "uid": "C",
        "number": 1,
        "secret": "danvan_no-such",
        "uidb64": "MQ",
        "token": "no-such",
    }
    return World(play, people, names, traces())


def _looked_over(report: Report, owner: Any, at: datetime) -> BackgroundJob:
    """A workbook for C and its hamlets that was looked over, and would change nothing."""
    order = {"kind": BackgroundJob.Kind.LOOK_OVER, "state": BackgroundJob.State.DONE, "place": "background_jobs/none"}
    moments = {"created_at": at, "heartbeat_at": at, "ended_at": at, "expires_at": at + background_jobs.KEPT}
    result = {"effects": {}, "units": 0, "refused": 0, "named": []}
    return BackgroundJob.objects.create(owner=owner, report=report, result=result, file_name="changes.jsonl", **order, **moments)


def traces() -> tuple[Any, ...]:
    """What an act leaves behind somewhere: who was refused leaves the same as before."""
    return (
        JournalEntry.objects.count(),
        Adjustment.objects.count(),
        Attachment.objects.standing().count(),
        sorted(BackgroundJob.objects.values_list("pk", "state")),
        sorted(User.objects.values_list("pk", "password", "is_superuser", "is_staff", "is_active")),
        sorted(SkilfulModel.objects.values_list("pk", "version")),
        sorted(SelectionChoice.objects.values_list("pk", "version")),
        sorted(Membership.objects.values_list("user_id", "unit_id", "role")),
        StaticToken.objects.count(),
        ApiToken.objects.filter(revoked_at__isnull=True).count(),
        sorted(ContactWay.objects.values_list("pk", "replaces_mail")),
    )


def given_staff(name: str, **roles: str) -> User:
    """Somebody of the staff with every permission that Django knows, yet no superuser: what they reach is what their memberships say."""
    user: User = given_user(name, **roles)
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.all())
    return user


def upload(content: bytes = PDF, name: str = "tep.pdf") -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file
