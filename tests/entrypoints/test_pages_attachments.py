"""Scans of the signed paper: by what they hold, within reach, and with a journal."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reports.models import Attachment
from reports.services import attaching
from tests.builders import Play
from tests.entrypoints.access_world import given_staff
from tests.entrypoints.admin_client import administrator
from tests.entrypoints.pages import LOOKED_AT, given_form_cycle, looked_at, officers, signed_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
PDF = b"%PDF-1.7\n%%EOF"


@pytest.fixture(autouse=True)
def _in_english_and_in_time(settings: Any, tmp_path: Any):
    settings.MEDIA_ROOT = tmp_path
    with looked_at():
        yield


def sent(client: Any, play: Play, content: bytes = PDF, name: str = "bao cao.pdf", uid: str = "H1") -> Any:
    client.cookies["django_language"] = "en"
    url = f"/reports/{play.report(uid).pk}/attachments/"
    return client.post(url, {"file": SimpleUploadedFile(name, content, "text/html")}, follow=True)


def test_a_scan_is_attached_served_as_a_file_to_save_and_named_in_the_journal():
    play, people = given_form_cycle(), officers()
    client = signed_in(people["hamlet"])
    assert "bao cao.pdf" in text_of(sent(client, play))
    attachment = Attachment.objects.get()
    answer: Any = client.get(f"/reports/{play.report('H1').pk}/attachments/{attachment.pk}/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bao cao.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    entry = play.journal("H1")[-1]
    assert (entry.by, entry.changes) == (people["hamlet"], {"file bao cao.pdf": [None, len(PDF)]})


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"<html><script>", "x.pdf"), (b"MZ\x90", "x.jpg"), (b"", "x.png"), (b" %PDF-1.7", "x.pdf"), (b"GIF89a", "x.png")],
)
def test_a_file_is_what_it_holds_and_not_what_it_is_called(content: bytes, name: str):
    play = given_form_cycle()
    page = sent(signed_in(officers()["hamlet"]), play, content, name)
    assert not Attachment.objects.exists()
    assert play.state("H1") == "not_started"
    assert page.status_code in (200, 422)


@pytest.mark.parametrize(("content", "ending"), [(b"\xff\xd8\xff\xe0", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (PDF, "pdf")])
def test_a_name_ends_with_what_the_file_is_and_has_no_folder(content: bytes, ending: str):
    play = given_form_cycle()
    sent(signed_in(officers()["hamlet"]), play, content, "..\\..\\C\\scan.html")
    attachment = Attachment.objects.get()
    assert attachment.name == f"scan.{ending}"
    assert "scan" not in attachment.place


def test_too_large_a_file_and_one_too_many_are_refused(monkeypatch: Any, tmp_path: Any):
    play = given_form_cycle()
    client = signed_in(officers()["hamlet"])
    assert "larger than 10 MB" in text_of(sent(client, play, PDF + b" " * 10 * 2**20))
    for _ in range(attaching.MOST):
        sent(client, play)
    assert "takes 10 files" in text_of(sent(client, play))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == Attachment.objects.count() == attaching.MOST


def test_what_is_out_of_reach_is_not_there():
    play, people = given_form_cycle(), officers()
    sent(signed_in(people["hamlet"]), play)
    address = f"/reports/{play.report('H1').pk}/attachments/{Attachment.objects.get().pk}/"
    assert signed_in(people["commune"]).get(address).status_code == 200
    assert signed_in(people["stranger"]).get(address).status_code == 404
    assert sent(signed_in(people["stranger"]), play).status_code == 404
    other = f"/reports/{play.report('H2').pk}/attachments/{Attachment.objects.get().pk}/"
    assert signed_in(people["commune"]).get(other).status_code == 404


def test_a_viewer_attaches_nothing_and_nobody_does_once_it_is_submitted():
    play, people = given_form_cycle(), officers()
    play.save("H1", ho="10")
    assert sent(signed_in(people["viewer"]), play).status_code == 422
    play.submit("H1")
    assert sent(signed_in(people["hamlet"]), play).status_code == 422
    assert not Attachment.objects.exists()


def test_a_file_that_was_taken_away_is_not_served_and_stays_known():
    play, people = given_form_cycle(), officers()
    client = signed_in(people["hamlet"])
    sent(client, play)
    attachment = Attachment.objects.get()
    address = f"/reports/{play.report('H1').pk}/attachments/{attachment.pk}/"
    client.post(f"{address}take-away/")
    assert client.get(address).status_code == 404
    attachment.refresh_from_db()
    assert attachment.removed_by == people["hamlet"]
    assert attaching.opened(attachment).read() == PDF
    assert play.journal("H1")[-1].changes == {"file bao cao.pdf": [len(PDF), None]}


def test_an_administrator_who_serves_no_unit_takes_the_file_from_admin_and_staff_do_so_within_their_units():
    play, people = given_form_cycle(), officers()
    sent(signed_in(people["hamlet"]), play)
    attachment = Attachment.objects.get()
    attaching.take_away(attachment.pk, by=people["hamlet"], at=LOOKED_AT)
    address = f"/admin/reports/attachment/{attachment.pk}/file/"
    admin = administrator()
    assert address in admin.get(f"/admin/reports/attachment/{attachment.pk}/change/").content.decode()
    answer: Any = admin.get(address)
    assert b"".join(answer.streaming_content) == PDF
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bao cao.pdf"'
    assert signed_in(given_staff("near", H1="viewer")).get(address).status_code == 200
    assert signed_in(given_staff("beside", H2="viewer")).get(address).status_code == 404
    assert signed_in(people["hamlet"]).get(address).status_code == 302
