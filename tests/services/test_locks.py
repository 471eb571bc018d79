"""Who waits for whom on PostgreSQL, where SQLite lets one writer in at a time anyway."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from reports.models import Cycle, Reminder, Report
from reports.services import opening, transitions
from reports.services.opening import Plan
from tests.builders import NOON, given_cycle, given_template
from tests.unit_builders import tree
from units.locks import hold
from units.tree import LOCK

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def has_to_wait(job: Callable[[], Any]) -> bool:
    """Run the job beside the open transaction: did it run into a lock?"""

    def run() -> bool:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '300ms'")
            job()
        except OperationalError as error:
            return "lock timeout" in str(error)
        finally:
            connection.close()
        return False

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_no_cycle_is_opened_while_somebody_writes_to_the_tree():
    version = given_template()
    tree({"P": {"D": {"C": ["H1"]}}})
    days = {"first_day": date(2024, 12, 15), "cut_off": date(2025, 6, 14), "reference_day": date(2025, 6, 14)}
    due = dict.fromkeys(("province", "district", "commune", "hamlet"), date(2025, 6, 18))
    planned = opening.set_up(Plan(version=version, period="2025-H1", under=["P"], due=due, **days))  # type: ignore[arg-type]

    def open_it() -> None:
        opening.open_cycle(Cycle.objects.get(pk=planned.pk), NOON)

    with transaction.atomic():
        hold(LOCK)
        assert has_to_wait(open_it)
    assert not has_to_wait(open_it)


def test_an_action_on_a_report_holds_up_another_action_and_no_row_that_only_refers_to_the_report():
    play = given_cycle()
    report = play.report("H1")

    def remind() -> None:
        Reminder.objects.create(report=report, audience="unit", due_on=report.due_on, step=0)

    def act() -> None:
        with transaction.atomic():
            transitions.lock(Report.objects.filter(pk=report.pk))

    with transaction.atomic():
        transitions.lock(Report.objects.filter(pk=report.pk))
        assert not has_to_wait(remind)
        assert has_to_wait(act)
