from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Indicator, ReportTemplate, TemplateVersion
from reports.services import configuring
from tests.builders import given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import address, confirm, preview, said, text_of
from tests.unit_builders import make_standard_levels
from units.models import Level

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english_pages")]

HEADER = "section,code,name_vi,name_en,unit,value_type,levels,aggregate_up,aggregate_time,formula,rules,required,decimals,note"
FORM = {
    "position": 1, "section": "A", "code": "ho", "name_vi": "Hộ", "value_type": "integer", "levels": ["hamlet"], "aggregate_up": "sum",
    "aggregate_time": "flow_sum", "decimals": 0, "entered_by": "unit",
}  # fmt: skip


@pytest.fixture
def in_english_pages(settings: object) -> None:
    """Pages say the msgids themselves."""
    settings.LANGUAGE_CODE = "en"  # type: ignore[attr-defined]


def a_draft(*indicators: object) -> TemplateVersion:
    make_standard_levels(Level)
    return configuring.add_version("t", "Mẫu t", indicators or (indicator("a"),))  # type: ignore[arg-type]


def test_a_draft_is_published_by_its_button(admin: Client) -> None:
    draft = a_draft()
    response = admin.post(address("templateversion", "publish", draft.pk))
    assert said(response) == ["Version 1 is published. From now on it never changes."]
    draft.refresh_from_db()
    assert draft.is_published


def test_publishing_an_unsound_draft_shows_every_problem_with_its_place_and_publishes_nothing(admin: Client) -> None:
    draft = a_draft(indicator("a", formula="b + 1"), indicator("c", formula="(("))
    response = admin.post(address("templateversion", "publish", draft.pk))
    assert len(said(response)) == len(configuring.problems_of(draft)) == 2
    draft.refresh_from_db()
    assert not draft.is_published
    page = admin.get(address("templateversion", "change", draft.pk))
    mended_at = [where for where, _problem in page.context["problems"]]
    assert mended_at == [address("indicator", "change", draft.indicators.get(code=code).pk) for code in ("a", "c")]
    assert all(problem.startswith("formula: ") for _where, problem in page.context["problems"])


def test_an_empty_version_is_begun_from_the_template(admin: Client) -> None:
    make_standard_levels(Level)
    admin.post(address("reporttemplate", "add"), {"code": "m", "name": "Mẫu", "name_en": ""} | VERSIONS)
    template = ReportTemplate.objects.get(code="m")
    response = admin.post(address("reporttemplate", "draft", template.pk))
    assert said(response)[-1] == "Version 1 was begun as a draft."
    assert template.versions.get().number == 1


VERSIONS = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}


def test_a_published_version_is_edited_as_a_draft_of_the_next(admin: Client) -> None:
    published = given_template(indicator("a"), indicator("b"))
    response = admin.post(address("templateversion", "draft", published.pk))
    draft = TemplateVersion.objects.get(number=2)
    assert response["Location"] == address("templateversion", "change", draft.pk)
    page = admin.get(response["Location"])
    assert [row.code for _page, row in page.context["indicators"]] == ["a", "b"]
    assert not draft.is_published


def test_buttons_answer_to_a_post_only(admin: Client) -> None:
    draft = a_draft()
    assert [admin.get(address("templateversion", name, draft.pk)).status_code for name in ("publish", "draft")] == [405, 405]


def test_an_indicator_is_added_to_a_draft_at_its_end(admin: Client) -> None:
    draft = a_draft()
    page = admin.get(address("indicator", "add"), {"version": draft.pk})
    assert page.context["adminform"].form.initial["position"] == 2
    response = admin.post(address("indicator", "add"), FORM | {"version": draft.pk, "position": 2, "levels": ["commune", "hamlet"]})
    assert response["Location"] == address("templateversion", "change", draft.pk)
    assert draft.indicators.last().levels == "commune|hamlet"  # type: ignore[union-attr]


def test_a_drafts_indicator_is_changed_and_deleted(admin: Client) -> None:
    draft = a_draft()
    row = draft.indicators.get()
    admin.post(address("indicator", "change", row.pk), FORM)
    row.refresh_from_db()
    assert (row.code, row.name_vi, row.version_id) == ("ho", "Hộ", draft.pk)
    admin.post(address("indicator", "delete", row.pk), {"post": "yes"})
    assert not draft.indicators.exists()


def test_rules_that_are_no_rules_are_refused_on_the_form(admin: Client) -> None:
    draft = a_draft()
    response = admin.post(address("indicator", "add"), FORM | {"version": draft.pk, "rules": "ho >= 1"})
    assert response.context["adminform"].form.errors["rules"] == [
        "“ho >= 1” is no rule; write error: EXPRESSION or warn: EXPRESSION, with ; between two rules."
    ]
    assert draft.indicators.count() == 1


def test_a_code_stands_once_in_a_version(admin: Client) -> None:
    draft = a_draft(indicator("a"), indicator("b"))
    row = draft.indicators.get(code="b")
    changed = admin.post(address("indicator", "change", row.pk), FORM | {"code": "a"})
    added = admin.post(address("indicator", "add"), FORM | {"code": "a", "version": draft.pk})
    errors = [answer.context["adminform"].form.errors["code"] for answer in (changed, added)]
    assert errors == [["This code is used twice in the version."]] * 2


def test_nothing_of_a_published_version_is_edited_whatever_is_posted(admin: Client) -> None:
    published = given_template(indicator("a"))
    row = published.indicators.get()
    before = list(Indicator.objects.values())
    answers = [
        admin.post(address("templateversion", "change", published.pk), {"number": 9}),
        admin.post(address("templateversion", "delete", published.pk), {"post": "yes"}),
        admin.post(address("indicator", "change", row.pk), FORM),
        admin.post(address("indicator", "delete", row.pk), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
    added = admin.post(address("indicator", "add"), FORM | {"version": published.pk})
    assert "version" in added.context["adminform"].form.errors
    again = admin.post(address("templateversion", "publish", published.pk))
    assert said(again) == ["This version is published already; edit a draft of the next one."]
    assert list(Indicator.objects.values()) == before
    assert TemplateVersion.objects.get().number == 1


def test_selected_indicators_cannot_be_deleted_together(admin: Client) -> None:
    row = given_template(indicator("a")).indicators.get()
    admin.post(address("indicator", "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert Indicator.objects.filter(pk=row.pk).exists()


def test_a_draft_may_be_deleted(admin: Client) -> None:
    draft = a_draft()
    admin.post(address("templateversion", "delete", draft.pk), {"post": "yes"})
    assert not TemplateVersion.objects.exists()


def test_an_indicator_file_is_previewed_with_its_differences_and_becomes_the_next_version(admin: Client) -> None:
    first = given_template(indicator("a"), indicator("b"))
    content = f"{HEADER}\nMục 1,a,Tên mới,,hộ,integer,hamlet,sum,flow_sum,,,yes,,\nMục 1,c,Mới,,,integer,hamlet,sum,flow_sum,,,,,\n"
    previewed = preview(admin, "templateversion", content, template=first.template_id)
    assert [row.import_type for row in previewed.context["result"].rows] == ["update", "new", "delete"]
    assert "<ins>Tên mới</ins>" in previewed.content.decode()
    assert "style=" not in previewed.content.decode().split('class="import-preview"')[1].split("</table>")[0]
    assert TemplateVersion.objects.count() == 1
    response = confirm(admin, "templateversion", previewed)
    assert said(response) == ["Mẫu t v2 was begun as a draft from the file."]
    made = TemplateVersion.objects.get(number=2)
    assert [(row.code, row.name_vi, row.required) for row in made.indicators.all()] == [("a", "Tên mới", True), ("c", "Mới", False)]
    assert [row.code for row in first.indicators.all()] == ["a", "b"]


def test_an_unsound_indicator_file_is_refused_with_every_line_and_column(admin: Client) -> None:
    template = given_template(indicator("a")).template
    content = f"{HEADER}\nM,a,A,,,whole,hamlet,sum,flow_sum,,,,,\nM,b,B,,,integer,hamlet,sum,flow_sum,nope + 1,,,,\n"
    previewed = preview(admin, "templateversion", content, template=template.pk)
    wrong = previewed.context["result"].invalid_rows
    assert [(row.number, *row.error_dict) for row in wrong] == [
        (2, "value_type"),
        (3, "aggregate_up"),
        (3, "aggregate_time"),
        (3, "formula"),
    ]
    assert "confirm_form" not in previewed.context
    assert TemplateVersion.objects.count() == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"a,b\n1,2\n", b"PK\x03\x04"])
def test_a_file_that_is_no_indicator_file_is_refused(admin: Client, content: bytes) -> None:
    template = given_template(indicator("a")).template
    previewed = preview(admin, "templateversion", content, template=template.pk)
    assert previewed.status_code == 200
    assert previewed.context["form"].errors.get("import_file") or previewed.context["result"].invalid_rows
    assert "confirm_form" not in previewed.context


def test_an_exported_indicator_file_reads_back_to_the_same_indicators(admin: Client) -> None:
    first = given_template(indicator("a", note='=1+1, "và"\nhai dòng'), indicator("b", rules="error: b >= 1"))
    file = admin.get(address("templateversion", "file", first.pk))
    assert file["Content-Disposition"] == 'attachment; filename="t-v1.csv"'
    confirm(admin, "templateversion", preview(admin, "templateversion", file.content, template=first.template_id))
    made = TemplateVersion.objects.get(number=2)
    assert [row.to_domain() for row in made.indicators.all()] == [row.to_domain() for row in first.indicators.all()]


def test_only_who_may_change_versions_presses_buttons_imports_and_exports() -> None:
    draft = a_draft()
    user = given_user("lan")
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    assert client.post(address("templateversion", "publish", draft.pk)).status_code == 403
    assert client.get(address("templateversion", "import")).status_code == 403
    assert client.get(address("templateversion", "file", draft.pk)).status_code == 403
    draft.refresh_from_db()
    assert not draft.is_published


def test_a_version_published_meanwhile_refuses_the_indicator_that_was_being_edited(admin: Client) -> None:
    draft = a_draft()
    row = draft.indicators.get()
    assert admin.get(address("indicator", "change", row.pk)).status_code == 200
    configuring.publish(draft, timezone.now())
    assert admin.post(address("indicator", "change", row.pk), FORM).status_code == 403


def test_the_page_of_a_version_asks_the_database_as_often_for_two_indicators_as_for_forty(
    admin: Client, django_assert_max_num_queries: object
) -> None:
    def queries(version: TemplateVersion) -> int:
        with django_assert_max_num_queries(40) as asked:  # type: ignore[operator]
            assert "Indicator file" in text_of(admin.get(address("templateversion", "change", version.pk)))
        return len(asked)

    few = given_template(indicator("a"), indicator("b"))
    many = given_template(*(indicator(f"a{number}") for number in range(40)), code="nhieu")
    queries(few)
    assert queries(few) == queries(many)
