"""Two submissions of a report beside each other, and the page on which a cycle manager asks for official figures."""

from __future__ import annotations

from datetime import date

import pytest

from reports.models import Cycle
from tests.builders import LEVELS, at, given_cycle, given_user
from tests.entrypoints.cli import done, manage
from tests.entrypoints.pages import english, given_form_cycle, looked_at, officers, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]
DAYS = {f"due_{level}": "15/07/2025" for level in LEVELS}


def test_what_differs_is_shown_cell_by_cell_and_what_is_the_same_when_asked():
    play = given_form_cycle()
    play.hand_in("H1", ho="10", ngheo="5", loai="tot")
    play.do("reopen", "H1")
    play.hand_in("H1", ho="20", ngheo="5", loai="kha")
    client = english(officers()["hamlet"])
    url = f"/reports/{play.report('H1').pk}/submissions/"
    page = text_of(client.get(url))
    assert "3 figures differ." in page
    assert "Households 10 20 +10" in page
    assert "Tỷ lệ 50 25 −25" in page
    assert "Xếp loại good fair" in page
    assert "Hộ nghèo" not in page
    assert "Hộ nghèo 5 5 =" in text_of(client.get(url, {"all": "1"}))
    assert "0 figures differ." in text_of(client.get(url, {"before": "2", "after": "2"}))
    assert "3 figures differ." in text_of(client.get(url, {"before": "x", "after": "9"}))


def test_a_commune_compares_its_own_figures_and_what_it_signed_for_all():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.hand_in("C", cuoc="1")
    play.hand_in("H2", ho="5")
    play.do("reopen", "C")
    play.hand_in("C", cuoc="3")
    page = text_of(english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/submissions/"))
    assert "Households 10 15 +5" in page
    assert "Số cuộc 1 3 1 3 +2" in page


def test_one_submission_has_nothing_to_be_compared_with_and_what_is_out_of_reach_does_not_exist():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    people = officers()
    url = f"/reports/{play.report('H1').pk}/submissions/"
    assert "was not submitted twice" in text_of(english(people["hamlet"]).get(url))
    assert english(people["stranger"]).get(url).status_code == 404


def test_the_manager_asks_for_official_figures_and_everybody_sees_of_which_round_a_report_is():
    play = given_cycle(official_due={})
    play.hand_in("H1", a="1")
    people = officers()
    boss, hamlet = english(people["province"]), english(people["hamlet"])
    assert "Estimated figures" in text_of(hamlet.get(f"/reports/{play.report('H1').pk}/"))
    assert "Ask for official figures" in text_of(boss.get("/cycles/"))
    url = f"/cycles/{play.cycle.pk}/official/"
    assert "Every unit is asked at once" in text_of(boss.get(url))
    wrong = boss.post(url, DAYS | {"due_hamlet": "2025-07-15", "due_commune": "18/06/2025"})
    assert (wrong.status_code, "Write the day as dd/mm/yyyy" in text_of(wrong)) == (422, True)
    early = boss.post(url, DAYS | {"due_hamlet": "18/06/2025"})
    assert "official figures are due after the estimated ones" in text_of(early)
    assert 'name="due_hamlet" value="18/06/2025"' in early.content.decode()
    with looked_at(at("2025-06-25 09:00")):
        boss, hamlet = english(people["province"]), english(people["hamlet"])
        assert "6 units are asked for official figures." in text_of(boss.post(url, DAYS, follow=True))
        page = text_of(hamlet.get(f"/reports/{play.report('H1').pk}/"))
        assert "Official figures In progress" in page
        assert "Estimated figures 10 Jun 2025 12:02 · On time" in page
        assert "were asked for on" in text_of(boss.get(url))
        assert "Ask for official figures" not in text_of(boss.get("/cycles/"))


def test_nobody_else_finds_that_page():
    play = given_cycle(official_due={})
    people = officers()
    for who in ("commune", "viewer", "stranger"):
        assert english(people[who]).get(f"/cycles/{play.cycle.pk}/official/").status_code == 404
    assert not Cycle.objects.get(pk=play.cycle.pk).official_opened_at


def test_a_superuser_comes_from_admin():
    play = given_cycle(official_due={"hamlet": date(2025, 7, 15)})
    root = given_user("goc")
    root.is_superuser = root.is_staff = True
    root.save()
    client = english(root)
    url = f"/cycles/{play.cycle.pk}/official/"
    assert url in client.get(f"/admin/reports/cycle/{play.cycle.pk}/change/").content.decode()
    assert 'value="15/07/2025"' in client.get(url).content.decode()


def test_the_command_asks_with_planned_or_given_days():
    given_cycle()
    done("import_template", "reports/data/template_dan_van.csv", "--code", "t", "--name", "Mẫu", "--publish")
    options = ["--template", "t", "--period", "2025-H2", "--under", "P", "--code", "k"]
    due = [f"{level}=2025-12-20" for level in LEVELS]
    done("open_cycle", *options, "--due", *due, "--official-due", "hamlet=2026-01-15")
    refused = manage("ask_official", "k", "--at", "2025-12-22T08:00:00+07:00")
    assert refused.problems[0] == "Say by when the level province owes its official figures."
    rest = ["province=2026-01-20", "district=2026-01-20", "commune=2026-01-20"]
    asked = done("ask_official", "k", "--due", *rest, "--at", "2025-12-22T08:00:00+07:00")
    assert asked.out == "k: 6 reports are asked for official figures.\n"
    assert "2026-01-15T23:59:59+07:00" in done("export_status", "k").out
