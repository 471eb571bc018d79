"""History: journal entries and submissions, which are never changed and never deleted (semantics §2)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from reports.models import AppendOnlyError, JournalEntry, ReviewNote, Submission
from tests.builders import Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from units.problems import Refused

pytestmark = pytest.mark.django_db


def submissions(play: Play, uid: str) -> list[Submission]:
    return list(play.report(uid).submissions.order_by("number"))


def test_the_journal_says_who_did_what_when_from_which_state_to_which_and_why():
    play = given_cycle()
    lan, hoa = given_user("lan", H1="preparer"), given_user("hoa", C="reviewer")
    play.save("H1", by=lan, a="4", at=at("2025-06-11 08:00"))
    play.submit("H1", by=lan, at=at("2025-06-11 09:00"))
    play.do("return_for_correction", "H1", by=hoa, at=at("2025-06-12 10:00"), reason="thiếu thôn 2")
    assert [(e.at, e.by, e.action, e.from_state, e.to_state, e.reason, e.changes) for e in play.journal("H1")] == [
        (at("2025-06-11 08:00"), lan, "save", "not_started", "draft", "", {"a": [None, 4]}),
        (at("2025-06-11 09:00"), lan, "submit", "draft", "submitted", "", {}),
        (at("2025-06-12 10:00"), hoa, "return", "submitted", "returned", "thiếu thôn 2", {}),
    ]


def test_what_the_system_did_has_no_name():
    play = given_cycle()
    play.save("H1", a="1")
    assert play.journal("H1")[0].by is None
    assert not play.journal("H1")[0].on_behalf


def test_the_content_as_it_was_submitted_stays_with_the_entry_whatever_is_edited_later():
    play = given_cycle()
    play.save("H1", a="4")
    play.submit("H1")
    play.do("withdraw", "H1")
    play.save("H1", a="5")
    play.submit("H1")
    play.do("return_for_correction", "H1")
    play.save("H1", a="")
    submitted = [entry.submission for entry in play.journal("H1") if entry.action == "submit"]
    assert [each.own for each in submitted if each] == [{"a": 4}, {"a": 5}]
    assert [(each.number, each.own) for each in submissions(play, "H1")] == [(1, {"a": 4}), (2, {"a": 5})]
    assert play.report("H1").own == {}
    assert play.report("H1").last_submission == submissions(play, "H1")[-1]


def test_a_submission_declares_own_values_adjustments_both_and_the_rates_of_its_moment():
    play = given_cycle(given_template(indicator("a", levels="hamlet|commune")))
    play.hand_in("H1", a="4")
    play.save("H2", a="100")
    play.save("C", a="1")
    play.adjust("C", "a", "-2")
    play.submit("C", at=at("2025-06-20 08:00"))
    play.submit("H2")
    play.accept("H2")
    declared = submissions(play, "C")[0]
    assert (declared.own, declared.adjustments) == ({"a": 1}, [["a", "-2"]])
    assert play.template.by_code["a"].code in declared.declared
    assert declared.rates[""] == {"expected": 3, "received": 1, "accepted": 1, "on_time": 1, "late": 0, "missing": 2}
    assert declared.rates["hamlet"] == declared.rates[""]
    assert (play.both("C", "a"), play.total("C", "a")) == ("103", "104")


def test_moments_of_a_reports_journal_never_go_backwards_and_may_stand_still():
    play = given_cycle()
    play.save("H1", a="1", at=at("2025-06-11 08:00"))
    with pytest.raises(Refused) as refused:
        play.submit("H1", at=at("2025-06-11 08:00") - timedelta(microseconds=1))
    assert [problem.message for problem in refused.value.problems] == [
        "The moment %(at)s lies before the report's last journal entry, %(last)s."
    ]
    play.submit("H1", at=at("2025-06-11 08:00"))
    play.save("H2", a="1", at=at("2020-01-01 00:00"))  # another report, and before the cycle was opened here
    assert [entry.at for entry in play.journal("H1")] == [at("2025-06-11 08:00")] * 2


def test_python_refuses_to_change_or_delete_history():
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1")
    play.do("return_for_correction", "H1", notes={"a": "sai"})
    for model in (JournalEntry, Submission, ReviewNote):
        row = model.objects.all()[0]
        for attempt in (row.save, row.delete, model.objects.all().delete, lambda model=model: model.objects.update(pk=1)):
            with pytest.raises(AppendOnlyError):
                attempt()
    with pytest.raises(ProtectedError):
        play.report("H1").delete()


@pytest.mark.postgresql
@pytest.mark.parametrize("table", ["reports_journalentry", "reports_submission", "reports_reviewnote"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_postgresql_refuses_to_change_or_delete_history(table: str, sql: str):
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1")
    play.do("return_for_correction", "H1", notes={"a": "sai"})
    with pytest.raises(DatabaseError, match=f"rows of {table} are never changed"), transaction.atomic():
        connection.cursor().execute(sql.format(table))


def test_the_view_gives_the_figures_in_long_form():
    play = given_cycle(
        given_template(
            indicator("n", levels="hamlet"),
            indicator("d", "decimal", levels="hamlet", decimals=6),
            indicator("y", "boolean", levels="hamlet"),
            indicator("t", "text", levels="hamlet"),
        )
    )
    play.save("H1", n="0", d="123456789012345.123456", y="no", t="Đã “vận động”")
    play.save("H2", n="7", d="")
    with connection.cursor() as cursor:
        cursor.execute("SELECT unit_uid, cycle, period, state, indicator, CAST(value AS text) FROM report_figures ORDER BY 1, 5")
        rows = cursor.fetchall()
    assert rows == [
        ("H1", "t-2025-H1", "2025-H1", "draft", "d", "123456789012345.123456"),
        ("H1", "t-2025-H1", "2025-H1", "draft", "n", "0"),
        ("H1", "t-2025-H1", "2025-H1", "draft", "t", "Đã “vận động”"),
        ("H1", "t-2025-H1", "2025-H1", "draft", "y", "false"),
        ("H2", "t-2025-H1", "2025-H1", "draft", "n", "7"),
    ]


def test_a_reports_own_figures_are_stored_exactly():
    play = given_cycle(given_template(indicator("n", levels="hamlet"), indicator("d", "decimal", levels="hamlet", decimals=6)))
    play.save("H1", n="999999999999999", d="0.100000")
    stored = play.report("H1").own
    assert stored["n"] == 999999999999999
    assert json.dumps(stored["d"]) in ('"0.1"', '"0.100000"')
