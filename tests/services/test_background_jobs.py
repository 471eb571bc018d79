"""Jobs in the background: once each, taken over from who was lost, called off, theirs alone, and forgotten in time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from reports.models import BackgroundJob
from reports.services import background_jobs
from reports.services.background_jobs import PATIENCE, TRIES, Work
from tests.builders import given_cycle, given_user
from tests.entrypoints.pages import english, signed_in, text_of
from units.problems import Problem, Refused

pytestmark = pytest.mark.django_db
PACK = BackgroundJob.Kind.PACK


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def files(store: Path) -> list[str]:
    return [path.read_text() for path in store.rglob("*") if path.is_file()]


def writes(text: str, *, then: Any = None) -> Any:
    def make(work: Work) -> None:
        work.step(0, 2)
        work.path.write_text(text)
        work.file_name = "Báo cáo.txt"
        if then:
            then(work.job)
        work.step(2, 2)

    return {PACK: make}


def ordered(owner: Any, number: int = 1, **more: Any) -> BackgroundJob:
    return background_jobs.order(PACK, {"n": number}, by=owner, at=timezone.now(), **more)


def run(makers: Any, later: timedelta = timedelta()) -> bool:
    return background_jobs.run_next(makers, timezone.now() + later)


def test_what_was_ordered_is_made_once_kept_for_its_owner_alone_and_forgotten_in_time(store: Path):
    owner = given_user("lan")
    job = ordered(owner)
    assert ordered(owner) == job, "the same order is the same job"
    assert run(writes("whole"))
    assert not run(writes("again"))
    job.refresh_from_db()
    assert (job.state, job.done, job.of, job.tries) == ("done", 2, 2, 1)
    page = english(owner).get("/downloads/")
    assert "Báo cáo.txt" in text_of(page)
    assert b"every 2s" not in page.content
    answer: Any = signed_in(owner).get(f"/downloads/{job.pk}/")
    assert b"".join(answer.streaming_content) == b"whole"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    stranger = signed_in(given_user("khach"))
    assert stranger.get(f"/downloads/{job.pk}/").status_code == stranger.post(f"/downloads/{job.pk}/cancel/").status_code == 404
    assert "Báo cáo.txt" not in text_of(stranger.get("/downloads/"))
    assert job.expires_at
    assert background_jobs.expire(job.expires_at) == 0
    assert background_jobs.expire(job.expires_at + timedelta(seconds=1)) == 1
    assert (files(store), BackgroundJob.objects.count()) == ([], 0)


def test_a_job_whose_worker_was_lost_is_begun_anew_and_the_lost_one_leaves_nothing(store: Path):
    job = ordered(given_user("lan"))

    def meanwhile(_job: BackgroundJob) -> None:
        assert not run(writes("too early"), PATIENCE - timedelta(seconds=5))
        assert run(writes("by the second"), PATIENCE + timedelta(seconds=5))

    assert run(writes("by the first", then=meanwhile))
    job.refresh_from_db()
    assert (job.state, job.tries, files(store)) == ("done", 2, ["by the second"])


def test_a_job_that_nobody_brings_to_an_end_is_given_up_and_the_next_one_is_done(store: Path):
    job, other = ordered(given_user("lan")), ordered(given_user("tam"), 2)
    for turn in range(TRIES):
        claimed = background_jobs.claim(timezone.now() + turn * 2 * PATIENCE)
        assert claimed == job
        background_jobs._unfinished(claimed.place).parent.mkdir(exist_ok=True)
        background_jobs._unfinished(claimed.place).write_text("half")
    assert run(writes("theirs"), TRIES * 2 * PATIENCE)
    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.state, other.state, files(store)) == ("failed", "done", ["theirs"])
    assert background_jobs.problems_of(job)[0].params == {"tries": TRIES}


def test_what_is_called_off_stops_at_its_next_step_and_what_waits_never_begins(store: Path):
    owner = given_user("lan")
    job, second = ordered(owner), ordered(owner, 2)
    client = signed_in(owner)
    assert b"every 2s" in client.get("/downloads/").content
    assert run(writes("half", then=lambda job: client.post(f"/downloads/{job.pk}/cancel/")))
    client.post(f"/downloads/{second.pk}/cancel/")
    assert not run(writes("x"))
    job.refresh_from_db()
    assert (job.state, files(store)) == ("cancelled", [])
    assert client.get(f"/downloads/{job.pk}/").status_code == 404


@pytest.mark.usefixtures("in_english")
def test_a_refusal_and_a_fault_are_told_and_leave_no_file(store: Path):
    owner = given_user("lan")
    refused = ordered(owner)
    ordered(owner, 2)

    def refuses(work: Work) -> None:
        work.path.write_text("half")
        raise Refused(Problem("There is no such report in this cycle.")) if work.job == refused else RuntimeError("never seen")

    assert run({PACK: refuses})
    assert run({PACK: refuses})
    words = text_of(english(owner).get("/downloads/"))
    assert "There is no such report" in words
    assert "an administrator finds it in the log" in words
    assert "never seen" not in words
    assert set(BackgroundJob.objects.values_list("state", flat=True)) == {"failed"}
    assert files(store) == []


def test_one_process_stays_free_and_one_person_does_not_hold_up_the_others(settings: Any):
    lan, tam, hoa = given_user("lan"), given_user("tam"), given_user("hoa")
    jobs = [ordered(lan, 1), ordered(lan, 2), ordered(tam, 3), ordered(hoa, 4)]
    settings.CELERY_WORKER_CONCURRENCY = 3
    assert [background_jobs.claim(timezone.now()) for _ in range(3)] == [jobs[0], jobs[2], None]
    for number in range(5, 8):
        ordered(lan, number)
    with pytest.raises(Refused):
        ordered(lan, 8)


def test_a_file_about_a_report_is_not_there_for_an_owner_who_lost_its_unit(store: Path):
    play, owner = given_cycle(), given_user("lan", C="viewer")
    job = ordered(owner, report=play.report("C"))
    assert run(writes("whole"))
    client = signed_in(owner)
    assert client.get(f"/downloads/{job.pk}/").status_code == 200
    owner.memberships.all().delete()
    assert client.get(f"/downloads/{job.pk}/").status_code == 404
