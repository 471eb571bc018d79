"""Extending and exempting from the list of reports, the health of the jobs, and what the index says first."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit import acting, recording
from audit.models import AuditEntry
from danvan import jobs, ticks
from reports.models import Cycle, Reminder, Report, Rollup
from reports.services import configuring, rolling_up
from reports.services.rolling_up import TRIES
from tests.builders import NOON, Play, given_cycle
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import address, said, text_of
from tests.entrypoints.test_admin_cycles import a_manager

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]


def act(client: Client, play: Play, action: str, *uids: str, **more: Any) -> Any:
    chosen = [play.report(uid).pk for uid in uids]
    return client.post(address("report", "changelist"), {"action": action, "_selected_action": chosen, **more})


def test_the_due_day_of_chosen_reports_is_extended_with_a_reason(admin: Client) -> None:
    play = given_cycle()
    asked = act(admin, play, "extend", "H1", "H2")
    assert (asked.status_code, "2 reports are chosen" in text_of(asked)) == (200, True)
    done = act(admin, play, "extend", "H1", "H2", confirmed="yes", until="25/06/2025", reason="bão lũ")
    assert said(done) == ["The due day of 2 reports was extended."]
    assert [play.report(uid).due_on for uid in ("H1", "H2", "H3")] == [date(2025, 6, 25), date(2025, 6, 25), date(2025, 6, 18)]
    assert [entry.reason for entry in play.journal("H1")] == ["bão lũ"]


def test_reports_are_exempted_and_expected_again(admin: Client) -> None:
    play = given_cycle()
    assert said(act(admin, play, "exempt", "H1", confirmed="yes", reason="đã sáp nhập")) == ["1 report was exempted."]
    assert play.state("H1") == "exempt"
    assert said(act(admin, play, "unexempt", "H1", confirmed="yes", reason=""))[-1:] == ["1 report is expected again."]
    assert play.state("H1") == "not_started"


@pytest.mark.parametrize(("action", "sent"), [("extend", {"until": "", "reason": "x"}), ("exempt", {"reason": " "})])
def test_without_day_or_reason_nothing_is_done_and_the_page_asks_again(admin: Client, action: str, sent: dict[str, str]) -> None:
    play = given_cycle()
    assert act(admin, play, action, "H1", confirmed="yes", **sent).status_code == 422
    assert not play.journal("H1")


def test_it_is_done_to_all_of_the_chosen_or_to_none(admin: Client) -> None:
    play = given_cycle()
    play.hand_in("H2", a="1")
    response = act(admin, play, "exempt", "H1", "H2", confirmed="yes", reason="vì sao")
    assert said(response)[0].startswith("H2: ")
    assert play.state("H1") == "not_started"


def test_all_that_the_list_finds_is_chosen_at_once(admin: Client) -> None:
    play = given_cycle()
    level = play.report("H1").level_id
    data = {"action": "exempt", "_selected_action": [play.report("H1").pk], "select_across": "1", "confirmed": "yes", "reason": "vì sao"}
    admin.post(address("report", "changelist") + f"?level__id__exact={level}", data)
    assert sorted(Report.objects.filter(state="exempt").values_list("unit__uid", flat=True)) == ["H1", "H2", "H3"]


def test_who_does_not_supervise_the_reports_is_refused() -> None:
    play = given_cycle()
    stranger = a_manager("H3")
    act(stranger, play, "exempt", "H1", confirmed="yes", reason="vì sao")
    assert play.state("H1") == "not_started"


# --- The health of the jobs ------------------------------------------------------------------------


def states(page: Any) -> dict[str, bool | None]:
    return {line.what: line.is_well for line in page.context["lines"]}


def test_what_was_set_aside_and_what_was_not_opened_is_to_be_looked_at(admin: Client) -> None:
    report = given_cycle().report("C")
    recording.record(AuditEntry.Action.TAKEN, "backup", acting.now())
    well = states(admin.get(reverse("admin:jobs")))
    assert [what for what, is_well in well.items() if is_well is False] == []
    Rollup.objects.filter(report=report).update(failures=TRIES)
    Reminder.objects.create(report=report, audience="unit", due_on=date(2025, 6, 18), step=0, set_aside_at=NOON)
    Cycle.objects.create(
        code="quên", version=report.cycle.version, period="2025-Y", first_day=date(2025, 1, 1), cut_off=date(2025, 2, 1),
        reference_day=date(2025, 2, 1), opens_on=date(2025, 2, 2),
    )  # fmt: skip
    page = admin.get(reverse("admin:jobs"))
    assert [what for what, is_well in states(page).items() if is_well is False] == [
        "Totals set aside after failing",
        "Reminders set aside after refusals",
        "Cycles whose day of opening is past",
    ]
    assert "quên" in text_of(page)


def test_that_there_is_no_backup_or_none_of_today_is_to_be_looked_at(admin: Client) -> None:
    assert states(admin.get(reverse("admin:jobs")))["Last backup"] is False
    with time_machine.travel(timezone.now() - timedelta(hours=27)):
        recording.record(AuditEntry.Action.TAKEN, "backup", acting.now())
    assert states(admin.get(reverse("admin:jobs")))["Last backup"] is False
    recording.record(AuditEntry.Action.TAKEN, "backup", acting.now())
    assert states(admin.get(reverse("admin:jobs")))["Last backup"] is True


def test_marks_that_wait_are_counted(admin: Client) -> None:
    play = given_cycle()
    play.hand_in("H1", a="1")
    found = {line.what: line.found for line in admin.get(reverse("admin:jobs")).context["lines"]}
    assert found["Totals marked for recomputing"] != "0"
    rolling_up.drain_all()
    found = {line.what: line.found for line in admin.get(reverse("admin:jobs")).context["lines"]}
    assert found["Totals marked for recomputing"] == "0"


def test_a_job_is_late_once_it_missed_its_turns() -> None:
    cache.clear()
    at = timezone.now()
    ticks.note("reports.tasks.sweep")

    def late(moment: datetime, name: str) -> bool:
        return next(job.is_late for job in jobs.jobs(moment, broker_answers=True) if job.what == str(jobs.WHAT[name]))

    assert (late(at, "sweep"), late(at + timedelta(minutes=5), "sweep"), late(at, "remind")) == (False, True, False)


def test_where_nothing_is_known_of_any_job_all_are_late() -> None:
    cache.clear()
    assert all(job.is_late for job in jobs.jobs(timezone.now(), broker_answers=True))


def test_a_broker_that_does_not_answer_is_said(admin: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    page = admin.get(reverse("admin:jobs"))
    assert states(page)["Broker"] is False
    assert [job.last for job in page.context["jobs"]] == [None] * len(jobs.WHAT)


def test_only_superusers_see_the_health_of_the_jobs() -> None:
    given_cycle()
    assert "lines" not in (a_manager("P").get(reverse("admin:jobs")).context or {})


# --- The index -------------------------------------------------------------------------------------


def test_the_index_goes_in_the_order_of_the_work_and_counts_what_asks(admin: Client, django_assert_max_num_queries: Any) -> None:
    play = given_cycle(due=date(2025, 6, 18))
    configuring.add_version("d", "Nháp", [indicator("a")])
    play.sweep(NOON + timedelta(days=30))
    with django_assert_max_num_queries(20):
        page = admin.get(reverse("admin:index"))
    assert [group["app_label"] for group in page.context["app_list"]][:5] == ["set-up", "templates", "cycles", "follow-up", "history"]
    assert [each.count for each in page.context["work"]] == [1, 0, 1, Report.objects.count(), 0]


def test_every_model_of_the_admin_is_on_the_index_once(admin: Client) -> None:
    page = admin.get(reverse("admin:index"))
    names = [model["admin_url"] for group in page.context["app_list"] for model in group["models"]]
    assert len(names) == len(set(names))
    assert reverse("admin:reports_cycle_changelist") in names


def test_who_manages_cycles_sees_their_models_and_no_counts() -> None:
    given_cycle()
    page = a_manager("P").get(reverse("admin:index"))
    assert (page.status_code, page.context["work"]) == (200, [])
