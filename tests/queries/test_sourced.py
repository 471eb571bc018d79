"""What the register says to reports: each model once, filled in as a report is begun, and explained where it differs (semantics §10)."""

from __future__ import annotations

from typing import Any

import pytest

from reports.models import Submission
from reports.queries.sourced import sourced_figures
from tests.builders import Play, at, given_cycle, given_template
from tests.domain.builders import LEVELS, indicator
from tests.register_builders import given_model, take

pytestmark = pytest.mark.django_db

REGISTERED = indicator("dk", levels="|".join(LEVELS), source="register:registered:kinh_te")
RUNNING = indicator("duy_tri", levels="|".join(LEVELS), time="stock_last", source="register:running")
EFFECTIVE = indicator("hieu_qua", levels="commune|district", time="stock_last", source="register:effective")


def play_it(**plan: Any) -> Play:
    return given_cycle(given_template(REGISTERED, RUNNING, EFFECTIVE, indicator("khac", levels="hamlet")), **plan)


def said(play: Play, uid: str) -> dict[str, int]:
    report = play.report(uid)
    return sourced_figures([report])[report.pk]


def test_the_register_counts_for_the_unit_that_runs_a_model_and_not_above():
    play = play_it()
    given_model("H1")
    given_model("H1", field="qpan")
    take(given_model("H1", on="2024-03-01"), "begin")
    assert said(play, "H1") == {"dk": 1, "duy_tri": 1}
    assert "dk" not in said(play, "C")


def test_an_empty_register_says_nothing():
    play = play_it()
    given_model("H1")
    assert said(play, "H2") == {}
    assert said(play, "P") == {}


def test_what_a_unit_does_not_enter_is_counted_by_the_nearest_above_that_does():
    play = play_it()
    model = given_model("H1")
    for action, rest in (("begin", {}), ("self_assess", {"text": "Tốt."}), ("appraise", {"text": "Tốt.", "effective": True})):
        take(model, action, **rest)
    assert said(play, "C") == {"hieu_qua": 1}
    assert "hieu_qua" not in said(play, "D")


def test_where_hamlets_do_not_report_their_models_are_counted_by_their_commune():
    play = play_it(levels=["commune", "district"])
    given_model("H1")
    given_model("C")
    assert said(play, "C")["dk"] == 2


def test_what_happened_after_the_cut_off_is_of_the_next_period():
    play = play_it()
    model = given_model("H1", on="2025-05-01")
    take(model, "begin", on="2025-06-15", at=at("2025-06-16 08:00"))
    assert said(play, "H1") == {"dk": 1, "duy_tri": 0}


def test_the_first_save_fills_in_what_the_register_says_and_later_ones_do_not():
    play = play_it()
    given_model("H1")
    play.save("H1", khac="5")
    assert play.report("H1").own == {"khac": 5, "dk": 1, "duy_tri": 0}
    assert play.journal("H1")[-1].changes == {"khac": [None, 5], "dk": [None, 1], "duy_tri": [None, 0]}
    given_model("H1")
    play.save("H1", khac="6")
    assert play.report("H1").own["dk"] == 1


def test_the_first_save_keeps_what_was_typed_or_left_blank():
    play = play_it()
    given_model("H1")
    play.save("H1", dk="4", duy_tri="")
    assert play.report("H1").own == {"dk": 4}


def test_a_difference_is_explained_and_the_explanation_travels_with_what_the_register_said():
    play = play_it()
    given_model("H1")
    play.save("H1", dk="4")
    play.submit("H1")
    [warning] = Submission.objects.get(report=play.report("H1")).warnings
    assert warning == {"indicator": "dk", "rule": "register:registered:kinh_te = 1", "explanation": ""}


def test_many_reports_are_asked_for_in_as_few_queries_as_one(django_assert_num_queries: Any):
    play = play_it()
    given_model("H1")
    given_model("C")
    few, many = [play.report("H1")], [play.report(uid) for uid in ("H1", "H2", "H3", "C", "D", "P")]
    for reports in (few, many):
        with django_assert_num_queries(2 + 2 + 4):
            sourced_figures(reports)


def test_a_template_without_sources_costs_no_query(django_assert_num_queries: Any):
    report = given_cycle().report("H1")
    with django_assert_num_queries(0):
        assert sourced_figures([report]) == {report.pk: {}}


def test_more_units_than_a_few_are_asked_for_by_their_superiors(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reports.queries.skilful_models._FEW", 2)
    play = play_it()
    given_model("H1")
    given_model("P")
    reports = [play.report(uid) for uid in ("H1", "H2", "H3", "P")]
    found = sourced_figures(reports)
    assert [found[report.pk].get("dk") for report in reports] == [1, None, None, 1]
