"""Work in the background: ordered by a person, claimed by a worker, told of as it goes on, cancelled, taken over, and forgotten in time.

A job is a row; a message only wakes a worker. Who claims it gives it a new place for its file and shows signs of life
with each step. One that shows none for `PATIENCE` is begun anew by whoever claims it next, at another place: the one before
finds at its next step that the job is not its own any more, and its file is gone. So a killed worker costs time, and never
leaves half a file: what is being written is called `….part` until it is whole.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone, translation

from reports.models import BackgroundJob, Report
from reports.services import waking
from units.locks import hold
from units.problems import Problem, Refused, gettext_noop
from units.reach import User

logger = logging.getLogger(__name__)

#: how long a job may show no sign of life before it is begun anew; what makes files steps twice as often at least
PATIENCE = timedelta(seconds=90)
#: how often it is begun before it is given up
TRIES = 3
#: how long a file waits for its owner
KEPT = timedelta(days=3)
#: what one person may have ordered and not yet received
MOST_EACH = 5
#: seconds between two signs of life that are written down
_TELL_EVERY = 0.5
_FOLDER = "background_jobs"
_LOCK = "reports.background-jobs"

State = BackgroundJob.State


class NotOursAnyMore(Exception):
    """The job was cancelled, or taken over by another worker: whatever is being made of it is for nobody."""


class Work:
    """What a job's maker is given: what was ordered, where to write, and whom to tell how far it is.

    The maker writes its file to `path`, or none; sets `file_name`, `result` and `problems`; and raises Refused where it can't be made.
    """

    def __init__(self, job: BackgroundJob) -> None:
        self.job = job
        self.file_name = ""
        self.result: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.path = _unfinished(job.place)
        self._told: tuple[float, int] = (0.0, 0)

    def step(self, done: int, of: int) -> None:
        """Say that `done` of `of` steps are done. Raises NotOursAnyMore. To be called far more often than `PATIENCE`."""
        now = time.monotonic()
        if now - self._told[0] >= _TELL_EVERY or of != self._told[1] or done == of:
            self._told = now, of
            self.ours(done=done, of=of, heartbeat_at=timezone.now())

    def ours(self, **fields: Any) -> None:
        """Write fields of the job while it is this maker's. Raises NotOursAnyMore."""
        if not BackgroundJob.objects.filter(pk=self.job.pk, state=State.RUNNING, place=self.job.place).update(**fields):
            raise NotOursAnyMore


#: makes what jobs of one kind ask for
Maker: TypeAlias = Callable[[Work], None]


def order(
    kind: BackgroundJob.Kind,
    arguments: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    report: Report | None = None,
    source: File | None = None,
) -> BackgroundJob:
    """Put a job in the queue, in the language that is active. The same order, not yet ended, is the same job.

    A file that is sent with it (`source`) is kept until it has ended, and makes it an order of its own. Raises Refused.
    """
    if by is None or by.pk is None:
        raise Refused(Problem(gettext_noop("A job in the background belongs to a person; sign in first.")))
    kept = default_storage.save(f"{_FOLDER}/{secrets.token_hex(16)}", source) if source is not None else ""
    try:
        return _ordered(kind, dict(arguments), by, at, report, kept)
    except BaseException:
        _delete(kept)
        raise


def _ordered(
    kind: BackgroundJob.Kind, arguments: dict[str, Any], by: Any, at: datetime, report: Report | None, source: str
) -> BackgroundJob:
    with transaction.atomic():
        hold(f"{_LOCK}:{by.pk}")
        under_way = list(BackgroundJob.objects.filter(owner_id=by.pk, state__in=(State.QUEUED, State.RUNNING)))
        for job in under_way:
            if (job.kind, job.arguments, job.report_id, job.source) == (kind, arguments, report.pk if report else None, source):
                return job
        if len(under_way) >= MOST_EACH:
            message = gettext_noop("%(count)d files are being made for you: wait for one of them, or cancel it, before you order another.")
            raise Refused(Problem(message, {"count": len(under_way)}))
        job = BackgroundJob.objects.create(
            kind=kind,
            owner_id=by.pk,
            report=report,
            arguments=arguments,
            source=source,
            language=translation.get_language() or settings.LANGUAGE_CODE,
            created_at=at,
        )
        waking.for_background_jobs()
        return job


def cancel(job_id: int, *, by: User, at: datetime) -> bool:
    """End a job of this user that has not ended. Whether there was one; its maker stops at its next step."""
    with transaction.atomic():
        hold(_LOCK)  # nobody claims it meanwhile
        job = BackgroundJob.objects.filter(pk=job_id, owner_id=by.pk if by else None).first()
        under_way = BackgroundJob.objects.filter(pk=job_id, state__in=(State.QUEUED, State.RUNNING))
        if job is None or not under_way.update(state=State.CANCELLED, ended_at=at, expires_at=at + KEPT):
            return False
    _delete(job.place, job.source)
    return True


def claim(at: datetime) -> BackgroundJob | None:
    """Take the next job: the longest waiting one of somebody for whom none is running, or one whose worker shows no sign of life.

    None while as many run as may at once: one worker's process always stays free for what the pages wait for.
    """
    lost = Q(state=State.RUNNING, heartbeat_at__lt=at - PATIENCE)
    while True:
        with transaction.atomic():
            hold(_LOCK)
            running = BackgroundJob.objects.filter(state=State.RUNNING).exclude(lost)
            if running.count() >= max(settings.CELERY_WORKER_CONCURRENCY - 1, 1):
                return None
            waiting = BackgroundJob.objects.filter(lost | Q(state=State.QUEUED)).exclude(owner__in=running.values("owner"))
            job = waiting.order_by("pk").select_related("owner").first()
            if job is None:
                return None
            left = job.place
            if job.tries < TRIES:
                job.place, job.state, job.tries = f"{_FOLDER}/{secrets.token_hex(16)}", State.RUNNING, job.tries + 1
                job.started_at = job.heartbeat_at = at
                job.done = job.of = 0
                job.save(update_fields=["place", "state", "tries", "started_at", "heartbeat_at", "done", "of"])
            else:
                _fail(job, [Problem(gettext_noop("It was begun %(tries)d times and never came to an end."), {"tries": job.tries})], at)
        if job.state == State.RUNNING:
            _delete(left)
            return job
        _delete(left, job.source)


def run_next(makers: Mapping[str, Maker], at: datetime) -> bool:
    """Claim a job and do it. Whether there was one."""
    job = claim(at)
    if job is None:
        return False
    work = Work(job)
    try:
        work.path.parent.mkdir(parents=True, exist_ok=True)
        with translation.override(job.language):
            makers[job.kind](work)
        _finish(work)
    except NotOursAnyMore:
        _delete(job.place)
    except Refused as refused:
        _give_up(job, list(refused.problems))
    except Exception:
        logger.exception("Job %s in the background failed", job.pk)
        message = gettext_noop("It failed for a reason that was not foreseen; an administrator finds it in the log.")
        _give_up(job, [Problem(message)])
    return True


def count_unfinished() -> dict[str, int]:
    """How many jobs wait, and how many run."""
    states = [BackgroundJob.State.QUEUED.value, BackgroundJob.State.RUNNING.value]
    counts = BackgroundJob.objects.filter(state__in=states).order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(states, 0) | dict(counts)


def expire(at: datetime) -> int:
    """Forget the jobs whose time is over, and delete their files. Returns how many."""
    over = list(BackgroundJob.objects.filter(expires_at__lt=at))
    for job in over:
        _delete(job.place, job.source)
        job.delete()
    return len(over)


def problems_of(job: BackgroundJob) -> list[Problem]:
    """Why it failed, or what its owner should know of the file."""
    return [Problem(**problem) for problem in job.problems]


def source_of(job: BackgroundJob) -> Path:
    """The file that was sent with the order."""
    return Path(default_storage.path(job.source))


def file_of(job: BackgroundJob) -> Path | None:
    """The finished file; None where there is none."""
    path = Path(default_storage.path(job.place)) if job.has_file else None
    return path if path and path.is_file() else None


def _finish(work: Work) -> None:
    path, now = Path(default_storage.path(work.job.place)), timezone.now()
    work.ours(heartbeat_at=now)
    fields: dict[str, Any] = {"state": State.DONE, "ended_at": now, "expires_at": now + KEPT, "result": work.result}
    if work.file_name:
        try:
            work.path.replace(path)
        except FileNotFoundError:
            raise NotOursAnyMore from None
        fields |= {"file_name": work.file_name, "size": path.stat().st_size}
    work.ours(**fields, problems=[kept(problem) for problem in work.problems])
    _delete(work.job.source)


def _give_up(job: BackgroundJob, problems: list[Problem]) -> None:
    """What was being made is for nobody; the file that was sent is, where another worker has the job by now."""
    failed = _fail(job, problems, timezone.now())
    _delete(job.place, job.source if failed else "")


def _fail(job: BackgroundJob, problems: list[Problem], at: datetime) -> bool:
    ours = BackgroundJob.objects.filter(pk=job.pk, state=State.RUNNING, place=job.place)
    ended = ours.update(state=State.FAILED, ended_at=at, expires_at=at + KEPT, problems=[kept(problem) for problem in problems])
    job.state = State.FAILED
    return bool(ended)


def kept(problem: Problem) -> dict[str, Any]:
    """A problem as it is stored, to be said in the language of whoever reads it."""
    words = {"message": problem.message, "params": {name: _plain(value) for name, value in problem.params.items()}}
    return words | {"line": problem.line, "column": problem.column, "unit_uid": problem.unit_uid, "file": problem.file}


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, str)) else str(value)


def _unfinished(place: str) -> Path:
    return Path(f"{default_storage.path(place)}.part")


def _delete(*places: str) -> None:
    for place in filter(None, places):
        _unfinished(place).unlink(missing_ok=True)
        Path(default_storage.path(place)).unlink(missing_ok=True)
