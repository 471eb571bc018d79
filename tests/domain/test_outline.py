"""The outline of a document."""

from __future__ import annotations

import pytest

from reports.domain import outline
from reports.domain.outline import Line
from tests.domain.builders import indicator

BY_CODE = {each.code: each for each in (indicator("a", section="A"), indicator("uu", "text", section="B"))}


def problems(text: str) -> list[str]:
    return [problem.message % problem.params for problem in outline.problems_of(text, BY_CODE, {"A", "B"})]


def test_headings_sections_and_narratives_are_told_apart() -> None:
    text = "# Phần thứ nhất\n\n## Tình hình\nA\n  {uu} \n#### Nhỏ"
    assert list(outline.lines_of(text)) == [
        Line(depth=0, heading="Phần thứ nhất"),
        Line(depth=1, heading="Tình hình"),
        Line(section="A"),
        Line(code="uu"),
        Line(depth=3, heading="Nhỏ"),
    ]
    assert problems(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A\nA", "“A” stands twice in the outline."),
        ("{uu}\n{uu}", "“uu” stands twice in the outline."),
        ("C", "“C” in the outline is neither a heading (# …) nor a section of this version nor a {code}."),
        ("{a}", "“{a}” in the outline is no text and no table of this version."),
        ("{b}", "“{b}” in the outline is no text and no table of this version."),
        ("##### x", "“##### x” in the outline is neither a heading (# …) nor a section of this version nor a {code}."),
    ],
)
def test_an_outline_of_what_is_not_there_is_refused(text: str, said: str) -> None:
    assert problems(text) == [said]


def test_what_an_outline_does_not_name_comes_last_under_its_own_headings() -> None:
    assert outline.in_order("## Đầu\nB", ["A", "B", "C / D", "C / E"]) == [
        Line(depth=1, heading="Đầu"),
        Line(section="B"),
        Line(depth=1, heading="A"),
        Line(section="A"),
        Line(depth=1, heading="C"),
        Line(depth=2, heading="D"),
        Line(section="C / D"),
        Line(depth=2, heading="E"),
        Line(section="C / E"),
    ]
