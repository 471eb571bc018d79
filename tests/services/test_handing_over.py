"""Dân vận khéo models go with the units that run them when the map is redrawn, and each cycle counts them on its own tree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from reports.models import SkilfulModel, TemplateVersion
from reports.queries.sourced import sourced_figures
from reports.services import handing_over, reorganising
from reports.services.reorganising import preview
from tests.builders import Play, at, given_cycle, given_template
from tests.domain.builders import indicator
from tests.register_builders import given_model, take
from tests.unit_builders import tree
from units import redrawing
from units.models import Level, Reorganisation, Unit
from units.problems import Refused
from units.redrawing import Part
from units.reorganising import Change, Link, Roles

pytestmark = pytest.mark.django_db

DAY = date(2025, 7, 1)
AT = at("2025-07-02 08:00")


def unit(uid: str) -> Unit:
    return Unit.objects.select_related("parent", "level").get(uid=uid)


def redraw(change: Change) -> Reorganisation:
    done = reorganising.reorganise(change, by=None, at=AT, roles=Roles.KEEP)
    assert done.recorded
    return done.recorded


def merged() -> Change:
    level = Level.objects.get(code="commune")
    return redrawing.merged([unit("C1"), unit("C2")], DAY, name="Xã Mới", code="", level=level, superior=unit("P"))


def where() -> dict[str, str]:
    return dict(SkilfulModel.objects.values_list("name", "unit__name"))


def given_version() -> TemplateVersion:
    return given_template(
        indicator("mh", levels="commune|hamlet", source="register:running", time="stock_last"),
        indicator("moi", levels="commune|hamlet", source="register:registered"),
    )


def counted(play: Play, uid: str) -> Any:
    return sourced_figures([play.report(uid)])[play.report(uid).pk]


def given_models() -> None:
    for uid, name in (("C1", "Đường hoa"), ("C2", "Nhà sạch"), ("H1", "Bếp ấm")):
        take(given_model(uid, on="2025-03-01", name=name), "begin", on="2025-03-05")


def test_models_go_over_where_a_unit_went_whole_and_each_cycle_counts_them_on_its_own_tree() -> None:
    version = given_version()
    old = given_cycle(version, {"P": {"D": {"C1": ["H1"], "C2": []}}})
    given_models()
    before = [counted(old, uid) for uid in ("C1", "C2", "H1")]
    assert before == [{"mh": 1, "moi": 1}] * 3
    redraw(merged())
    assert where() == {"Đường hoa": "Xã Mới", "Nhà sạch": "Xã Mới", "Bếp ấm": "Đơn vị H1"}
    assert SkilfulModel.objects.get(name="Bếp ấm").unit.uid == "H1-20250701"
    assert [counted(old, uid) for uid in ("C1", "C2", "H1")] == before

    new = given_cycle(version, {}, period="2025-Y", under=["P"], due=date(2025, 12, 20), opened=at("2025-12-15 08:00"))
    assert [counted(new, uid) for uid in ("C1-20250701", "H1-20250701")] == [{"mh": 2, "moi": 2}, {"mh": 1, "moi": 1}]


def test_a_unit_below_which_a_model_came_counts_it_in_no_cycle_of_before() -> None:
    version = given_template(indicator("mh", levels="district|commune", source="register:running", time="stock_last"))
    old = given_cycle(version, {"P": {"D": {"C1": []}, "E": {"C2": []}}})
    for uid, name in (("C1", "Đường hoa"), ("D", "Nhà sạch")):
        take(given_model(uid, on="2025-03-01", name=name), "begin", on="2025-03-05")
    assert (counted(old, "C1"), counted(old, "E")) == ({"mh": 1}, {})
    redraw(redrawing.moved(unit("C1"), DAY, unit("E")))
    assert (counted(old, "C1"), counted(old, "D"), counted(old, "E")) == ({"mh": 1}, {"mh": 1}, {})


def test_a_unit_that_a_file_makes_and_merges_again_hands_on_what_came_to_it_and_undoing_takes_it_back() -> None:
    tree({"P": {"A": [], "B": [], "C": []}})
    model = given_model("A")
    steps = [("A", "B", date(2025, 7, 1)), ("B", "C", date(2025, 8, 1))]
    recorded = redraw(Change(Reorganisation.Kind.FILE, [Link(old, new, day, Decimal(1)) for old, new, day in steps]))
    assert where() == {model.name: "Đơn vị C"}
    reorganising.undo(recorded, by=None, at=AT)
    assert where() == {model.name: "Đơn vị A"}


def test_its_journal_says_so_and_undoing_takes_it_back() -> None:
    tree({"P": {"D": {"C1": [], "C2": []}}})
    model = given_model("C1")
    recorded = redraw(merged())
    entry = model.entries.latest("pk")
    assert (entry.action, entry.on, entry.changes) == ("hand_over", DAY, {"unit": ["Đơn vị C1 (C1)", "Xã Mới (C1-20250701)"]})
    reorganising.undo(recorded, by=None, at=AT)
    assert where() == {"Đường hoa thôn em": "Đơn vị C1"}
    assert model.entries.latest("pk").changes == {"unit": ["Xã Mới (C1-20250701)", "Đơn vị C1 (C1)"]}
    assert [each.action for each in model.entries.order_by("pk")] == ["register", "hand_over", "hand_over"]


def test_of_a_split_unit_a_model_stays_is_listed_and_goes_where_the_administrator_says() -> None:
    tree({"P": {"D": {"C1": ["H1"], "C2": []}}})
    model = given_model("C1")
    given_model("H1", name="Bếp ấm")
    parts = [Part("Xã Một", "", None, [unit("H1").pk]), Part("Xã Hai", "", None)]
    looked = preview(redrawing.split(unit("C1"), DAY, parts), by=None, at=AT, roles=Roles.KEEP)
    assert (looked.models_going, looked.models_staying_count, looked.models_staying) == (1, 1, [model])
    assert set(where().values()) == {"Đơn vị C1", "Đơn vị H1"}

    recorded = redraw(redrawing.split(unit("C1"), DAY, parts))
    assert list(handing_over.staying(recorded)) == [model]
    second = Unit.objects.get(name="Xã Hai")
    with pytest.raises(Refused):
        handing_over.hand_over_as_chosen(recorded, {model.pk: unit("C2").pk}, by=None, at=AT)
    assert handing_over.hand_over_as_chosen(recorded, {model.pk: second.pk}, by=None, at=AT) == 1
    assert where()["Đường hoa thôn em"] == "Xã Hai"
    reorganising.undo(recorded, by=None, at=AT)
    assert where() == {"Đường hoa thôn em": "Đơn vị C1", "Bếp ấm": "Đơn vị H1"}


def test_models_of_an_abolished_unit_stay() -> None:
    tree({"P": {"D": {"C1": []}}})
    model = given_model("C1")
    recorded = redraw(redrawing.abolished([unit("C1")], DAY))
    assert list(handing_over.staying(recorded)) == [model]
    assert handing_over.choices_for([model], recorded) == {model.pk: []}
