"""What an administrator looks over before the map is redrawn, at a desk and on a telephone; doing it, and taking it back."""

from __future__ import annotations

import csv

import pytest
from playwright.sync_api import Page

from reports.demo.places import COMMUNE_AFTER, PROVINCE_AFTER
from tests.browser.looking import DESK, TELEPHONE, overflow, photograph, violations
from tests.browser.pages import ADMINISTRATOR
from units.hamlets import DATA

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

_DAY = "01/01/2027"
_COMMUNE = 3  # its place among the levels
LOOK, CONFIRM = "button[name=then][value=look]", "button[name=then][value=confirm]"


def _communes() -> list[str]:
    with (DATA / "units_vn.csv").open(encoding="utf-8", newline="") as file:
        return [row["uid"] for row in csv.DictReader(file) if row["parent_uid"] == PROVINCE_AFTER and row["uid"] != COMMUNE_AFTER]


FIRST, SECOND, *_ = _communes()
WAYS = {
    "merge": {"uids": f"{COMMUNE_AFTER}, {FIRST}", "name": "Xã Hợp Nhất", "superior_uid": PROVINCE_AFTER},
    "split": {"uids": FIRST, "name_1": "Xã Thượng", "share_1": "0,4", "name_2": "Xã Hạ", "share_2": "0,6"},
    "move": {"uids": FIRST},
    "rename": {"uids": FIRST, "name": "Xã Đổi Tên"},
    "abolish": {"uids": f"{FIRST} {SECOND}"},
}


def filled_in(page: Page, kind: str) -> None:
    page.goto(f"/admin/units/reorganisation/plan/{kind}/")
    page.fill("#id_day", _DAY)
    for name, text in WAYS[kind].items():
        page.fill(f"#id_{name}", text)
    if kind == "merge":
        page.select_option("#id_level", index=_COMMUNE)


def found_wrong(page: Page, name: str) -> list[str]:
    found = []
    for width, height in (DESK, TELEPHONE):
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width}: {each}" for each in overflow(page)]
        photograph(page, f"redrawing-{name}-{width}")
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
        found += [f"{width}: {each}" for each in violations(page)]
    return found


@pytest.mark.parametrize("kind", WAYS)
def test_a_preview_shuts_nobody_out_and_fits_a_telephone(kind, page_as):
    page = page_as(ADMINISTRATOR)
    filled_in(page, kind)
    page.click(LOOK)
    page.wait_for_selector("#preview")
    assert found_wrong(page, kind) == []


def test_a_split_is_confirmed_its_models_are_handed_over_and_it_is_undone(page_as):
    page = page_as(ADMINISTRATOR)
    filled_in(page, "split")
    page.click(LOOK)
    page.wait_for_selector("#preview")
    page.click(CONFIRM)
    page.wait_for_selector(".messagelist .success")
    assert found_wrong(page, "recorded") == []
    page.click("form[action$='/undo/'] button")
    page.wait_for_selector(".messagelist .success")
    assert not page.query_selector("form[action$='/undo/']")
