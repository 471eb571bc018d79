"""Templates with their versions, indicators and texts as one table: read with every problem in its place, and written without loss.

A row is an indicator, or, where it has no code, the text that documents say in its section (without a section: the subject). A
version without either is one row that names it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reports.domain.indicators import Indicator
from reports.domain.template_file import MAX_INDICATORS, OPTIONAL, REQUIRED, cells_of, indicator_of
from units.problems import Problem, Problems, gettext_noop

HEAD = ("template", "template_name", "template_name_en", "version", "published")
COLUMNS = (*HEAD, *REQUIRED, *OPTIONAL, "text")

_CODE = re.compile(r"[-a-zA-Z0-9_]{1,60}")
_LONGEST_NAME = 200
_HIGHEST = 100_000


@dataclass(slots=True)
class WrittenVersion:
    """A version as a table has it. `lines`: where its rows stand, by what they are known by."""

    code: str
    name: str
    name_en: str
    number: int
    is_published: bool
    is_retired: bool = False
    indicators: list[Indicator] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    line: int = 0
    lines: dict[str, int] = field(default_factory=dict)

    def rows(self) -> dict[str, list[str]]:
        """The rows by what they are known by: an indicator by its code, a text by its section."""
        head = [self.code, self.name, self.name_en, str(self.number), "retired" if self.is_retired else "yes" if self.is_published else ""]
        empty = [""] * (len(REQUIRED) + len(OPTIONAL))
        rows = {text_key(section): [*head, section, *empty[1:], as_lines(text)] for section, text in sorted(self.texts.items())}
        rows |= {indicator.code: [*head, *cells_of(indicator), ""] for indicator in self.indicators}
        return rows or {text_key(""): [*head, *empty, ""]}

    def says_the_same(self, other: WrittenVersion) -> bool:
        """Have both the same indicators in the same order, and the same texts?"""
        return [row[len(HEAD) :] for row in self.rows().values()] == [row[len(HEAD) :] for row in other.rows().values()]


def text_key(section: str) -> str:
    return f"text of {section}"


def as_lines(text: str) -> str:
    """A text with plain line ends, whatever a browser sent."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def read_versions(rows: Iterable[tuple[int, Mapping[str, str]]], problems: Problems) -> list[WrittenVersion]:
    """The versions of a table in its order, each as far as it can be read."""
    versions: dict[tuple[str, int], WrittenVersion] = {}
    for line, cells in rows:
        head = _head(line, cells, problems)
        if head is None:
            continue
        version = versions.setdefault((head.code, head.number), head)
        _check_same_head(version, head, problems)
        if cells["code"].strip():
            _add_indicator(version, line, cells, problems)
        else:
            _add_text(version, line, cells, problems)
    return list(versions.values())


def problem_of_code(code: str) -> Problem | None:
    """Why a template can't go by this code; None where it can."""
    message = gettext_noop("“%(found)s” is no code: write up to 60 letters without marks, digits, - and _.")
    return None if _CODE.fullmatch(code) else Problem(message, {"found": code[:60]})


def _head(line: int, cells: Mapping[str, str], problems: Problems) -> WrittenVersion | None:
    code, name, name_en, number, published = (unicodedata.normalize("NFC", cells[column]).strip() for column in HEAD)
    before = len(problems)
    if problem := problem_of_code(code):
        problems.add(problem.at(line=line, column="template"))
    if not name:
        problems.add(Problem(gettext_noop("The cell is empty; every template has a name."), {}, line, "template_name"))
    for column, words in (("template_name", name), ("template_name_en", name_en)):
        if len(words) > _LONGEST_NAME:
            message = gettext_noop("The cell has %(length)d characters; %(longest)d are possible.")
            problems.add(Problem(message, {"length": len(words), "longest": _LONGEST_NAME}, line, column))
    if not re.fullmatch(r"[1-9][0-9]{0,4}", number):
        problems.add(Problem(gettext_noop("“%(found)s” is no number of a version: write 1, 2 …"), {"found": number[:60]}, line, "version"))
    if published not in ("yes", "retired", ""):
        message = gettext_noop("“%(found)s” is neither yes nor retired, nor empty (a draft).")
        problems.add(Problem(message, {"found": published[:60]}, line, "published"))
    if len(problems) > before:
        return None
    return WrittenVersion(code, name, name_en, int(number), published != "", published == "retired", line=line)


def _check_same_head(version: WrittenVersion, head: WrittenVersion, problems: Problems) -> None:
    pairs = zip(HEAD[1:], ("name", "name_en", "number", "is_published"), strict=True)
    for column, attribute in pairs:
        if getattr(version, attribute) != getattr(head, attribute):
            message = gettext_noop("This differs from line %(line)d, which is of the same version.")
            problems.add(Problem(message, {"line": version.line}, head.line, column))


def _add_indicator(version: WrittenVersion, line: int, cells: Mapping[str, str], problems: Problems) -> None:
    if len(version.indicators) == MAX_INDICATORS:
        problems.add(Problem(gettext_noop("A template holds at most %(most)d indicators."), {"most": MAX_INDICATORS}, line))
        return
    if cells["text"].strip():
        message = gettext_noop("A text stands in a row of its own, with its section and without a code.")
        problems.add(Problem(message, {}, line, "text"))
    indicator = indicator_of(cells, lambda problem: problems.add(problem.at(line=line)))
    if indicator.code in version.lines:
        message = gettext_noop("%(code)s: this code is taken; each indicator has its own.")
        problems.add(Problem(message, {"code": indicator.code}, line, "code"))
    version.lines.setdefault(indicator.code, line)
    version.indicators.append(indicator)


def _add_text(version: WrittenVersion, line: int, cells: Mapping[str, str], problems: Problems) -> None:
    section, text = unicodedata.normalize("NFC", cells["section"]).strip(), as_lines(cells["text"])
    filled = [column for column in (*REQUIRED, *OPTIONAL) if column not in ("section", "code") and cells[column].strip()]
    if filled:
        problems.add(Problem(gettext_noop("The cell is empty; every indicator has a code."), {}, line, "code"))
    elif text.strip():
        if text_key(section) in version.lines:
            problems.add(Problem(gettext_noop("The section “%(section)s” has its text already."), {"section": section}, line, "section"))
        version.lines.setdefault(text_key(section), line)
        version.texts[section] = text


def differing(before: WrittenVersion, after: WrittenVersion) -> Iterator[int]:
    """The lines of `after` that aren't as `before` has them; where rows are lost or in another order, its first line."""
    stand, wanted = before.rows(), after.rows()
    found = [after.lines.get(key, after.line) for key, row in wanted.items() if stand.get(key, [])[len(HEAD) :] != row[len(HEAD) :]]
    yield from found or ([] if list(stand) == list(wanted) else [after.line])
