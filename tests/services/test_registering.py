"""Dân vận khéo models: who registers, appraises and recognises them, in what order, and what each step leaves (semantics §10)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from reports.models import AppendOnlyError, SkilfulModel
from reports.services import registering
from tests.builders import at, given_cycle, given_user
from tests.register_builders import given_model, step, take
from units.models import Unit
from units.problems import Refused

pytestmark = pytest.mark.django_db


def said(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    with override("en"):
        return [f"{problem.column}: {problem.message % problem.params}" for problem in refused.value.problems]


@pytest.fixture
def people() -> dict[str, Any]:
    given_cycle()
    return {
        "commune": given_user("xa", C="preparer reviewer"),
        "district": given_user("huyen", D="preparer reviewer"),
        "province": given_user("tinh", P="reviewer cycle_manager"),
        "hamlet": given_user("thon", H1="preparer"),
        "viewer": given_user("xem", P="viewer"),
        "stranger": given_user("khach", H2="preparer"),
    }


def test_a_preparer_registers_a_model_of_their_unit_with_its_first_step(people: Any):
    model = given_model("H1", by=people["hamlet"])
    assert (model.state, model.version, str(model.registered_on)) == ("registered", 0, "2025-03-01")
    [entry] = model.entries.all()
    assert (entry.action, entry.from_state, entry.to_state, entry.by, entry.on_behalf) == (
        "register",
        "",
        "registered",
        people["hamlet"],
        False,
    )


def test_a_superior_registers_for_a_unit_without_accounts_and_the_journal_says_so(people: Any):
    assert given_model("H3", by=people["commune"]).entries.get().on_behalf
    with pytest.raises(Refused) as refused:
        given_model("H1", by=people["commune"])
    assert said(refused) == [": You are not the one who registers models of this unit."]


def test_out_of_reach_a_unit_and_a_model_answer_as_if_they_did_not_exist(people: Any):
    with pytest.raises(Refused) as refused:
        given_model("H1", by=people["stranger"])
    assert said(refused) == [": There is no such unit."]
    model = given_model("H1")
    with pytest.raises(Refused) as refused:
        take(model, "begin", by=people["stranger"])
    assert said(refused) == [": There is no such model in the register."]


def test_everything_that_is_wrong_with_a_registration_is_said_at_its_field(people: Any):
    with pytest.raises(Refused) as refused:
        given_model("H1", on="2026-01-01", name=" ", field="y_te", means="Gọi 0912 345 678")
    assert said(refused) == [
        "on: The day lies ahead: write down what has happened.",
        "means: “means” holds what looks like a telephone number. Take it out: no citizen is named here.",
        "name: Give the model a name.",
        "field: Choose one of the four fields: kinh_te, vhxh, qpan, htct.",
    ]
    assert not SkilfulModel.objects.exists()


def test_a_model_goes_its_whole_way_through_the_hands_of_its_unit_and_of_those_above(people: Any):
    model = given_model("H1", by=people["hamlet"])
    take(model, "begin", on="2025-03-10", by=people["hamlet"])
    take(model, "self_assess", on="2025-05-01", by=people["hamlet"], text="Đã làm được 2 km đường.")
    take(model, "appraise", on="2025-05-10", by=people["commune"], text="Đúng như tự đánh giá.", effective=True)
    take(model, "recognise", on="2025-05-20", by=people["commune"], level="commune")
    take(model, "recognise", on="2025-06-01", by=people["district"], level="district")
    take(model, "spread", on="2025-06-05", by=people["hamlet"], text="Ba thôn lân cận làm theo.")
    found = take(model, "end", on="2025-06-08", by=people["hamlet"], text="Tuyến đường đã xong.")
    assert (found.state, found.is_effective, str(found.recognised_level)) == ("ended", True, "Cấp huyện")
    assert str(found.recognised_on) == "2025-06-01"
    assert [entry.action for entry in model.entries.all()] == [
        "register", "begin", "self_assess", "appraise", "recognise", "recognise", "spread", "end",
    ]  # fmt: skip


def test_nobody_appraises_their_own_model(people: Any):
    model = given_model("C", by=people["commune"])
    take(model, "begin", by=people["commune"])
    take(model, "self_assess", by=people["commune"], text="Tốt.")
    with pytest.raises(Refused) as refused:
        take(model, "appraise", by=people["commune"], text="Tốt.", effective=True)
    assert said(refused) == [": You are not the one who may do this to this model."]
    take(model, "appraise", by=people["district"], text="Tốt.", effective=True)


def test_a_level_recognises_what_lies_below_it_and_nobody_else_does(people: Any):
    model = appraised("H1", people)
    with pytest.raises(Refused) as refused:
        take(model, "recognise", by=people["commune"], level="district")
    assert said(refused) == ["level: You don't recognise models of this unit at the level Cấp huyện."]
    with pytest.raises(Refused):
        take(model, "recognise", by=people["viewer"], level="province")
    take(model, "recognise", by=people["province"], level="province")


def test_a_recognised_model_is_recognised_anew_at_a_higher_level_alone(people: Any):
    model = appraised("H1", people)
    take(model, "recognise", by=people["district"], level="district")
    with pytest.raises(Refused) as refused:
        take(model, "recognise", by=people["commune"], level="commune")
    assert said(refused) == ["level: The model is recognised at the level Cấp huyện already; it is recognised anew at a higher one alone."]


def test_a_model_of_a_root_is_appraised_and_recognised_by_its_cycle_manager(people: Any):
    model = given_model("P")
    take(model, "begin")
    take(model, "self_assess", text="Tốt.")
    take(model, "appraise", by=people["province"], text="Tốt.", effective=False)
    take(model, "recognise", by=people["province"], level="province")


def test_a_step_that_does_not_follow_is_refused(people: Any):
    with pytest.raises(Refused) as refused:
        take(given_model("H1"), "spread", by=people["hamlet"], text="…")
    assert said(refused) == [": The model is in the state “registered”, where “spread” can't be done."]


_LACKING = [
    ("end", {"text": " "}, "text: Write what it was, or why: this step is recorded with it."),
    ("begin", {"on": "2025-02-28"}, "on: The model's last step was on 2025-03-01: this one can't lie before it."),
    ("begin", {"on": "2025-07-01"}, "on: The day lies ahead: write down what has happened."),
    (
        "end",
        {"text": "Số CCCD 001099012345"},
        "text: “text” holds what looks like a citizen's identity number. Take it out: no citizen is named here.",
    ),
]


@pytest.mark.parametrize(("action", "arguments", "message"), _LACKING)
def test_what_a_step_lacks_is_said(action: str, arguments: dict[str, Any], message: str, people: Any):
    with pytest.raises(Refused) as refused:
        take(given_model("H1"), action, **arguments)
    assert said(refused) == [message]


def test_two_who_act_on_the_same_version_get_one_success_and_one_refusal(people: Any):
    model = given_model("H1")
    registering.take(model.pk, step("begin"), seen=0)
    with pytest.raises(Refused) as refused:
        registering.take(model.pk, step("begin"), seen=0)
    assert said(refused) == [": Somebody else has changed this model meanwhile. Look at it again before you go on."]
    assert model.entries.count() == 2


def test_an_edit_keeps_what_was_there_before(people: Any):
    model = given_model("H1")
    content = {name: getattr(model, name) for name in registering.CONTENT} | {"people": 40}
    edited = registering.edit(model.pk, content, by=people["hamlet"], at=at("2025-06-10 08:00"), seen=0)
    assert (edited.people, edited.version, edited.state) == (40, 1, "registered")
    assert [entry.changes for entry in model.entries.all()] == [{}, {"people": [25, 40]}]
    registering.edit(model.pk, content, by=people["hamlet"], at=at("2025-06-10 08:01"), seen=1)
    assert model.entries.count() == 2


def test_what_was_self_assessed_is_edited_no_more(people: Any):
    model = given_model("H1")
    take(model, "begin")
    take(model, "self_assess", text="Tốt.")
    with pytest.raises(Refused):
        registering.edit(model.pk, {"name": "khác", "field": "qpan"}, by=people["hamlet"], at=at("2025-06-10 08:00"), seen=2)


def test_the_steps_of_a_model_are_never_changed(people: Any):
    entry = given_model("H1").entries.get()
    with pytest.raises(AppendOnlyError):
        entry.delete()


def test_a_model_cannot_begin_before_its_unit(people: Any):
    Unit.objects.filter(uid="H1").update(valid_from=date(2025, 4, 1))
    with pytest.raises(Refused) as refused:
        given_model("H1", on="2025-03-31")
    assert said(refused) == ["on: The unit did not exist on this day."]


def appraised(uid: str, people: Any) -> SkilfulModel:
    model = given_model(uid)
    take(model, "begin")
    take(model, "self_assess", text="Tốt.")
    return take(model, "appraise", by=people["commune"], text="Tốt.", effective=True)
