"""Formulas in a spreadsheet against the house's own evaluation, computed by LibreOffice: many cases, one conversion."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from reports.domain.formulas import compile_formula
from reports.domain.sheet_formulas import TooLong, Words, spreadsheet_formula
from tests.domain.builders import indicator
from tests.office import needs_office, saved_by_office

WORDS = Words("Có", "Không", lambda code: {"tot": "Tốt", "kha": 'Kh"á'}[code])
INPUTS = {
    **{code: indicator(code, "decimal", negative=True) for code in "abc"},
    **{code: indicator(code, "boolean") for code in "pq"},
    "x": indicator("x", "choice", choices="tot|kha"),
}
CELLS = {code: place for place, code in enumerate([*INPUTS])}
CASES = 400


def number(chance: random.Random, depth: int) -> str:
    pick = chance.randrange(12 if depth else 3)
    if pick < 2:
        return chance.choice("abc")
    if pick == 2:
        return chance.choice(["0", "1", "3", "0.5", "0.1", "100"])
    parts = [number(chance, depth - 1) for _ in range(3)]
    if pick < 7:
        return f"({parts[0]} {chance.choice('+-*/')} {parts[1]} {chance.choice('+-*/')} {parts[2]})"
    if pick < 8:
        return f"-{parts[0]}"
    if pick < 10:
        return f"{chance.choice(['min', 'max', 'coalesce'])}({', '.join(parts)})"
    return f"if({truth(chance, depth - 1)}, {parts[0]}, {parts[1]})"


def truth(chance: random.Random, depth: int) -> str:
    pick = chance.randrange(9 if depth else 3)
    if pick == 0:
        return chance.choice("pq")
    if pick == 1:
        return f"x {chance.choice(['==', '!='])} '{chance.choice(['tot', 'kha'])}'"
    if pick < 5:
        left, right = number(chance, max(depth - 1, 0)), number(chance, max(depth - 1, 0))
        return f"({left} {chance.choice(['==', '!=', '<', '<=', '>', '>='])} {right})"
    left, right = truth(chance, depth - 1), truth(chance, depth - 1)
    return [f"({left} and {right})", f"({left} or {right})", f"(not {left})", f"coalesce({left}, {right})"][pick - 5]


def inputs(chance: random.Random) -> dict[str, Any]:
    words: dict[str, list[Any]] = {"boolean": [None, True, False], "choice": [None, "tot", "kha"]}
    numbers: list[Any] = [None, 0, 1, -2, 7, 100, Fraction(1, 10), Fraction(5, 4), Fraction("12.34")]
    return {code: chance.choice(words.get(each.value_type, numbers))
            for code, each in INPUTS.items()}  # fmt: skip


def shown(value: Any) -> Any:
    if isinstance(value, bool):
        return WORDS.yes if value else WORDS.no
    return WORDS.choice(value) if isinstance(value, str) else None if value is None else float(value)


def cell_at(row: int, code: str) -> str:
    return f"{chr(65 + CELLS[code])}{row + 1}"


@needs_office
def test_libreoffice_computes_what_the_house_computes(tmp_path: Path) -> None:
    chance = random.Random(5)
    computed = [indicator("n", "decimal", formula="a"), indicator("t", "boolean", formula="p"), indicator("w", "percent", formula="a")]
    expected = []
    with xlsxwriter.Workbook(tmp_path / "cases.xlsx") as book:
        sheet = book.add_worksheet()
        for row in range(CASES):
            target = computed[row % 3]
            text = truth(chance, 3) if target.code == "t" else number(chance, 3)
            formula, values = compile_formula(text), inputs(chance)
            for code, value in values.items():
                if value is not None:
                    sheet.write(row, CELLS[code], shown(value))
            if target.code != "t" and formula.codes & {"p", "q"}:
                continue  # yes/no is a number to a formula on totals, and truth to one in the unit
            result = formula.evaluate(values.get)
            if result is not None and target.code == "w":
                result *= 100
            written = spreadsheet_formula(target, formula, partial(cell_at, row), INPUTS.__getitem__, WORDS)
            sheet.write_formula(row, 10, written)
            expected.append((row, text, values, shown(result)))
    computed_by_office = saved_by_office(tmp_path / "cases.xlsx", "ods")
    rows = CalamineWorkbook.from_path(computed_by_office).get_sheet_by_index(0).to_python(skip_empty_area=False)
    wrong = [
        (text, values, want, found)
        for row, text, values, want in expected
        if (found := rows[row][10] if len(rows[row]) > 10 else "") != ("" if want is None else want)
        and not (isinstance(want, float) and isinstance(found, float) and abs(found - want) <= 1e-9 * max(1, abs(want)))
    ]
    assert wrong == []
    assert sum(want is None for *_, want in expected) < len(expected) / 2 > 100


def test_a_formula_that_no_spreadsheet_takes_is_told_apart() -> None:
    target = indicator("n", "decimal", formula="a")
    long, deep = "+".join(["a"] * 900), "coalesce(" + ",".join(["a"] * 100) + ")"
    for text in (long, deep):
        with pytest.raises(TooLong):
            spreadsheet_formula(target, compile_formula(text), lambda code: "$D$12", INPUTS.__getitem__, WORDS)


def test_what_has_no_cell_is_blank() -> None:
    target = indicator("n", "percent", formula="a")
    assert (
        spreadsheet_formula(target, compile_formula("a / 2"), lambda code: None, INPUTS.__getitem__, WORDS) == '=IFERROR(100*(NA()/2),"")'
    )
