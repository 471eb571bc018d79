"""Reminders before, on and after the due day, and those that a person asks for (semantics §4): each is a row, so each is sent once."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from time import monotonic, sleep

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import DateField, Exists, OuterRef, QuerySet, SmallIntegerField, Value
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from reports.domain.deadlines import end_of_day
from reports.domain.workflow import By
from reports.models import Cycle, Reminder, Report, ReportQuerySet
from reports.models.bulk import insert_select
from reports.policies import Standing
from reports.services.posting import ClaimedMessage, HungUp, MailServer, NotTaken, Unreachable
from units.locks import hold
from units.models import Membership
from units.problems import Problem, Problems, gettext_noop
from units.reach import User

logger = logging.getLogger(__name__)

_ROLES = {
    Reminder.Audience.UNIT: (Membership.Role.PREPARER, Membership.Role.APPROVER),
    Reminder.Audience.SUPERIOR: (Membership.Role.REVIEWER, Membership.Role.CYCLE_MANAGER),
}

#: before the second try, the third, and so on; a message refused once more than that is set aside
PAUSES = [timedelta(minutes=minutes) for minutes in (5, 10, 30, 60, 180, 360, 720)]
#: how long one run sends: with the mail server's longest silence it stays below the time limit of tasks
A_RUN = timedelta(minutes=6)
#: how long a claim keeps others off: longer than a sender that lives takes from there until the content is out
LEASE = timedelta(minutes=1)
#: a server that breaks off over so many messages in turn is left alone until the next run
HUNG_UP_IN_A_ROW = 3
#: reminders read, with what they say, at a time
BATCH = 200
ERROR_LENGTH = 500
#: seconds between the tries to reach a database that went away
RESTART = (0.1, 0.5, 1, 2, 5, 10, 10)


def plan_reminders(at: datetime) -> int:
    """Write down the reminders that are due at moment `at`. Returns how many were new.

    Of a ladder only the newest step that is reached: nobody gets four messages because the job slept for a week.
    """
    with transaction.atomic():
        hold("reminders")
        return sum(_plan(cycle, at) for cycle in Cycle.objects.filter(state=Cycle.State.OPEN))


def step_reached(due_on: date, today: date, ladder: Iterable[int]) -> int | None:
    """The newest step of the ladder (days from the due day) that `today` has reached."""
    return max((step for step in ladder if step <= (today - due_on).days), default=None)


def _plan(cycle: Cycle, at: datetime) -> int:
    today = at.astimezone(cycle.zone).date()
    unsubmitted = Report.objects.filter(cycle=cycle).owing()
    planned = 0
    for due_on in unsubmitted.order_by("due_on").values_list("due_on", flat=True).distinct():
        step = step_reached(due_on, today, cycle.reminders)
        if step is None:
            continue
        owing = unsubmitted.filter(due_on=due_on)
        planned += _write_down(owing, Reminder.Audience.UNIT, due_on, step)
        if step > 0:
            superiors = Report.objects.filter(pk__in=owing.values("superior_id"))
            planned += _write_down(superiors, Reminder.Audience.SUPERIOR, due_on, step)
    return planned


def _write_down(reports: ReportQuerySet, audience: Reminder.Audience, due_on: date, step: int) -> int:
    known = Reminder.objects.filter(report_id=OuterRef("pk"), audience=audience.value, due_on=due_on, step__gte=step)
    rows = reports.filter(~Exists(known)).order_by()
    columns = rows.values_list(
        "pk", Value(audience.value), Value(due_on, output_field=DateField()), Value(step, output_field=SmallIntegerField())
    )
    return insert_select(Reminder, ["report", "audience", "due_on", "step"], columns)


@dataclass(frozen=True, slots=True)
class Asked:
    """What comes of asking for reminders: whose unit is told, whose was told on this day, and whose can't be reached."""

    planned: list[Report]
    already: list[Report]
    unreachable: list[Report]


def ask(reports: QuerySet[Report], *, by: User, at: datetime) -> Asked:
    """Write down a reminder, out of turn, for the units of these reports: sent with the next run, at most one a day.

    It takes the step of the ladder that `at` is at, so that a reminder of the ladder on the same day is this very one. Raises
    Refused where one of them has nothing to be reminded of, or `by` is not the superior; who asked is kept in the admin's log.
    """
    with transaction.atomic():
        hold("reminders")
        wanted = list(reports.select_related("cycle", "unit", "superior").defer("own").order_by("cycle_id", "position"))
        _refuse_needless(wanted, Standing(by))
        told = _told_on_the_day(wanted, at)
        reachable = _with_addresses(wanted)
        asked = Asked(
            [report for report in wanted if report.pk not in told and report.unit_id in reachable],
            [report for report in wanted if report.pk in told],
            [report for report in wanted if report.pk not in told and report.unit_id not in reachable],
        )
        Reminder.objects.bulk_create(
            Reminder(report=report, audience=Reminder.Audience.UNIT.value, due_on=report.due_on, step=_step_of_the_day(report, at))
            for report in asked.planned
        )
        if by is not None and by.pk is not None and asked.planned:
            LogEntry.objects.log_actions(by.pk, asked.planned, CHANGE, gettext("Reminder asked for"))
    return asked


def _step_of_the_day(report: Report, at: datetime) -> int:
    return (at.astimezone(report.cycle.zone).date() - report.due_on).days


def _refuse_needless(reports: Sequence[Report], standing: Standing) -> None:
    problems = Problems()
    for report in reports:
        if not standing.reaches(report) or not standing.is_one(By.SUPERVISOR, report):
            problems.add(Problem(gettext_noop("You are not the one who may do this to this report."), unit_uid=report.unit.uid))
        elif not report.cycle.is_open:
            closed = gettext_noop("The cycle %(cycle)s is not open; a cycle manager can reopen it.")
            problems.add(Problem(closed, {"cycle": report.cycle.code}, unit_uid=report.unit.uid))
        elif not report.is_owing:
            problems.add(Problem(gettext_noop("There is nothing to remind this unit of."), unit_uid=report.unit.uid))
    problems.refuse_if_any()


def _told_on_the_day(reports: Sequence[Report], at: datetime) -> set[int]:
    """The reports whose unit was told, or is about to be, on the day of `at`."""
    reminders = Reminder.objects.filter(report__in=reports, audience=Reminder.Audience.UNIT.value)
    by_id = {report.pk: report for report in reports}
    told = set()
    for report_id, due_on, step, sent_at in reminders.values_list("report_id", "due_on", "step", "sent_at"):
        report = by_id[report_id]
        zone = report.cycle.zone
        is_planned = due_on == report.due_on and step == _step_of_the_day(report, at)
        if is_planned or (sent_at is not None and end_of_day(sent_at.astimezone(zone).date(), zone) >= at):
            told.add(report_id)
    return told


def _with_addresses(reports: Sequence[Report]) -> set[int]:
    """The units of these reports that a reminder would reach."""
    addresses = _addresses({report.unit_id for report in reports})
    return {unit for unit, role in addresses if role in _ROLES[Reminder.Audience.UNIT]}


def send_reminders(at: datetime, within: timedelta = A_RUN) -> int:
    """Send what was planned and not sent yet, for as long as `within`. Returns how many messages the server took.

    Not to be called in a transaction: each reminder is claimed, and ticked off, with a statement of its own
    (`posting.ClaimedMessage`), and nothing is locked while the server is talked to. A message that it refuses is tried again
    after a pause, and set aside after the last one. A sender that meets another leaves the rest to it.
    """
    run = _Run(at)
    sent = hung_up = 0
    with MailServer() as server:
        for reminder, message in _messages(run):
            if run.has_lasted() >= within or hung_up == HUNG_UP_IN_A_ROW:
                break
            try:
                if not server.take(message):
                    break
            except Unreachable as error:
                logger.error("The mail server takes no reminders: %s", error)
                break
            except NotTaken as error:
                logger.warning("The reminder %d was not taken: %s", reminder.pk, error)
                _note_refusal(reminder, message, at, str(error))
                hung_up = hung_up + 1 if isinstance(error, HungUp) else 0
            except (OperationalError, InterfaceError):
                if message.claimed and not message.is_out:
                    _patiently(lambda: run.give_back(reminder))  # noqa: B023 - called at once
                raise
            else:
                sent, hung_up = sent + 1, 0
    return sent


def unsent() -> QuerySet[Reminder]:
    """The reminders that wait to be sent."""
    return Reminder.objects.filter(sent_at__isnull=True, set_aside_at__isnull=True)


def set_aside() -> QuerySet[Reminder]:
    """The reminders that were refused too often to be tried again, of open cycles."""
    return Reminder.objects.filter(sent_at__isnull=True, set_aside_at__isnull=False, report__cycle__state=Cycle.State.OPEN)


def try_again(reminders: QuerySet[Reminder]) -> int:
    """Have those of them that were refused tried anew by the next run. Returns how many."""
    return reminders.filter(sent_at__isnull=True, attempts__gt=0).update(attempts=0, try_after=None, set_aside_at=None)


class _Run:
    """One run of a sender, which began at moment `at`."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._began = monotonic()

    def has_lasted(self) -> timedelta:
        return timedelta(seconds=monotonic() - self._began)

    def claim(self, reminder: Reminder) -> bool:
        """Whether the reminder is this run's to send: for the length of a lease nobody else takes it up."""
        now = self.at + self.has_lasted()
        free = Reminder.objects.filter(pk=reminder.pk, sent_at__isnull=True, set_aside_at__isnull=True).exclude(try_after__gt=now)
        return bool(free.update(try_after=now + LEASE))

    def tick_off(self, reminder: Reminder) -> None:
        """It is out: nobody sends it any more. A database that is being restarted is waited for."""
        _patiently(lambda: Reminder.objects.filter(pk=reminder.pk).update(sent_at=self.at, try_after=None))

    def give_back(self, reminder: Reminder) -> None:
        """It was claimed and didn't go out: let the next run have it."""
        Reminder.objects.filter(pk=reminder.pk, sent_at__isnull=True).update(try_after=None)


def _note_refusal(reminder: Reminder, message: ClaimedMessage, at: datetime, error: str) -> None:
    last = reminder.attempts >= len(PAUSES)
    ours = Reminder.objects.filter(pk=reminder.pk)
    if not message.is_out:
        ours = ours.filter(sent_at__isnull=True)
    _patiently(
        lambda: ours.update(
            sent_at=None,
            attempts=reminder.attempts + 1,
            last_error=error[:ERROR_LENGTH],
            try_after=None if last else at + PAUSES[reminder.attempts],
            set_aside_at=at if last else None,
        )
    )


def _patiently(write: Callable[[], object]) -> None:
    """Write, and where the database went away, write once it is back."""
    for pause in RESTART:
        try:
            write()
        except (OperationalError, InterfaceError):
            connection.close_if_unusable_or_obsolete()
            sleep(pause)
        else:
            return
    write()


def _messages(run: _Run) -> Iterator[tuple[Reminder, ClaimedMessage]]:
    """The reminders that wait, each with its message, read a batch at a time. Those that nobody has to be told are ticked off."""
    at = run.at
    waiting = Reminder.objects.filter(sent_at__isnull=True, set_aside_at__isnull=True).exclude(try_after__gt=at).order_by("pk")
    done = 0
    while batch := list(waiting.filter(pk__gt=done)[:BATCH]):
        done = batch[-1].pk
        contents = _contents(batch)
        pointless = [reminder.pk for reminder in batch if reminder.pk not in contents]
        Reminder.objects.filter(pk__in=pointless, sent_at__isnull=True).update(sent_at=at)
        for reminder in batch:
            if reminder.pk in contents:
                yield reminder, _message(reminder, contents[reminder.pk], run)


@dataclass(frozen=True)
class _Content:
    """What a reminder says, and to whom."""

    report: Report
    owing: list[Report]
    to: list[str]


def _contents(batch: Sequence[Reminder]) -> dict[int, _Content]:
    """By reminder; none where nobody has to be told any more or nobody has an address."""
    about = [reminder.report_id for reminder in batch]
    reports = Report.objects.filter(cycle__state=Cycle.State.OPEN).for_display().defer("own").in_bulk(about)
    owing = _owing(about)
    addresses = _addresses({report.unit_id for report in reports.values()})
    contents = {}
    for reminder in batch:
        report = reports.get(reminder.report_id)
        if report is None:
            continue
        content = _Content(
            report=report,
            owing=[each for each in owing[reminder.audience, report.pk] if _is_named(each, reminder)],
            to=sorted({address for role in _ROLES[Reminder.Audience(reminder.audience)] for address in addresses[report.unit_id, role]}),
        )
        if content.owing and content.to:
            contents[reminder.pk] = content
    return contents


def _message(reminder: Reminder, content: _Content, run: _Run) -> ClaimedMessage:
    report, audience = content.report, reminder.audience
    context = {"report": report, "cycle": report.cycle, "due_on": reminder.due_on, "step": reminder.step, "owing": content.owing}
    return ClaimedMessage(
        render_to_string(f"reports/mail/{audience}_subject.txt", context).strip(),
        render_to_string(f"reports/mail/{audience}.txt", context),
        to=content.to,
        headers={"Message-ID": _message_id(reminder, report.cycle)},
        claim=lambda: run.claim(reminder),
        tick_off=lambda: run.tick_off(reminder),
    )


def _message_id(reminder: Reminder, cycle: Cycle) -> str:
    """The same whenever this reminder is sent, and another one on every other site: mailboxes drop what they have already."""
    site = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mark = salted_hmac("reports.reminder", f"{reminder.pk} {cycle.pk} {cycle.opened_at}").hexdigest()[:24]
    return f"<reminder.{reminder.pk}.{mark}@{site}>"


def _owing(about: Iterable[int]) -> Mapping[tuple[str, int | None], list[Report]]:
    """The unsubmitted reports among these and directly below them, by whom they are a matter of."""
    owing: dict[tuple[str, int | None], list[Report]] = defaultdict(list)
    for report in Report.objects.filter(pk__in=about).owing().select_related("unit").defer("own"):
        owing[Reminder.Audience.UNIT.value, report.pk].append(report)
    below = Report.objects.filter(superior_id__in=about).owing().order_by("position")
    for report in below.select_related("unit").defer("own"):
        owing[Reminder.Audience.SUPERIOR.value, report.superior_id].append(report)
    return owing


def _is_named(owing: Report, reminder: Reminder) -> bool:
    if reminder.audience == Reminder.Audience.UNIT:
        return owing.due_on == reminder.due_on
    return owing.due_on <= reminder.due_on


def _addresses(units: Iterable[int]) -> Mapping[tuple[int, str], list[str]]:
    """By unit and role."""
    members = Membership.objects.filter(unit_id__in=units, user__is_active=True).exclude(user__email="")
    addresses: dict[tuple[int, str], list[str]] = defaultdict(list)
    for unit, role, email in members.values_list("unit_id", "role", "user__email"):
        addresses[unit, role].append(email)
    return addresses
