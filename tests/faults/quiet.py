"""What has to hold at every quiet moment: when nobody acts, and the site has had time to do what is due."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from reports.models import JournalEntry, Reminder, Report, RollupMark
from reports.services import verifying
from reports.services.outbox import LEASE
from reports.services.reminding import plan_reminders, set_aside
from tests.builders import Play
from tests.faults.country import DUES, OFFICERS
from tests.faults.history import flags_due, flags_open
from tests.faults.ledger import Attempt, Outcome, contradictions
from tests.faults.mailbox import Letter
from tests.faults.site import SETTLES_WITHIN, Site
from tests.properties.brute_force import Oracle
from units.problems import Problems

ERROR = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Refused|Shutdown|CannotConnectNow)\b", re.MULTILINE)
#: what a program may complain of when a server is away; anything else in a log is a fault of ours
OF_A_SERVER_THAT_IS_AWAY = re.compile(
    r"(\w+\.)*(OperationalError|InterfaceError|AdminShutdown|CrashShutdown|CannotConnectNow|ConnectionError|ConnectionRefusedError"
    r"|ConnectionResetError|BrokenPipeError|TimeoutError|WorkerLostError|WorkerShutdown|ConnectionDoesNotExist)$"
)


@dataclass
class Settled:
    """How long a site took until no total was stale, and what is to be told of it."""

    seconds: float
    reminders: int
    sent_again: int


def settle(site: Site, play: Play, attempts: Iterable[Attempt]) -> Settled:
    """Wait until the site has done what is due, and hold it against what has to be. AssertionError with what is wrong."""
    connection.close()
    attempts = list(attempts)
    seconds = site.wait_until(lambda: not RollupMark.objects.exists(), "the marks to be drained")
    due = flags_due(play, DUES, site.clock)
    site.wait_until(lambda: flags_open(play) == due, f"the flags {sorted(due)}")
    site.wait_until(lambda: not reminders_to_come(site), "the reminders", SETTLES_WITHIN + LEASE.total_seconds())
    site.wait_until(lambda: site.broker.waiting() == 0, "the broker's queue to be empty")
    site.wait_until(lambda: not held_locks(), "advisory locks to be let go")
    site.wait_until(lambda: not idle_transactions(), "transactions left open to end")
    assert not any(attempt.outcome is Outcome.DEADLOCK for attempt in attempts), "a deadlock"
    assert list(contradictions(attempts)) == []
    assert broken_journals(play) == []
    assert wrong_totals(play) == []
    assert flags_open(play) == due
    assert strange_errors(site) == []
    return Settled(seconds, *reminders_sent(site, play))


def reminders_to_come(site: Site) -> bool:
    """Whether any waits to be sent, or to be written down first: mail has a queue of its own, so the sweep may be done long before."""
    assert not set_aside().exists()
    with transaction.atomic():
        to_be_planned = plan_reminders(site.clock)
        transaction.set_rollback(True)
    return to_be_planned > 0 or Reminder.objects.filter(sent_at=None).exists()


def held_locks() -> list[tuple]:
    return rows("SELECT pid, objid FROM pg_locks WHERE locktype = 'advisory'")


def idle_transactions() -> list[tuple]:
    return rows("SELECT pid, query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()")


def rows(query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def broken_journals(play: Play) -> list[str]:
    """The units whose journal doesn't go on from where it ended, goes backwards in time, or doesn't end where the report stands."""
    broken = []
    for report in Report.objects.filter(cycle=play.cycle).select_related("unit"):
        entries = list(JournalEntry.objects.filter(report=report).order_by("pk"))
        follows = ["not_started", *(entry.to_state for entry in entries)]
        moments = [entry.at for entry in entries]
        whole = (
            [entry.from_state for entry in entries] == follows[:-1]
            and follows[-1] == report.state
            and len(entries) == report.version
            and moments == sorted(moments)
            and report.submissions.count() == sum(entry.action == "submit" for entry in entries)
        )
        broken += [] if whole else [report.unit.uid]
    return broken


def wrong_totals(play: Play) -> list[str]:
    """Stored totals that differ from the rebuild (`verify_rollups`), or from the definition read literally."""
    assert not RollupMark.objects.exists(), "a total is stale"
    problems = Problems()
    verifying.compare(play.cycle, problems)
    wrong = [f"{problem.unit_uid}: {problem.message % problem.params}" for problem in problems]
    oracle = Oracle(play.cycle)
    for uid in ("P", "Q", "DP1", "CQ21"):
        report = oracle.reports[play.report(uid).pk]
        stored = play.total(uid, "a")
        right = oracle.total(report)["a"]
        if stored != ("" if right is None else str(right)):
            wrong.append(f"{uid}: {stored} is stored, {right} is right")
    return wrong


def reminders_sent(site: Site, play: Play) -> tuple[int, int]:
    """How many reminders arrived, and how many of them again under the same Message-ID (messaging/channels.py).

    AssertionError where one went to others than the officers of its unit, or did not arrive though its unit owes a report
    still and has an officer.
    """
    times = site.post.by_message_id()
    recipients = {_reminder_of(letter): list(letter.to) for letter in site.post.letters}
    assert recipients == {reminder.pk: _officers(reminder) for reminder in Reminder.objects.filter(pk__in=recipients)}
    assert _certainly_due(play) - recipients.keys() == set(), "reminders that never arrived"
    assert len(recipients) == len(times)
    assert set(times.values()) <= {1, 2}
    return len(times), sum(times.values()) - len(times)


def _reminder_of(letter: Letter) -> int:
    return int(letter.message_id.split(".")[1])


def _officers(reminder: Reminder) -> list[str]:
    return sorted(f"{name}@example.com" for name, roles in OFFICERS.items() if reminder.report.unit.uid in roles)


def _certainly_due(play: Play) -> set[int]:
    """The reminders to units that have not submitted to this day, and have an account of their own with an address."""
    owing = Report.objects.filter(cycle=play.cycle, first_submitted_at=None, unit__memberships__role__in=["preparer", "approver"])
    never_exempt = owing.exclude(journal__action="exempt")
    reminders = Reminder.objects.filter(report__in=never_exempt, audience="unit").select_related("report")
    return {reminder.pk for reminder in reminders if reminder.due_on == reminder.report.due_on}


def strange_errors(site: Site) -> list[str]:
    """Errors in the programs' logs that no absent server explains."""
    found = {(program.log_file.name, name) for program in site.programs for name in _errors(program.log())}
    return sorted(f"{log}: {name}" for log, name in found if not OF_A_SERVER_THAT_IS_AWAY.match(name))


def _errors(log: str) -> Iterator[str]:
    """The names of the exceptions that ended something; those that only led to another one are left out."""
    *causing, last = re.split(r"^(?:During handling of the above|The above exception was the direct).*$", log, flags=re.MULTILINE)
    for part in causing:
        yield from ERROR.findall(part)[:-1]
    yield from ERROR.findall(last)
