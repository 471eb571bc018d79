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
from reports.domain import sentences
from reports.domain.indicators import Indicator, ValueType
from reports.models import Report
from reports.queries.declared import Figures, declared_figures
from reports.queries.paper import paper_of
from reports.wording import period_name, shown_change, shown_own, shown_total

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#: documents are Vietnamese, whoever asks for them
_LANGUAGE = "vi"
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
        "subject": _subject(report, texts, shown),
        "period": period_name(report.cycle.period),
        "unit": report.unit.name,
        "authority": paper.authority,
        "post": paper.post,
        "signer": paper.signer,
        "recipients": paper.recipients,
        "is_draft": figures.is_draft,
        "draft_note": f"DỰ THẢO, chưa nộp: số liệu lúc {date_format(at.astimezone(report.cycle.zone), 'H:i d/m/Y')}",
        "body": list(_body(figures, texts, shown)),
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


def _body(figures: Figures, texts: dict[str, str], shown: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The template's sections as `I-`, what is written in them as `1.`: those of which there is nothing to say are left out.

    A section called `Công tác dân vận / Dân vận chính quyền` stands one step lower, under its first part.
    """
    outline = _Outline()
    for section in figures.template.sections:
        said = sentences.paragraphs(texts.get(section, ""), lambda code: _in_sentence(figures, shown, code))
        written = [each for each in _words_of(figures, section) if figures.own.get(each.code)]
        if not said and not written:
            continue
        path = [part.strip() for part in section.split(" / ")]
        yield from outline.enter(path)
        yield from ({"kind": "text", "text": words} for words in said)
        for indicator in written:
            yield outline.heading(len(path), indicator.name_vi)
            yield from _written(indicator, figures.own[indicator.code])


def _words_of(figures: Figures, section: str) -> list[Indicator]:
    wordy = (ValueType.TEXT, ValueType.TABLE)
    return [each for each in figures.template.indicators if each.section == section and each.value_type in wordy]


def _written(indicator: Indicator, value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield {"kind": "table", "columns": list(indicator.columns), "rows": value}
    else:
        yield from ({"kind": "text", "text": line.strip()} for line in str(value).splitlines() if line.strip())


class _Outline:
    """Numbers headings: I-, 1., a)."""

    def __init__(self) -> None:
        self._numbers = [0, 0, 0]
        self._path: list[str] = []

    def enter(self, path: list[str]) -> Iterator[dict[str, Any]]:
        """Headings for the parts of a path that are not open yet."""
        common = 0
        while common < min(len(path) - 1, len(self._path)) and path[common] == self._path[common]:
            common += 1
        for depth in range(common, len(path)):
            yield self.heading(depth, path[depth])
        self._path = path

    def heading(self, depth: int, words: str) -> dict[str, Any]:
        depth = min(depth, 2)
        self._numbers[depth] += 1
        self._numbers[depth + 1 :] = [0] * (2 - depth)
        number = self._numbers[depth]
        mark = (_roman(number) + "-", f"{number}.", f"{_letter(number)})")[depth]
        return {"kind": f"heading{depth + 1}", "text": f"{mark} {_LETTER.sub('', words)}"}


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
