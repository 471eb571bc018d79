"""Every page of the house outside of admin, as the one whose page it is sees it."""

from __future__ import annotations

import pytest

from tests.browser.looking import looked_over
from tests.browser.pages import HOUSE

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("place", HOUSE, ids=str)
def test_a_page_shuts_nobody_out_fits_a_telephone_and_is_light(place, lang, page_as, site):
    looked_over(page_as(place.username, lang), place.address(site), f"{place}-{lang}")
