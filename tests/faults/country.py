"""The cycle that the fault suite plays: two provinces down to sixty hamlets, with the days and the accounts of a real one."""

from __future__ import annotations

from datetime import date

from tests.builders import LEVELS, Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator

#: a Monday, on which hamlets are due: what the site takes for now as it starts
BEGINS_AT = at("2025-06-16 09:00")
ALL = "|".join(LEVELS)
#: the text cell in which every save leaves its token (tests/faults/clients.py)
TOKEN_CELL = "ghi_chu"
CODE = "bao"
DUES = {"hamlet": date(2025, 6, 16), "commune": date(2025, 6, 18), "district": date(2025, 6, 20), "province": date(2025, 6, 25)}
COMMUNES = [f"C{province}{district}{commune}" for province in "PQ" for district in "12" for commune in "123"]
OUTLINE = {
    province: {
        f"D{province}{district}": {
            commune: [f"H{commune[1:]}{hamlet}" for hamlet in "12345"] for commune in COMMUNES if commune[1:3] == province + district
        }
        for district in "12"
    }
    for province in "PQ"
}
#: users of the pages, each at their own unit; hamlets but the first of a commune have no accounts, and the commune fills in for them
OFFICERS = {
    **{commune.lower(): {commune: "preparer approver reviewer"} for commune in COMMUNES},
    **{f"h{commune[1:].lower()}1": {f"H{commune[1:]}1": "preparer approver"} for commune in COMMUNES},
    **{f"d{place.lower()}": {f"D{place}": "preparer approver reviewer"} for place in ("P1", "P2", "Q1", "Q2")},
    "p": {"P": "preparer approver reviewer cycle_manager"},
    "q": {"Q": "preparer approver reviewer cycle_manager"},
}
PASSWORD = "mot mat khau dai"


def given_country() -> Play:
    """Opened on the tenth; one working day to review and to correct; in every commune two hamlets have submitted, one is accepted."""
    version = given_template(
        indicator("a", levels=ALL),
        indicator("m", "decimal", levels=ALL, up="mean", time="mean"),
        indicator(TOKEN_CELL, "text", levels=ALL),
    )
    play = given_cycle(version, OUTLINE, dues=DUES, code=CODE, review_days=1, correction_days=1)
    for name, roles in OFFICERS.items():
        given_user(name, **roles)
    for commune in COMMUNES:
        first, second = (f"H{commune[1:]}{hamlet}" for hamlet in "23")
        play.save(first, a="10", m="2")
        play.save(second, a="20", m="3")
        play.submit(first, second)
        play.accept(first)
    assert play.now < BEGINS_AT
    return play
