"""The pages of admin that are our own, as an administrator sees them."""

from __future__ import annotations

import pytest

from tests.browser.looking import WIDTHS, looked_over
from tests.browser.pages import ADMIN, HOUSE, NOT_PAGES, forbidden_to_all, routes, rows_in_admin

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("place", ADMIN, ids=str)
def test_a_page_shuts_nobody_out_fits_a_telephone_and_is_light(place, lang, page_as, site):
    address = place.address(site)
    if address:
        looked_over(page_as(place.username, lang), address, f"{place}-{lang}", WIDTHS[lang])


def test_every_route_is_a_page_in_the_table_or_none_with_a_reason():
    looked_at = {place.route for place in [*HOUSE, *ADMIN, *rows_in_admin()]}
    assert looked_at.isdisjoint(NOT_PAGES)
    assert set(routes()) - looked_at - NOT_PAGES.keys() == set(forbidden_to_all()) - looked_at
