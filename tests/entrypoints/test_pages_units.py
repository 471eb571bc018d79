"""A unit then and now: its page, the search that finds an old name, and trends that bridge the day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reports.queries.trends import cycles_alike, reports_in, trend
from reports.services import rolling_up
from tests.builders import Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.pages import english, looked_at, text_of
from tests.unit_builders import HEADER, load_csv
from units.models import Succession, Unit

pytestmark = pytest.mark.django_db

LEVELS = "province|commune|hamlet"
DAY = date(2025, 7, 1)


def unit(uid: str) -> Unit:
    return Unit.objects.get(uid=uid)


def given_redrawn_halves() -> tuple[Play, Play]:
    """2025-H1 of A > A1, A2 and of B; since July N > N1, N2 with 2025-H2: A went whole and with its hamlets, of B a quarter."""
    version = given_template(indicator("a", levels=LEVELS), indicator("r", "percent", levels=LEVELS, formula="a / 100"))
    load_csv(
        HEADER,
        "P,,Tỉnh P,province,,,",
        "A,,Xã Lũng Cũ,commune,P,,2025-06-30",
        "B,,Xã Bản Cũ,commune,P,,2025-06-30",
        *(f"A{n},,Thôn {n},hamlet,A,,2025-06-30" for n in (1, 2)),
        "N,,Xã Mới,commune,P,2025-07-01,",
        *(f"N{n},,Thôn {n},hamlet,N,2025-07-01," for n in (1, 2)),
    )
    for old, new, share in (("A", "N", "1"), ("B", "N", "0.25"), ("A1", "N1", "1"), ("A2", "N2", "1")):
        Succession.objects.create(predecessor=unit(old), successor=unit(new), effective_on=DAY, share=Decimal(share))
    before = given_cycle(version, {}, under=["P"])
    for uid, a in (("A1", "3"), ("A2", "4"), ("A", "10"), ("B", "8")):
        before.hand_in(uid, a=a)
    after = given_cycle(version, {}, under=["P"], period="2025-H2", due=date(2025, 12, 18), opened=at("2025-12-10 12:00"))
    after.hand_in("N1", a="1")
    rolling_up.drain_all([before.cycle.pk, after.cycle.pk])
    return before, after


def trend_of(play: Play, uid: str, code: str = "a") -> list[Any]:
    report = play.report(uid)
    cycles = cycles_alike(play.cycle)
    return trend(report, code, cycles, reports_in(type(report).objects.all(), cycles, [report.unit_id]))


def test_a_trend_bridges_the_day_with_what_the_predecessors_reported() -> None:
    _before, after = given_redrawn_halves()
    then, now = trend_of(after, "N")
    assert (then.value, then.is_restated, then.total.counted, then.total.expected, then.answered) == (19, True, 4, 4, 4)
    assert (now.value, now.is_restated) == (1, False)
    assert trend_of(after, "N1")[0].value == 3
    assert trend_of(after, "N", "r")[0].value == 19
    assert [each.is_restated for each in trend_of(after, "P")] == [False, False]


def test_the_dashboard_marks_what_is_restated() -> None:
    _before, after = given_redrawn_halves()
    with looked_at(at("2025-12-12 09:00")):
        page = english(given_user("lan", N="viewer")).get(f"/dashboards/{after.report('N').pk}/indicators/")
    assert "from its predecessors" in text_of(page)
    assert "A star marks what the unit" in page.content.decode()


def page_of(client: Client, uid: str) -> Any:
    return client.get(reverse("reports:unit", args=[unit(uid).pk]))


def test_a_unit_shows_what_it_was_made_of_and_what_became_of_it() -> None:
    before, after = given_redrawn_halves()
    officer = english(given_user("lan", P="viewer"))
    new = text_of(page_of(officer, "N"))
    assert "Xã Lũng Cũ , Tỉnh P – whole, as of" in new
    assert "Xã Bản Cũ , Tỉnh P – 0.25 of it, as of" in new
    old = page_of(officer, "A")
    assert "Xã Mới , Tỉnh P – whole, as of" in text_of(old)
    assert reverse("reports:unit", args=[unit("N").pk]) in old.content.decode()
    assert reverse("reports:report", args=[before.report("A").pk]) in old.content.decode()
    assert reverse("reports:report", args=[after.report("N").pk]) not in old.content.decode()


def test_a_unit_out_of_reach_does_not_exist_and_its_kin_are_named_without_a_link() -> None:
    given_redrawn_halves()
    officer = english(given_user("lan", N="preparer"))
    page = page_of(officer, "N")
    assert "Xã Lũng Cũ" in text_of(page)
    assert reverse("reports:unit", args=[unit("A").pk]) not in page.content.decode()
    assert [page_of(officer, uid).status_code for uid in ("N1", "A", "B", "P")] == [200, 404, 404, 404]
    assert page_of(Client(), "N").status_code == 302


def test_the_board_finds_a_unit_by_the_name_of_a_predecessor() -> None:
    _before, after = given_redrawn_halves()
    officer = english(given_user("lan", P="reviewer"))
    with looked_at(at("2025-12-12 09:00")):
        found = text_of(officer.get(f"/reports/{after.report('P').pk}/below/?text=lung+cu"))
        nothing = text_of(officer.get(f"/reports/{after.report('P').pk}/below/?text=khong+co"))
    assert "formerly Xã Lũng Cũ" in found
    assert "formerly" not in nothing
    assert "No unit fits this search." in nothing


def test_search_in_admin_finds_the_old_name_with_the_new_unit(admin: Client) -> None:
    given_redrawn_halves()
    assert [each.uid for each in Unit.objects.matching("lung cu")] == ["A", "N"]
    answer = admin.get(
        reverse("admin:autocomplete"), {"term": "lung cu", "app_label": "units", "model_name": "unit", "field_name": "parent"}
    )
    texts = [each["text"] for each in answer.json()["results"]]
    assert any("Xã Mới, Tỉnh P (N)" in text and "Xã Lũng Cũ" in text for text in texts)
