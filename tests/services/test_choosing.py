"""Selections: who chooses how many of what, when it is frozen, and the cycle that takes it (docs/field.md, S4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reports.models import Cycle, Report, Selection
from reports.services import choosing, opening
from reports.services.opening import WhyNot
from tests.builders import at, choose, given_cycle, given_selection, given_user
from tests.unit_builders import tree
from units.models import Level, Unit
from units.problems import Refused

pytestmark = pytest.mark.django_db

TWO_COMMUNES = {"P": {"D": {"C1": [f"A{number}" for number in range(1, 7)], "C2": ["B1", "B2"], "C3": []}}}
NOW = at("2025-02-03 09:00")


def said(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.message % problem.params for problem in refused.value.problems]


def reporting(cycle: Cycle) -> dict[str, str | None]:
    rows = Report.objects.filter(cycle=cycle).order_by("position")
    return dict(rows.values_list("unit__uid", "superior__unit__uid"))


# --- Opening ---------------------------------------------------------------------------------------


def test_opening_asks_every_superior_for_its_share_of_the_units_directly_below_it():
    selection = given_selection(TWO_COMMUNES)
    rows = selection.choices.values_list("unit__uid", "candidates", "needed", "made_at")
    assert list(rows) == [("C1", 6, 2, None), ("C2", 2, 1, None)]


def test_what_is_chosen_from_stays_whatever_happens_to_the_units():
    selection = given_selection(TWO_COMMUNES)
    Unit.objects.filter(uid="A6").update(valid_to=date(2025, 1, 31))
    choose(selection, "C1", "A1", "A6")
    assert selection.choices.get(unit__uid="C1").candidates == 6


def test_units_that_do_not_exist_on_its_day_are_not_chosen_from():
    tree(TWO_COMMUNES)
    Unit.objects.filter(uid__in=["A1", "A2"]).update(valid_to=date(2025, 1, 31))
    assert given_selection({}).choices.get(unit__uid="C1").candidates == 4


def test_a_selection_opens_once_and_not_where_there_is_nothing_to_choose_from():
    selection = given_selection(TWO_COMMUNES)
    with pytest.raises(Refused) as refused:
        choosing.open_selection(selection, by=None)
    assert said(refused) == ["“Chọn thôn” is in the state “open”: nothing was done."]
    tree({"Q": {"E": {}}})
    with pytest.raises(Refused) as refused:
        given_selection({}, code="khong-co", under=["Q"])
    assert said(refused) == ["Nothing to choose from: on 2025-02-01 no unit of the level hamlet stands below these units."]
    assert Selection.objects.get(code="khong-co").state == "planned"


# --- Choosing --------------------------------------------------------------------------------------


def test_a_choice_is_written_with_who_made_it_and_may_be_made_anew():
    selection = given_selection(TWO_COMMUNES)
    officer = given_user("xa", C1="preparer")
    choose(selection, "C1", "A1", "A2", by=officer)
    choice = choose(selection, "C1", "A2", "A5", by=officer)
    assert (choice.version, choice.made_by, choice.made_at) == (2, officer, NOW)
    assert list(choice.units_below.filter(is_chosen=True).values_list("unit__uid", flat=True)) == ["A2", "A5"]


@pytest.mark.parametrize(("chosen", "count"), [(["A1"], 1), (["A1", "A2", "A3"], 3), ([], 0)])
def test_more_or_fewer_than_the_share_are_refused(chosen: list[str], count: int):
    selection = given_selection(TWO_COMMUNES)
    with pytest.raises(Refused) as refused:
        choose(selection, "C1", *chosen)
    assert said(refused) == [f"Choose 2 of the 6 units (20 %, rounded up): {count} are chosen."]
    assert not selection.choices.filter(made_at__isnull=False).exists()


def test_a_unit_of_another_superior_is_refused():
    selection = given_selection(TWO_COMMUNES)
    with pytest.raises(Refused) as refused:
        choose(selection, "C1", "A1", "B1")
    assert said(refused) == ["One of these units is not among those to choose from."]


def test_only_who_answers_for_the_unit_chooses_or_for_one_without_accounts_who_answers_for_its_superior():
    selection = given_selection(TWO_COMMUNES)
    viewer, other, district = given_user("xem", C1="viewer reviewer"), given_user("xa2", C2="preparer"), given_user("huyen", D="approver")
    choose(selection, "C1", "A1", "A2", by=district)
    given_user("xa1", C1="preparer")
    for stranger in (viewer, other, district):
        with pytest.raises(Refused) as refused:
            choose(selection, "C1", "A1", "A2", by=stranger)
        assert said(refused) == ["Only a preparer or approver of Đơn vị C1 chooses here."]


def test_a_choice_over_somebody_elses_newer_one_is_refused():
    selection = given_selection(TWO_COMMUNES)
    choose(selection, "C1", "A1", "A2")
    with pytest.raises(Refused) as refused:
        choose(selection, "C1", "A3", "A4", seen=0)
    assert said(refused) == ["Somebody else has chosen meanwhile. Look at what is chosen now, and choose again."]


# --- Freezing --------------------------------------------------------------------------------------


def frozen(outline: Any = TWO_COMMUNES) -> Selection:
    selection = given_selection(outline)
    choose(selection, "C1", "A2", "A5")
    choose(selection, "C2", "B1")
    choosing.freeze(selection, by=None, at=NOW)
    return selection


def test_freezing_names_everybody_who_has_not_chosen_unless_that_is_known():
    selection = given_selection(TWO_COMMUNES)
    with pytest.raises(Refused) as refused:
        choosing.freeze(selection, by=None, at=NOW)
    assert said(refused) == ["Đơn vị C1 has not chosen yet.", "Đơn vị C2 has not chosen yet."]
    with pytest.raises(Refused) as refused:
        choosing.freeze(selection, by=None, at=NOW, confirm_incomplete=True)
    assert said(refused) == ["Nobody has chosen yet."]
    choose(selection, "C2", "B2")
    choosing.freeze(selection, by=None, at=NOW, confirm_incomplete=True)
    assert (selection.state, selection.frozen_at) == ("frozen", NOW)


def test_what_is_frozen_is_not_chosen_anew():
    selection = frozen()
    with pytest.raises(Refused) as refused:
        choose(selection, "C1", "A1", "A3")
    assert said(refused) == ["“Chọn thôn” is not open: nothing can be chosen."]


def test_only_a_cycle_manager_of_every_unit_at_its_top_opens_and_freezes():
    selection = given_selection(TWO_COMMUNES)
    district, province = given_user("huyen", D="cycle_manager approver"), given_user("tinh", P="cycle_manager")
    choose(selection, "C2", "B2")
    with pytest.raises(Refused) as refused:
        choosing.freeze(selection, by=district, at=NOW, confirm_incomplete=True)
    assert said(refused) == ["Only a cycle manager of the units at the top opens and freezes a selection."]
    choosing.freeze(selection, by=province, at=NOW, confirm_incomplete=True)
    assert selection.frozen_by == province


def test_it_may_be_opened_again_until_a_cycle_took_it():
    selection = frozen()
    choosing.unfreeze(selection, by=None)
    choose(selection, "C2", "B2")
    choosing.freeze(selection, by=None, at=NOW)
    given_cycle(outline={}, under=["P"], selection=selection)
    with pytest.raises(Refused) as refused:
        choosing.unfreeze(selection, by=None)
    assert said(refused) == ["The cycle “t-2025-H1” has taken what was chosen: it stays as it is."]


# --- The cycle that takes it -----------------------------------------------------------------------


def test_of_the_chosen_level_only_chosen_units_report_and_all_that_stand_above_them():
    play = given_cycle(outline={}, under=["P"], selection=frozen())
    assert reporting(play.cycle) == {"P": None, "D": "P", "C1": "D", "A2": "C1", "A5": "C1", "C2": "D", "B1": "C2", "C3": "D"}


def test_a_cycle_of_a_part_of_its_units_takes_what_was_chosen_there():
    play = given_cycle(outline={}, under=["C1"], selection=frozen())
    assert reporting(play.cycle) == {"C1": None, "A2": "C1", "A5": "C1"}


def test_a_planned_cycle_takes_it_on_the_day_on_which_it_is_opened():
    selection = frozen()
    plan = given_cycle(outline={}, under=["C2"], selection=selection)
    later = opening.set_up(opening.Plan(**plan_of(plan.cycle, selection), opens_on=date(2025, 2, 10)))
    opening.open_due(at("2025-02-10 08:00"))
    assert reporting(later) == {"C2": None, "B1": "C2"}


def plan_of(cycle: Cycle, selection: Selection) -> dict[str, Any]:
    days = {name: getattr(cycle, name) for name in ("version", "period", "first_day", "cut_off", "reference_day")}
    return {**days, "under": ["C2"], "selection": selection, "due": dict.fromkeys(("commune", "hamlet"), cycle.cut_off)}


def test_one_that_is_not_frozen_is_refused():
    with pytest.raises(Refused) as refused:
        given_cycle(outline={}, under=["P"], selection=given_selection(TWO_COMMUNES))
    assert said(refused) == ["“Chọn thôn” is not frozen yet: its units can still change."]
    assert not Cycle.objects.exists()


def test_one_whose_level_does_not_report_is_refused():
    with pytest.raises(Refused) as refused:
        given_cycle(outline={}, under=["P"], selection=frozen(), dues={"commune": date(2025, 6, 18)}, levels=["commune"])
    assert said(refused) == ["“Chọn thôn” has chosen units of the level hamlet, which doesn't report in this cycle."]
    assert not Cycle.objects.exists()


def test_a_chosen_unit_that_has_ended_by_the_cycles_day_is_refused_by_its_name():
    selection = frozen()
    Unit.objects.filter(uid="A5").update(valid_to=date(2025, 5, 31))
    with pytest.raises(Refused) as refused:
        given_cycle(outline={}, under=["P"], selection=selection)
    assert [problem.unit_uid for problem in refused.value.problems] == ["A5"]


def test_a_forecast_counts_what_was_not_chosen_among_those_left_out(django_assert_max_num_queries):
    selection = frozen()
    with django_assert_max_num_queries(7):
        found = opening.forecast(Unit.objects.filter(uid="P"), date(2025, 6, 14), ["commune", "hamlet"], selection)
    assert found.by_level == {"commune": 3, "hamlet": 3}
    assert found.left_out == {WhyNot.LEVEL: 2, WhyNot.CHOICE: 5}
    assert found.examples[WhyNot.CHOICE] == ["Đơn vị A1", "Đơn vị A3", "Đơn vị A4", "Đơn vị A6", "Đơn vị B2"]


def test_the_level_is_data():
    selection = given_selection({"P": {"D": {"C1": [], "C2": [], "C3": []}}}, level="commune", share=50)
    assert list(selection.choices.values_list("unit__uid", "candidates", "needed")) == [("D", 3, 2)]
    assert selection.level == Level.objects.get(code="commune")
