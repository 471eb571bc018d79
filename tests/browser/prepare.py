"""Makes the demo that the browser looks at, in a process of its own: `python -m tests.browser.prepare` fills VAR_DIR.

Beside the database and the collected files it leaves `places.json`: the rows that the tests' pages are about, so that the
process with the browser in it never asks a database.
"""

from __future__ import annotations

import json
from datetime import datetime
from importlib import import_module
from typing import Any

import django


def prepare() -> None:
    from django.conf import settings  # noqa: PLC0415 - none of these before django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from reports.demo import load_demo  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    load_demo(lambda line: None, timezone.now())
    add_what_the_demo_lacks(timezone.now())
    (settings.VAR_DIR / "places.json").write_text(json.dumps(places()))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def add_what_the_demo_lacks(at: datetime) -> None:
    """A row for every page of the admin that is about one."""
    from django.contrib.auth.models import Group, User  # noqa: PLC0415

    from accounts import tokens  # noqa: PLC0415
    from audit import sealing  # noqa: PLC0415
    from reports.demo.loading import TEMPLATE  # noqa: PLC0415
    from reports.documents.house_layouts import house_template  # noqa: PLC0415
    from reports.models import (  # noqa: PLC0415
        Attachment,
        Cycle,
        DayOff,
        DocumentTemplate,
        JournalEntry,
        PaperStyle,
        Reminder,
        ReminderMessage,
        Report,
        Selection,
        TemplateVersion,
        Webhook,
        WebhookDelivery,
    )
    from reports.services import configuring  # noqa: PLC0415
    from tests.contact_ways import given_way  # noqa: PLC0415
    from units.models import Level, Reorganisation  # noqa: PLC0415

    version = TemplateVersion.objects.in_use().get(template__code=TEMPLATE)
    configuring.draft_from(version)
    day = at.date()
    Cycle.objects.create(code="planned", version=version, period="2026-Y", first_day=day, cut_off=day, reference_day=day)
    Selection.objects.create(code="planned", name="Chọn thôn kỳ sau", level=Level.objects.get(code="hamlet"), on=day)
    Reorganisation.objects.create(kind=Reorganisation.Kind.RENAME, effective_on=day, at=at, summary="Đổi tên một thôn")
    DayOff.objects.create(day=day, name="Ngày hội của địa phương")
    content = house_template(PaperStyle.Layout.PARTY)
    DocumentTemplate.objects.create(name="Mẫu của tỉnh", content=content, size=len(content), uploaded_at=at)
    report = Report.objects.filter(state="accepted")[0]
    Attachment.objects.create(report=report, name="bao-cao-co-chu-ky.pdf", kind=Attachment.Kind.PDF, size=245_760, place="none", at=at)
    Group.objects.create(name="Quản lý mẫu báo cáo")
    officer = User.objects.get(username="can-bo-xa")
    way = given_way(officer, at, replaces_mail=True)
    ReminderMessage.objects.create(reminder=Reminder.objects.all()[0], way=way, attempts=1, last_error="503")
    tokens.issue(officer, "Kho dữ liệu của huyện", ["read"], days=90, unit=None, at=at)
    webhook = Webhook.objects.create(name="Trục liên thông của tỉnh", url="https://lgsp.example.vn/dan-van", told_upto=10**9)
    entry = JournalEntry.objects.filter(action="accept")[0]
    WebhookDelivery.objects.create(webhook=webhook, entry=entry, tries=1, delivered_at=at, status=204)
    for _turn in ("notes how far the journals reach", "seals them"):
        sealing.seal_all()


def rows() -> dict[str, str]:
    """For each route of the admin that is about a row, one that an administrator may have there."""
    from django.contrib import admin  # noqa: PLC0415

    from tests.browser.pages import VIEWS_OF_A_ROW, may  # noqa: PLC0415

    import_module("danvan.urls")  # what stands in admin is gathered with the addresses
    found = {}
    for model, page in admin.site._registry.items():
        for view, right in VIEWS_OF_A_ROW.items():
            if may(page, right):
                row = next(row for row in model._default_manager.all().iterator() if may(page, right, row))
                found[f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"] = str(row.pk)
    return found


def places() -> dict[str, Any]:
    """Ids by what the tests call them; for the admin, a row by the route of its page."""
    from django.contrib.auth.models import User  # noqa: PLC0415

    from reports.demo import coordination, finished_year, five_year_survey, half_year, hamlet_scores  # noqa: PLC0415
    from reports.demo.loading import TEMPLATE  # noqa: PLC0415
    from reports.demo.places import (  # noqa: PLC0415
        AGENCY_OF_VISITOR,
        COMMUNE_AFTER,
        COMMUNE_BEFORE,
        DISTRICT_BEFORE,
        PROVINCE_AFTER,
        PROVINCE_BEFORE,
    )
    from reports.models import Cycle, DocumentTemplate, Report, SelectionChoice, SkilfulModel, TemplateVersion  # noqa: PLC0415

    by_code = {cycle.code: Report.objects.filter(cycle=cycle).order_by("pk") for cycle in Cycle.objects.all()}
    half, year, now = (by_code[f"dan-van-{period}"] for period in (half_year.PERIOD, finished_year.PERIOD, "2026-Y"))
    scores = by_code[f"{hamlet_scores.TEMPLATE}-{hamlet_scores.PERIOD}"]
    survey = by_code[f"{five_year_survey.TEMPLATE}-{five_year_survey.PERIOD}"]
    programme = by_code[f"{coordination.TEMPLATE}-2026-Y"]
    choices = SelectionChoice.objects.filter(unit__uid__in=(COMMUNE_BEFORE, COMMUNE_AFTER)).order_by("made_at")
    below_district = half.filter(superior__unit__uid=DISTRICT_BEFORE)
    named = {
        "commune": half.get(unit__uid=COMMUNE_BEFORE),
        "district": half.get(unit__uid=DISTRICT_BEFORE),
        "province": half.get(unit__uid=PROVINCE_BEFORE),
        "hamlet": half.filter(superior__unit__uid=COMMUNE_BEFORE)[0],
        "finished_district": year.get(unit__uid=DISTRICT_BEFORE),
        "commune_now": now.get(unit__uid=COMMUNE_AFTER),
        "province_now": now.get(unit__uid=PROVINCE_AFTER),
        "official_now": by_code["dan-van-2026-H1"].get(unit__uid=COMMUNE_AFTER),
        "scored": scores.get(level__code="hamlet", state="submitted"),
        "agency": programme.get(unit__uid=AGENCY_OF_VISITOR),
        "agency_submitted": programme.filter(level__code="agency", state="submitted")[0],
        "programme": programme.get(unit__uid=PROVINCE_AFTER),
        "survey": survey.get(unit__uid=COMMUNE_BEFORE),
        "surveyed": survey.filter(level__code="commune", state="submitted")[0],
        "survey_of_district": survey.get(unit__uid=DISTRICT_BEFORE),
        "scores": scores.get(unit__uid=DISTRICT_BEFORE),
    }
    return {
        **{name: report.pk for name, report in named.items()},
        "unit_now": named["commune_now"].unit_id,
        "unit_before": named["commune"].unit_id,
        **{name: below_district.filter(state=name)[0].pk for name in ("submitted", "returned")},
        **{f"choice_{choice.selection.state}": choice.pk for choice in choices},
        **{f"selection_{choice.selection.state}": choice.selection_id for choice in choices},
        "model": SkilfulModel.objects.filter(unit__uid=COMMUNE_BEFORE, state="registered")[0].pk,
        "cycle_estimated": Cycle.objects.get(code="dan-van-2026-Y").pk,
        "version": TemplateVersion.objects.in_use().get(template__code=TEMPLATE).pk,
        "draft": TemplateVersion.objects.get(published_at__isnull=True).pk,
        "document_template": DocumentTemplate.objects.get().pk,
        "user": User.objects.get(username="can-bo-xa").pk,
        "rows": rows(),
    }


if __name__ == "__main__":
    django.setup()
    prepare()
