"""A pack whose worker is killed in the middle: the next one makes it whole, and nothing of the first is left."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from reports.models import BackgroundJob
from reports.services import background_jobs, waking
from reports.services.background_jobs import PATIENCE
from tests.builders import given_cycle, given_user
from tests.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)

#: sleeps the first time; from then on it "converts" by copying
_OFFICE = """#!/bin/sh
[ -e {folder}/began ] || {{ touch {folder}/began; sleep 600; }}
while [ $# -gt 0 ]; do case "$1" in *.docx) cp "$1" "${{1%.docx}}.pdf";; esac; shift; done
"""


@pytest.fixture
def stubborn_office(tmp_path: Path, monkeypatch: Any, settings: Any) -> Path:
    program = tmp_path / "soffice"
    program.write_text(_OFFICE.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("SOFFICE", str(program))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


def test_a_pack_whose_worker_was_killed_is_made_whole_by_the_next_one(stubborn_office: Path, worker: Worker):
    play, owner = given_cycle(), given_user("lan", P="viewer")
    job = background_jobs.order(BackgroundJob.Kind.PACK, {"pdf": True}, by=owner, at=timezone.now(), report=play.report("P"))
    worker.wait_until((stubborn_office / "began").exists, "the middle of the pack")
    assert [path.suffix for path in (stubborn_office / "media").rglob("*") if path.is_file()] == [".part"]
    worker.kill()
    BackgroundJob.objects.update(heartbeat_at=F("heartbeat_at") - PATIENCE - timedelta(seconds=1))
    worker.start()
    waking.for_background_jobs()  # the scheduler's next tick
    worker.wait_until(lambda: BackgroundJob.objects.get().state == "done", "the pack")
    job.refresh_from_db()
    made = background_jobs.file_of(job)
    assert made
    assert [path for path in (stubborn_office / "media").rglob("*") if path.is_file()] == [made]
    assert (job.tries, len(zipfile.ZipFile(made).namelist())) == (2, 3)
