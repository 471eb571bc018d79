from __future__ import annotations

import unicodedata

import pytest

from tests.unit_builders import succeed, tree
from units import tree as living_tree
from units.kinship import former_names
from units.models import Level, Unit
from units.names import fold, search_text, sort_key, tidy


def test_names_are_stored_composed_with_single_spaces():
    assert tidy(unicodedata.normalize("NFD", " Xã  Đồng\u00a0Văn ")) == "Xã Đồng Văn"


def test_search_forgives_marks_and_case():
    assert fold("Huyện Đồng Văn") == "huyen dong van"
    assert fold("hòa") == fold("hoà") == fold("HÒA") == "hoa"
    assert search_text("Thành phố Hà Nội", "Hanoi City") == "thanh pho ha noi hanoi city"


def test_search_text_never_outgrows_its_column():
    assert len(search_text("각" * 200, "각" * 200)) <= 420


@pytest.mark.parametrize(
    "names",
    [
        ["a", "ă", "â", "b", "c", "d", "đ", "e", "ê", "g", "i", "o", "ô", "ơ", "u", "ư", "v", "y"],
        ["ma", "mà", "mả", "mã", "má", "mạ", "mác", "mắt", "mất"],
        ["Ba Đình", "Ba Vì", "Bà Rịa", "Bắc Kạn", "Bến Tre"],
        ["Thôn 2", "Thôn 10", "Thôn An"],
        ["Hoa Lư", "Hòa An", "Hoà Bình", "Hòa Vang"],
        ["Đà Nẵng", "Đồng Văn", "Đống Đa"],
        ["Xã An", "Xã An Bình", "Xã Anh"],
    ],
)
def test_names_sort_as_in_a_vietnamese_dictionary(names):
    assert sorted(set(names), key=sort_key) == names


def test_a_sort_key_is_made_of_small_letters_and_digits_only():
    key = sort_key("Ấp Nghĩa-Huấn (số 3) Ж")
    assert key.isascii()
    assert key.isalnum()
    assert key == key.lower()


@pytest.mark.django_db
def test_every_way_of_writing_a_unit_fills_in_what_its_name_determines():
    province = tree({"P": {}})["P"]
    living_tree.save(Unit(uid="D", code="D", name=" Huyện  Đồng Văn", level=Level.objects.get(code="district"), parent=province))

    district = Unit.objects.get(uid="D")
    assert (district.name, district.search_text, district.sort_key) == ("Huyện Đồng Văn", "huyen dong van", sort_key("Huyện Đồng Văn"))
    assert (province.search_text, province.sort_key) == ("don vi p", sort_key("Đơn vị P"))
    assert [unit.uid for unit in Unit.objects.matching("DONG VAN")] == ["D"]
    assert [unit.uid for unit in Unit.objects.matching("đồng văn")] == ["D"]


@pytest.mark.django_db
def test_a_unit_is_found_by_every_name_that_its_predecessors_had_however_far_back():
    units = tree({"P": {"A": {}, "B": {}, "C": {}, "E": {}}})
    Unit.objects.filter(uid="A").update(search_text="huyen cu")
    succeed("A>B:1", on="2008-08-01")
    succeed("B>C:", on="2025-07-01")
    assert [unit.uid for unit in Unit.objects.matching("huyện cũ")] == ["A", "B", "C"]
    assert [unit.uid for unit in former_names([units["C"].pk, units["E"].pk])[units["C"].pk]] == ["B", "A"]
