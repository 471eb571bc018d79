"""Sentences with figures in them: `Tổ chức {dt_dinh_ky} cuộc đối thoại định kỳ[, {dt_dot_xuat} cuộc đột xuất].`

A line is a paragraph. A paragraph none of whose figures is known is left out; so is a part in `[ ]` with a figure that is blank.
Any other blank figure is printed as dots, for a person to fill in or to strike out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from reports.domain.indicators import Indicator, ValueType
from units.problems import Problem, gettext_noop

BLANK = "……"
#: what may stand in braces in the subject of a report, beside codes
PERIOD = "period"
MAX_LENGTH = 10_000

_PLACE = re.compile(r"\{([^{}]*)\}")
_PART = re.compile(r"\[([^\[\]]*)\]")


def codes_in(text: str) -> list[str]:
    """What stands in braces, in order."""
    return [place.strip() for place in _PLACE.findall(text)]


def problems_of(text: str, by_code: Mapping[str, Indicator], *, is_subject: bool = False) -> Iterator[Problem]:
    """Why a text with figures can't be published, each with what is wrong in it."""
    if len(text) > MAX_LENGTH:
        yield Problem(gettext_noop("A text with figures has at most %(most)d characters."), {"most": MAX_LENGTH})
    for line in text.splitlines():
        if re.search(r"[{}]", _PLACE.sub("", line)):
            yield Problem(gettext_noop("“%(line)s”: each { needs its }, with a code between them."), {"line": line[:60]})
        if re.search(r"[\[\]]", _PART.sub("", line)):
            yield Problem(gettext_noop("“%(line)s”: each [ needs its ], in one paragraph and not one in another."), {"line": line[:60]})
        for part in _PART.findall(line):
            if not codes_in(part):
                yield Problem(gettext_noop("“[%(part)s]” holds no figure on which it could depend."), {"part": part[:60]})
    for code in dict.fromkeys(codes_in(text)):
        if is_subject and code == PERIOD:
            continue
        if code not in by_code:
            yield Problem(gettext_noop("“{%(code)s}”: there is no such indicator in this version."), {"code": code[:60]})
        elif by_code[code].value_type in (ValueType.TEXT, ValueType.TABLE):
            yield Problem(gettext_noop("“{%(code)s}” is a text or a table, and no figure for a sentence."), {"code": code})


def paragraphs(text: str, shown: Callable[[str], str]) -> list[str]:
    """The paragraphs of a sound text. `shown` gives a code's figure as it is read, empty where it is blank."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        codes = codes_in(line)
        if not codes or any(map(shown, codes)):
            kept = _PART.sub(lambda part: part[1] if all(map(shown, codes_in(part[1]))) else "", line)
            found.append(_PLACE.sub(lambda place: shown(place[1].strip()) or BLANK, kept).strip())
    return found
