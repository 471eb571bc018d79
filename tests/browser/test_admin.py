"""The pages of admin that are our own, as an administrator sees them."""

from __future__ import annotations

import pytest

from tests.browser.looking import Lines, at_first_sight, looked_over
from tests.browser.pages import ADMIN, ADMINISTRATOR, HOUSE, NOT_PAGES, forbidden_to_all, models_in_admin, routes, rows_in_admin

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("place", ADMIN, ids=str)
def test_a_page_shuts_nobody_out_fits_a_telephone_and_is_light(place, lang, page_as, site):
    looked_over(page_as(place.username, lang), place.address(site), f"{place}-{lang}")


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("model", models_in_admin())
def test_the_pages_of_a_models_rows_shut_nobody_out_fit_a_telephone_and_are_light(model, lang, page_as, site):
    page = page_as(ADMINISTRATOR, lang)
    lines = Lines(page)
    found = {place.route: at_first_sight(page, lines, place.address(site), f"{place}-{lang}") for place in rows_in_admin(model)}
    assert {route: problems for route, problems in found.items() if problems} == {}


def test_every_route_is_a_page_in_the_table_or_none_with_a_reason():
    of_rows = [place for model in models_in_admin() for place in rows_in_admin(model)]
    looked_at = {place.route for place in [*HOUSE, *ADMIN, *of_rows]}
    assert looked_at.isdisjoint(NOT_PAGES)
    assert set(routes()) - looked_at - NOT_PAGES.keys() == set(forbidden_to_all()) & set(routes())
