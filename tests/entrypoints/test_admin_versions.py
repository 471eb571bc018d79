"""Template versions: checked as one types, compared, looked at as each level sees them, and published after a last look."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reports.models import Cycle, TemplateVersion
from reports.services import configuring
from tests.builders import given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import address, said, text_of
from tests.entrypoints.test_admin_cycles import a_manager
from tests.entrypoints.test_admin_templates import a_draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]


DAY = date(2025, 6, 14)
TYPED = {
    "section": "A", "code": "x", "name_vi": "X", "value_type": "integer", "levels": ["hamlet"], "aggregate_up": "formula",
    "aggregate_time": "formula", "decimals": "0", "entered_by": "unit",
}  # fmt: skip


def checked(admin: Client, draft: TemplateVersion, **typed: str) -> dict[str, list[str]]:
    return admin.post(address("indicator", "check"), TYPED | {"version": draft.pk, "indicator": ""} | typed).json()


def test_a_formula_is_checked_as_one_types(admin: Client) -> None:
    draft = a_draft(indicator("a"), indicator("b"))
    assert checked(admin, draft, formula="a + b") == {}
    assert checked(admin, draft, formula="a + c") == {"formula": ["At character 5: there is no indicator “c”."]}
    assert draft.indicators.count() == 2


def test_rules_are_checked_as_one_types(admin: Client) -> None:
    draft = a_draft(indicator("a"))
    plain = {"aggregate_up": "sum", "aggregate_time": "flow_sum"}
    assert checked(admin, draft, rules="error: x <= a", **plain) == {}
    assert list(checked(admin, draft, rules="x <= a", **plain)) == ["rules"]
    assert list(checked(admin, draft, rules="warn: x + a", **plain)) == ["rules"]


def test_a_formula_that_would_be_computed_from_itself_is_found_whichever_of_them_is_edited(admin: Client) -> None:
    of_b = indicator("a", formula="b + 1", aggregate_up="formula", aggregate_time="formula")
    draft = a_draft(of_b, indicator("b"))
    row = draft.indicators.get(code="b")
    found = checked(admin, draft, indicator=str(row.pk), code="b", formula="a + 1")
    assert list(found) == ["formula"]
    assert "is computed from itself" in found["formula"][0]


def test_what_is_wrong_with_others_is_not_said_here(admin: Client) -> None:
    assert checked(admin, a_draft(indicator("a", formula="((")), formula="1 + 1") == {}


@pytest.mark.parametrize("typed", [{"value_type": ""}, {"version": ""}, {"entered_by": "nobody"}])
def test_a_form_that_is_not_far_enough_is_left_alone(admin: Client, typed: dict[str, str]) -> None:
    assert checked(admin, a_draft(), **typed) == {}


def test_checking_takes_the_right_to_edit_indicators() -> None:
    given_cycle()
    reader = a_manager("P")
    User.user_permissions.through.objects.all().delete()
    assert reader.post(address("indicator", "check"), TYPED).status_code == 403


def test_versions_are_compared_with_the_one_before(admin: Client) -> None:
    given_template(indicator("a"), indicator("b"))
    after = configuring.add_version("t", "Mẫu t", [indicator("a", required=True), indicator("c")])
    page = admin.get(address("templateversion", "compare", after.pk))
    found = page.context["comparison"]
    assert ([each.code for each in found.added], [each.code for each in found.removed]) == (["c"], ["b"])
    assert [(each.code, [change.field for change in changes]) for each, changes in found.changed] == [("a", ["required"])]


def test_a_version_without_another_has_nothing_to_be_compared_with(admin: Client) -> None:
    assert "no other version" in text_of(admin.get(address("templateversion", "compare", a_draft().pk)))


def test_a_version_is_compared_with_the_one_that_is_named(admin: Client) -> None:
    first = given_template(indicator("a"))
    configuring.add_version("t", "Mẫu t", [indicator("b")])
    third = configuring.add_version("t", "Mẫu t", [indicator("a")])
    page = admin.get(address("templateversion", "compare", third.pk), {"with": first.number})
    assert page.context["comparison"].is_same


def test_each_level_sees_its_own_indicators(admin: Client) -> None:
    words = indicator("c", "text", levels="hamlet")
    draft = a_draft(indicator("a", levels="hamlet"), indicator("b", levels="commune"), words)

    def entered(level: str, **more: str) -> dict[str, bool]:
        page = admin.get(address("templateversion", "preview", draft.pk), {"level": level, **more})
        return {row.code: row.may_be_entered for row in page.context["sheet"].rows}

    assert entered("hamlet") == {"a": True, "c": True}
    assert entered("commune") == {"a": False, "b": True}
    assert entered("commune", alone="yes") == {"b": True}


def test_the_preview_is_the_officers_form_and_sends_nothing(admin: Client) -> None:
    page = admin.get(address("templateversion", "preview", a_draft(indicator("a", levels="hamlet")).pk), {"level": "hamlet"})
    content = page.content.decode()
    assert 'name="cell-a"' in content
    assert "<fieldset disabled" in content


def test_before_publishing_one_sees_what_it_changes_and_what_goes_on(admin: Client) -> None:
    play = given_cycle(given_template(indicator("a", levels="hamlet|commune")))
    draft = configuring.add_version("t", "Mẫu t", [indicator("b")])
    page = admin.get(address("templateversion", "confirm", draft.pk))
    assert (page.context["before"], page.context["open_cycles"]) == (play.cycle.version, 1)
    assert "Publish for good" in text_of(page)
    assert not TemplateVersion.objects.get(pk=draft.pk).is_published


def test_an_unsound_draft_has_no_button_to_publish(admin: Client) -> None:
    page = admin.get(address("templateversion", "confirm", a_draft(indicator("a", formula="((")).pk))
    assert page.context["problems"]
    assert "Publish for good" not in text_of(page)


def test_before_retiring_one_sees_what_goes_on_and_what_new_cycles_take_instead(admin: Client) -> None:
    play = given_cycle(given_template(indicator("a", levels="hamlet|commune")))
    newer = configuring.draft_from(play.cycle.version)
    configuring.publish(newer, play.now)
    page = admin.get(address("templateversion", "retiring", play.cycle.version_id))
    assert "1 open cycle goes on with this version." in text_of(page)
    assert f"New cycles take {newer}." in text_of(page)
    assert TemplateVersion.objects.get(pk=play.cycle.version_id).is_in_use


def test_a_version_is_retired_by_its_button_is_offered_no_more_and_comes_back_by_another(admin: Client) -> None:
    version = given_template()
    assert said(admin.post(address("templateversion", "retire", version.pk))) == ["Version 1 is retired: no new cycle is opened of it."]
    offered = admin.get(address("cycle", "plan")).context["form"].fields["version"].queryset
    assert list(offered) == []
    assert "Take back into use" in text_of(admin.get(address("templateversion", "change", version.pk)))
    assert said(admin.post(address("templateversion", "use", version.pk)))[-1] == "Version 1 is in use again."
    assert list(offered.all()) == [version]


def test_a_planned_cycle_keeps_its_version_from_being_retired_and_the_page_leads_to_it(admin: Client) -> None:
    version = given_template()
    cycle = Cycle.objects.create(
        code="t-2025-H1", version=version, period="2025-H1", first_day=DAY, cut_off=DAY, reference_day=DAY, state=Cycle.State.PLANNED
    )
    page = admin.get(address("templateversion", "retiring", version.pk))
    assert address("cycle", "change", cycle.pk) in page.content.decode()
    assert "Retire this version" not in text_of(page)


@pytest.mark.parametrize("view", ["preview", "compare", "confirm", "retiring"])
def test_pages_of_a_version_ask_the_database_as_often_for_two_indicators_as_for_forty(
    admin: Client, view: str, django_assert_max_num_queries: Any
) -> None:
    few = a_draft(indicator("a"), indicator("b"))
    many = configuring.add_version("u", "Mẫu u", [indicator(f"a{number}") for number in range(40)])

    def queries(version: TemplateVersion) -> int:
        with django_assert_max_num_queries(20) as asked:
            assert admin.get(address("templateversion", view, version.pk)).status_code == 200
        return len(asked)

    assert queries(few) == queries(many)
