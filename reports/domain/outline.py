"""The outline of a document, written in lines (domain.md §4): `# ` is a part, `## ` a heading `I-`, `### ` one `1.`, `#### ` one `a)`.

Any other line is what stands there: a section of the template by its name, or `{code}`, a narrative. What no line names comes
last, each section under a heading of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.domain.indicators import Indicator, ValueType
from units.problems import Problem, gettext_noop

#: the section under which a version keeps its outline
OUTLINE = "*"
#: what may be written or drawn up as words
WORDY = (ValueType.TEXT, ValueType.TABLE)

_HEADING = re.compile(r"(#{1,4})\s+(\S.*)")
_CODE = re.compile(r"\{\s*([^{}]*?)\s*\}")


@dataclass(frozen=True, slots=True)
class Line:
    """One of a heading (`depth` from 0, the part), a section, a narrative's code."""

    depth: int = 0
    heading: str = ""
    section: str = ""
    code: str = ""


def lines_of(text: str) -> Iterator[Line]:
    """The lines of an outline."""
    for written in filter(None, map(str.strip, text.splitlines())):
        if heading := _HEADING.fullmatch(written):
            yield Line(depth=len(heading[1]) - 1, heading=heading[2])
        elif code := _CODE.fullmatch(written):
            yield Line(code=code[1])
        else:
            yield Line(section=written)


def problems_of(text: str, by_code: Mapping[str, Indicator], sections: Collection[str]) -> Iterator[Problem]:
    """Why an outline can't be published."""
    seen: set[str] = set()
    for line in lines_of(text):
        named = line.section or line.code
        if named in seen:
            yield Problem(gettext_noop("“%(name)s” stands twice in the outline."), {"name": named[:60]})
        seen |= {named} - {""}
        if line.section and line.section not in sections:
            message = gettext_noop("“%(line)s” in the outline is neither a heading (# …) nor a section of this version nor a {code}.")
            yield Problem(message, {"line": line.section[:60]})
        if line.code and (line.code not in by_code or by_code[line.code].value_type not in WORDY):
            yield Problem(gettext_noop("“{%(code)s}” in the outline is no text and no table of this version."), {"code": line.code[:60]})


def in_order(text: str, sections: Sequence[str]) -> list[Line]:
    """The lines of an outline with the sections that it doesn't name, each under its own heading at the end.

    A section called `Công tác dân vận / Dân vận chính quyền` stands one step lower, under its first part.
    """
    lines = list(lines_of(text))
    named = {line.section for line in lines}
    above: list[str] = []
    for section in sections:
        if section in named:
            continue
        path = [part.strip() for part in section.split(" / ")]
        common = 0
        while common < min(len(path) - 1, len(above)) and path[common] == above[common]:
            common += 1
        lines += [Line(depth=depth + 1, heading=path[depth]) for depth in range(common, len(path))]
        lines.append(Line(section=section))
        above = path
    return lines
