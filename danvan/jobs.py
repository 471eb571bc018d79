"""The state of what runs by itself, for an administrator: scheduler and worker, broker, what waits, what was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from danvan import running
from danvan.backups import taking
from danvan.health import set_aside
from reports.models import Cycle
from reports.services import reminding, reminding_by_message, rolling_up

#: what each of the scheduler's tasks does
WHAT = {
    "open_due_cycles": _("Opening planned cycles whose day has come"),
    "sweep": _("Raising and clearing flags"),
    "drain_rollups": _("Recomputing marked totals"),
    "remind": _("Planning and sending reminders"),
    "send_messages": _("Sending reminders by chat and SMS"),
    "run_background_jobs": _("Making the files that were ordered"),
    "expire_background_jobs": _("Deleting files that were not fetched in time"),
    "tell_webhooks": _("Telling other systems what happened"),
    "seal_journal": _("Sealing what was journalled"),
    "disable_idle_accounts": _("Disabling accounts that nobody uses"),
}
#: how old the last backup may be (deploy/alerts.yml)
BACKUP_WITHIN = timedelta(hours=26)
#: how many cycles are named
NAMED = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know, with where to look; `is_well` None is neither good nor bad."""

    what: str
    found: str
    is_well: bool | None
    address: str = ""


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A task of the scheduler, in words."""

    what: str
    every: timedelta
    last: datetime | None
    is_late: bool


def broker_state() -> tuple[bool | None, str]:
    """Whether the broker answers (None: there is none), and what it says."""
    broker = running.broker()
    if not broker.is_there:
        return None, gettext("There is none: commands and pages do the work themselves.")
    if broker.error:
        return False, gettext("It doesn't answer: %(error)s") % {"error": broker.error}
    return True, gettext("It answers; messages that wait: %(count)d.") % {"count": broker.waiting}


def jobs(at: datetime, *, broker_answers: bool) -> list[ShownJob]:
    """The scheduler's tasks; without a broker nothing is known of them."""
    if not broker_answers:
        return [ShownJob(str(WHAT[name]), every, None, is_late=True) for name, every in running.turns().items()]
    return [ShownJob(str(WHAT[job.name]), job.every, job.last, job.is_late) for job in running.jobs(at)]


def waiting(at: datetime) -> list[Line]:
    """What waits for a job or for a person. Eight queries."""
    reminders = reverse("admin:reports_reminder_changelist")
    totals = reverse("admin:reports_rollup_changelist")
    cycles = reverse("admin:reports_cycle_changelist")
    journal = f"{reverse('admin:audit_auditentry_changelist')}?kind=backup"
    unsent = reminding.unsent().count()
    planned = Cycle.objects.filter(state=Cycle.State.PLANNED, opens_on__lt=timezone.localdate(at))
    unopened = ", ".join(planned.values_list("code", flat=True)[:NAMED])
    aside = set_aside()
    failed, refused, untold = aside["totals set aside"], aside["reminders set aside"], aside["messages set aside"]
    by_message = reverse("admin:reports_remindermessage_changelist")
    backup = taking.newest()
    return [
        Line(gettext("Totals marked for recomputing"), str(rolling_up.count_marks()), None),
        Line(gettext("Reminders that wait to be sent"), str(unsent), None, f"{reminders}?sent_at__isempty=1"),
        Line(
            gettext("Messages that wait to be sent"), str(reminding_by_message.unsent().count()), None, f"{by_message}?sent_at__isempty=1"
        ),
        Line(gettext("Totals set aside after failing"), str(failed), not failed, f"{totals}?error__isempty=0"),
        Line(gettext("Reminders set aside after refusals"), str(refused), not refused, f"{reminders}?set_aside_at__isempty=0"),
        Line(gettext("Messages set aside after refusals"), str(untold), not untold, f"{by_message}?set_aside_at__isempty=0"),
        Line(gettext("Cycles whose day of opening is past"), unopened or "0", not unopened, f"{cycles}?state__exact=planned"),
        Line(gettext("Last backup"), _day_and_time(backup), backup is not None and at - backup < BACKUP_WITHIN, journal),
    ]


def _day_and_time(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else gettext("none yet")


def database_state() -> str:
    """Which database answers, and its version."""
    connection.ensure_connection()
    version = ".".join(str(part) for part in connection.get_database_version())
    return gettext("It answers: %(name)s %(version)s.") % {"name": connection.display_name, "version": version}
