"""A report as a Word document: what its template is filled with, and the file (domain.md §4, §5)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import override

from reports.documents.house_layouts import house_template
from reports.documents.word_template import filled
from reports.domain import outline, sentences
from reports.domain.indicators import Indicator, ValueType
from reports.models import Report
from reports.queries.declared import Figures, declared_figures
from reports.queries.paper import paper_of
from reports.wording import period_name, shown_change, shown_own, shown_total

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: documents are Vietnamese, whoever asks for them
_LANGUAGE = "vi"
#: follows the subject, which every page of figures repeats, in the house's templates and in an administrator's own
_ESTIMATED = " (số liệu ước)"
_LETTER = re.compile(r"^(?:[A-ZĐ]|[IVXLC]+|\d+)[.)-]\s+")
_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def report_document(report: Report, at: datetime, template: bytes | None = None) -> bytes:
    """The report as a Word file, by its unit's paper or by another `template`. Raises Refused where that can't be filled."""
    with override(_LANGUAGE):
        paper = paper_of(report)
        own = bytes(paper.template.content) if paper.template else None
        return filled(template or own or house_template(paper.layout), document_context(report, at))


def document_name(report: Report) -> str:
    """What the file is called, without its ending: readable in Vietnamese, and safe on any machine and in a ZIP."""
    with override(_LANGUAGE):
        return file_name(f"{report.unit.name} - {period_name(report.cycle.period)}")


def file_name(words: str) -> str:
    """Words as the name of a file: no separators, no reserved characters or names, not too long."""
    kept = "".join(letter if letter.isprintable() and letter not in '<>:"/\\|?*' else " " for letter in unicodedata.normalize("NFC", words))
    name = " ".join(kept.split()).strip(". ")[:100].strip(". ")
    return f"_{name}" if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d|", name) else name


def document_context(report: Report, at: datetime) -> dict[str, Any]:
    """What placeholders stand for (documents/word_template.py names them all)."""
    figures, paper = declared_figures(report), paper_of(report)
    texts = dict(report.cycle.version.texts.values_list("section", "text"))
    shown = {each.code: shown_figure(figures, each) for each in figures.template.indicators}
    return {
        "superior_name": paper.superior_name,
        "issuer_name": paper.issuer_name,
        "symbol": paper.symbol,
        "place_name": paper.place_name,
        "subject": _subject(report, texts, shown) + (_ESTIMATED if figures.is_estimated else ""),
        "period": period_name(report.cycle.period),
        "unit": report.unit.name,
        "authority": paper.authority,
        "post": paper.post,
        "signer": paper.signer,
        "recipients": paper.recipients,
        "is_draft": figures.is_draft,
        "draft_note": f"DỰ THẢO, chưa nộp: số liệu lúc {date_format(at.astimezone(report.cycle.zone), 'H:i d/m/Y')}",
        "body": list(_body(figures, texts, shown, period_name(report.cycle.period))),
        "annex": list(_annex(figures, shown)),
        "figures": {code: words or sentences.BLANK for code, words in shown.items()},
    }


def shown_figure(figures: Figures, indicator: Indicator) -> str:
    """A figure as it is read, empty where it is blank."""
    value = figures.value(indicator.code)
    return shown_total(indicator, value, figures.answered(indicator)) if figures.is_total(indicator) else shown_own(indicator, value)


def _in_sentence(figures: Figures, shown: dict[str, str], code: str) -> str:
    """A figure within a sentence: a count of yes is its number alone."""
    indicator = figures.template.by_code[code]
    if figures.is_total(indicator):
        return shown_total(indicator, figures.value(code))
    return shown[code]


def _subject(report: Report, texts: dict[str, str], shown: dict[str, str]) -> str:
    period = period_name(report.cycle.period)
    if said := sentences.paragraphs(texts.get("", ""), {**shown, sentences.PERIOD: period}.__getitem__):
        return " ".join(said)
    name = re.sub(r"^[Bb]áo cáo\s+", "", report.cycle.version.template.name)
    return f"{name[:1].upper()}{name[1:]} {period}"


# --- Body -------------------------------------------------------------------------------------------


def _body(figures: Figures, texts: dict[str, str], shown: dict[str, str], period: str) -> Iterator[dict[str, Any]]:
    """What is said and written, by the version's outline: a heading below which nothing follows is left out."""
    lines = outline.in_order(texts.get(outline.OUTLINE, ""), figures.template.sections)
    apart = {line.code for line in lines}
    numbers, waiting = _Numbers(), list[outline.Line]()
    depth = 0
    for place, line in enumerate(lines):
        if line.heading:
            waiting = [*(each for each in waiting if each.depth < line.depth), line]
            depth = line.depth + 1
            continue
        said = sentences.paragraphs(texts.get(line.section, ""), lambda code: _in_sentence(figures, shown, code)) if line.section else []
        words = [each for each in _words_of(figures, line, apart) if figures.own.get(each.code)]
        if not said and not words:
            continue
        yield from (numbers.heading(each.depth, each.heading.replace("{period}", period)) for each in waiting)
        waiting = []
        yield from ({"kind": "text", "text": paragraph} for paragraph in said)
        for indicator in words:
            if not (line.code and _is_alone(lines, place)):
                yield numbers.heading(depth, indicator.name_vi)
            yield from _written(indicator, figures.own[indicator.code])


def _words_of(figures: Figures, line: outline.Line, apart: set[str]) -> list[Indicator]:
    """The narratives and tables of a line: those of a section that no other line names, or the one that it names."""
    wordy = [each for each in figures.template.indicators if each.value_type in outline.WORDY]
    if line.code:
        return [each for each in wordy if each.code == line.code]
    return [each for each in wordy if each.section == line.section and each.code not in apart]


def _is_alone(lines: list[outline.Line], place: int) -> bool:
    """Is the line all that its heading has? Then it needs none of its own."""
    return all(bool(each.heading) for each in (*lines[place - 1 : place], *lines[place + 1 : place + 2]))


def _written(indicator: Indicator, value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield {"kind": "table", "columns": list(indicator.columns), "rows": value}
    else:
        yield from ({"kind": "text", "text": line.strip()} for line in str(value).splitlines() if line.strip())


class _Numbers:
    """Numbers headings: parts as they are, then I-, 1., a)."""

    def __init__(self) -> None:
        self._numbers = [0, 0, 0]

    def heading(self, depth: int, words: str) -> dict[str, Any]:
        """A heading at a depth from 0, the part, to 3; what is deeper counts as 3."""
        place = min(depth, 3) - 1
        self._numbers[place + 1 :] = [0] * (2 - place)
        if place < 0:
            return {"kind": "part", "text": words}
        self._numbers[place] += 1
        number = self._numbers[place]
        mark = (_roman(number) + "-", f"{number}.", f"{_letter(number)})")[place]
        return {"kind": f"heading{place + 1}", "text": f"{mark} {_LETTER.sub('', words)}"}


def _roman(number: int) -> str:
    found = "X" * (number // 10)
    rest = number % 10
    for value, letters in _ROMAN[1:]:
        while rest >= value:
            found, rest = found + letters, rest - value
    return found


def _letter(number: int) -> str:
    """a, b, c, d, đ, e … as Vietnamese lists are lettered; numbers after y."""
    letters = "abcdđeghiklmnopqrstuvxy"
    return letters[number - 1] if number <= len(letters) else str(number)


# --- Annex ------------------------------------------------------------------------------------------


def _annex(figures: Figures, shown: dict[str, str]) -> Iterator[dict[str, Any]]:
    section, number = "", 0
    for indicator in figures.indicators:
        if indicator.value_type in (ValueType.TEXT, ValueType.TABLE):
            continue
        if indicator.section != section:
            section = indicator.section
            yield {"is_section": True, "name": section}
        number += 1
        then = figures.year_ago(indicator.code)
        show = shown_total if figures.is_total(indicator) else shown_own
        yield {
            "is_section": False,
            "number": str(number),
            "name": indicator.name_vi,
            "unit": indicator.unit,
            "now": shown[indicator.code],
            "year_ago": show(indicator, then),
            "change": shown_change(indicator, figures.change(indicator)),
        }
