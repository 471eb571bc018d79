"""The worked example of semantics §5, literally."""

from __future__ import annotations

import pytest

from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator

CODES = ("hg_tiep_nhan", "hg_thanh", "ty_le_hg_thanh", "co_to_dan_van", "so_thon", "diem_thon")


@pytest.fixture
def commune(db: None) -> Play:
    version = given_template(
        indicator("hg_tiep_nhan", levels="hamlet|commune", up="leaf_sum"),
        indicator("hg_thanh", levels="hamlet|commune", up="leaf_sum"),
        indicator("ty_le_hg_thanh", "percent", formula="hg_thanh / hg_tiep_nhan", levels="hamlet|commune"),
        indicator("co_to_dan_van", "boolean", levels="hamlet"),
        indicator("so_thon", levels="commune"),
        indicator("diem_thon", "decimal", levels="hamlet", up="mean", time="last"),
    )
    play = given_cycle(version)
    play.hand_in("H1", hg_tiep_nhan="4", hg_thanh="3", co_to_dan_van="yes", diem_thon="82.5")
    play.hand_in("H2", hg_tiep_nhan="0", co_to_dan_van="no")
    play.save("H3", hg_tiep_nhan="10", hg_thanh="1", co_to_dan_van="yes", diem_thon="90")
    play.submit("H3")
    play.save("C", so_thon="3")
    return play


def line(play: Play, read: object, uid: str) -> list[str]:
    return [read(uid, code) for code in CODES]  # type: ignore[operator]


def test_each_hamlet_shows_its_own_values(commune: Play) -> None:
    assert line(commune, commune.both, "H1") == ["4", "3", "75", "1", "", "82.5"]
    assert line(commune, commune.both, "H2") == ["0", "", "", "0", "", ""]
    assert line(commune, commune.both, "H3") == ["10", "1", "10", "1", "", "90"]


def test_the_total_of_the_commune_while_it_is_a_draft_holds_the_accepted_hamlets_alone(commune: Play) -> None:
    assert line(commune, commune.total, "C") == ["4", "3", "75", "1", "", "82.5"]
    assert commune.answered("C", "co_to_dan_van") == 2
    assert commune.answered("C", "ty_le_hg_thanh") is None


def test_both_of_the_commune_while_it_is_a_draft_adds_its_own_figures(commune: Play) -> None:
    assert line(commune, commune.both, "C") == ["4", "3", "75", "1", "3", "82.5"]


def test_the_total_once_the_commune_and_hamlet_3_are_accepted(commune: Play) -> None:
    commune.accept("H3")
    commune.submit("C")
    commune.accept("C")
    assert line(commune, commune.total, "C") == ["14", "4", "28.571428571429", "2", "3", "86.25"]
    assert commune.answered("C", "co_to_dan_van") == 3


def test_a_hamlet_counts_in_the_province_while_commune_and_district_still_write(commune: Play) -> None:
    assert line(commune, commune.total, "P") == ["4", "3", "75", "1", "", "82.5"]
