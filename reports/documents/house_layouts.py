"""The house's own document templates, Word files with placeholders as an administrator would make them (documents/word_template.py).

Measures: Party documents by Guidance 05-HD/VPTW of 27 May 2026, State documents by Decree 30/2020, Annex I.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from reports.models import PaperStyle

FONT = "Times New Roman"
#: between the margins of both layouts
WIDTH = 165.0
GAP = "\u00a0" * 6
#: the last paragraph stays on the page of the signature: none signs an empty sheet
_LAST = "Body Text 2"
#: the heading of a part, in the middle of the line
_PART = "Heading 4"
_DRAFT = "{% if is_draft %}{{ draft_note }}{% endif %}"


@dataclass(frozen=True, slots=True)
class Measures:
    """Points for sizes and pitches, millimetres for widths."""

    left: float
    motto: tuple[tuple[str, float], ...]
    #: as long as the last line of the motto, in its size
    motto_rule: float
    head: float
    number: str
    place: float
    title: float
    subject: float
    body: float
    first_line: float
    #: exact, or 0 for single
    pitch: float
    recipients_label: float
    recipients: float
    is_party: bool


PARTY = Measures(
    left=80,
    motto=(("ĐẢNG CỘNG SẢN VIỆT NAM", 15),),
    motto_rule=72.9,
    head=14,
    number=f"Số{GAP}-BC/{{{{ symbol }}}}",
    place=14,
    title=16,
    subject=14,
    body=14,
    first_line=10,
    pitch=18,
    recipients_label=14,
    recipients=12,
    is_party=True,
)
STATE = Measures(
    left=65,
    motto=(("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 13), ("Độc lập - Tự do - Hạnh phúc", 14)),
    motto_rule=60.5,
    head=13,
    number=f"Số:{GAP}/BC-{{{{ symbol }}}}",
    place=14,
    title=14,
    subject=14,
    body=14,
    first_line=10,
    pitch=0,
    recipients_label=12,
    recipients=11,
    is_party=False,
)
MEASURES = {PaperStyle.Layout.PARTY: PARTY, PaperStyle.Layout.STATE: STATE}


@lru_cache(maxsize=2)
def house_template(layout: PaperStyle.Layout) -> bytes:
    """The Word file of a layout, with placeholders: what documents are made from, and what an administrator begins with."""
    measures = MEASURES[layout]
    document = Document()
    _page(document, measures)
    _styles(document, measures)
    _head(document, measures)
    _title(document, measures)
    _body(document)
    _foot(document, measures)
    _annex(document, measures)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


# --- Page and styles --------------------------------------------------------------------------------


def _page(document: Any, measures: Measures) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = Mm(20), Mm(20), Mm(30), Mm(15)
    section.header_distance = section.footer_distance = Mm(10)
    section.different_first_page_header_footer = True
    number = section.header.paragraphs[0]
    number.alignment = ALIGN.CENTER
    _field(number.add_run(), "PAGE", measures.body)
    for header in (section.header, section.first_page_header):
        draft = header.paragraphs[0] if header is section.first_page_header else header.add_paragraph()
        draft.alignment = ALIGN.RIGHT
        _run(draft, _DRAFT, 11, bold=True)
    core = document.core_properties
    core.author, core.comments, core.title = "", "", "{{ subject }}"


def _styles(document: Any, measures: Measures) -> None:
    normal = document.styles["Normal"]
    _font(normal, measures.body)
    normal.element.get_or_add_rPr().append(_element("w:lang", val="vi-VN", eastAsia="vi-VN"))
    normal.paragraph_format.space_before = normal.paragraph_format.space_after = Pt(0)
    normal.paragraph_format.line_spacing = 1
    body = document.styles["Body Text"]
    _font(body, measures.body)
    body.paragraph_format.alignment = ALIGN.JUSTIFY
    body.paragraph_format.first_line_indent = Mm(measures.first_line)
    body.paragraph_format.space_before, body.paragraph_format.space_after = Pt(6), Pt(0)
    body.paragraph_format.widow_control = True
    if measures.pitch:
        body.paragraph_format.line_spacing_rule, body.paragraph_format.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(measures.pitch)
    else:
        body.paragraph_format.line_spacing = 1
    last = document.styles[_LAST]
    last.base_style = body
    _font(last, measures.body)
    form = last.paragraph_format
    form.keep_with_next, form.line_spacing, form.space_after = True, body.paragraph_format.line_spacing, Pt(0)
    for name, bold, italic in (("Heading 1", True, False), ("Heading 2", True, False), ("Heading 3", True, True), (_PART, True, False)):
        heading = document.styles[name]
        heading.base_style = body
        _font(heading, measures.body)
        heading.font.bold, heading.font.italic = bold, italic
        heading.paragraph_format.space_before, heading.paragraph_format.space_after = Pt(6), Pt(0)
        heading.paragraph_format.keep_with_next = True
    part = document.styles[_PART].paragraph_format
    part.alignment, part.first_line_indent, part.space_before = ALIGN.CENTER, Pt(0), Pt(12)


def _font(style: Any, size: float) -> None:
    style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(size), RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)


# --- Parts ------------------------------------------------------------------------------------------


def _head(document: Any, measures: Measures) -> None:
    left, right = measures.left, WIDTH - measures.left
    table = _table(document, (left, right), rows=2)
    issuer, motto = table.cell(0, 0), table.cell(0, 1)
    _line(issuer, "{{ superior_name }}", measures.head, caps=True, first=True)
    _line(issuer, "{{ issuer_name }}", measures.head, bold=True, caps=True)
    if measures.is_party:
        _line(issuer, "*", measures.head)
    else:
        _rule(issuer, left, left * 0.4)
    for place, (words, size) in enumerate(measures.motto):
        _line(motto, words, size, bold=True, first=place == 0)
    _rule(motto, right, measures.motto_rule)
    _line(table.cell(1, 0), measures.number, measures.head, first=True)
    day = f"{{{{ place_name }}}}, ngày{GAP}tháng{GAP}năm{GAP}"
    _line(table.cell(1, 1), day, measures.place, italic=True, first=True)
    if not measures.is_party:
        for cell in table.rows[1].cells:
            cell.paragraphs[0].paragraph_format.space_before = Pt(6)


def _title(document: Any, measures: Measures) -> None:
    _centred(document, "BÁO CÁO", measures.title, bold=True, before=18)
    _centred(document, "{{ subject }}", measures.subject, bold=True)
    if measures.is_party:
        _centred(document, "-----", measures.subject, after=6)
    else:
        _rule(document, WIDTH, WIDTH / 3, after=6)


def _body(document: Any) -> None:
    for tag, style in (
        ("{%p for part in body %}", ""),
        ("{%p if part.kind == 'part' %}", ""),
        ("{{ part.text }}", _PART),
        ("{%p elif part.kind == 'heading1' %}", ""),
        ("{{ part.text }}", "Heading 1"),
        ("{%p elif part.kind == 'heading2' %}", ""),
        ("{{ part.text }}", "Heading 2"),
        ("{%p elif part.kind == 'heading3' %}", ""),
        ("{{ part.text }}", "Heading 3"),
        ("{%p elif part.kind == 'text' and not loop.last %}", ""),
        ("{{ part.text }}", "Body Text"),
        ("{%p elif part.kind == 'text' %}", ""),
        ("{{ part.text }}", _LAST),
        ("{%p elif part.kind == 'table' %}", ""),
    ):
        document.add_paragraph(tag, style=style or None)
    table = _table(document, (WIDTH / 3,) * 3, rows=4, lines=True)
    for cell, words in zip(table.rows[0].cells, ("{%tc for name in part.columns %}", "{{ name }}", "{%tc endfor %}"), strict=True):
        _line(cell, words, 12, bold=True, first=True)
    _line(table.cell(1, 0), "{%tr for row in part.rows %}", 12, first=True)
    for cell, words in zip(table.rows[2].cells, ("{%tc for words in row %}", "{{ words }}", "{%tc endfor %}"), strict=True):
        _line(cell, words, 12, first=True, align=ALIGN.LEFT)
    _line(table.cell(3, 0), "{%tr endfor %}", 12, first=True)
    for tag in ("{%p endif %}", "{%p endfor %}"):
        document.add_paragraph(tag)


def _foot(document: Any, measures: Measures) -> None:
    spacer = document.add_paragraph()
    spacer.paragraph_format.keep_with_next = True
    table = _table(document, (75, WIDTH - 75), rows=1)
    row = table.rows[0]._tr.get_or_add_trPr()
    row.append(_element("w:cantSplit"))
    left, right = table.rows[0].cells
    label = left.paragraphs[0]
    if measures.is_party:
        _run(label, "Nơi nhận", measures.recipients_label, underline=True)
        _run(label, ":", measures.recipients_label)
    else:
        _run(label, "Nơi nhận:", measures.recipients_label, bold=True, italic=True)
    for words in ("{%p for line in recipients %}", "- {{ line }}", "{%p endfor %}"):
        _line(left, words, measures.recipients, align=ALIGN.LEFT)
    _line(right, "{{ authority }}", 14, bold=True, caps=True, first=True)
    _line(right, "{{ post }}", 14, bold=not measures.is_party, caps=not measures.is_party)
    for _ in range(4):
        _line(right, "", 14)
    _line(right, "{{ signer }}", 14, bold=True)


def _annex(document: Any, measures: Measures) -> None:
    title = _centred(document, "PHỤ LỤC SỐ LIỆU", measures.subject, bold=True)
    title.paragraph_format.page_break_before = True
    _centred(document, "{{ subject }}", measures.subject, bold=True)
    # the number of the report is written by hand, here as on its first page
    _centred(document, f"(Kèm theo Báo cáo {measures.number} của {{{{ issuer_name }}}})", measures.body, italic=True, after=6)
    widths = (13.0, 66.0, 24.0, 22.0, 22.0, 18.0)
    table = _table(document, widths, rows=7, lines=True)
    heads = ("STT", "Chỉ tiêu", "Đơn vị tính", "Kỳ này", "Cùng kỳ năm trước", "So sánh")
    for cell, words in zip(table.rows[0].cells, heads, strict=True):
        _line(cell, words, 12, bold=True, first=True)
    table.rows[0]._tr.get_or_add_trPr().append(_element("w:tblHeader"))
    for number, tag in ((1, "{%tr for row in annex %}"), (2, "{%tr if row.is_section %}"), (4, "{%tr else %}"), (6, "{%tr endif %}")):
        _line(table.cell(number, 0), tag, 12, first=True)
    section = table.cell(3, 0).merge(table.cell(3, 5))
    _line(section, "{{ row.name }}", 12, bold=True, first=True, align=ALIGN.LEFT)
    section.paragraphs[0].paragraph_format.keep_with_next = True
    cells = ("number", "name", "unit", "now", "year_ago", "change")
    for cell, name, align in zip(table.rows[5].cells, cells, (ALIGN.CENTER, ALIGN.LEFT, ALIGN.CENTER, *[ALIGN.RIGHT] * 3), strict=True):
        _line(cell, f"{{{{ row.{name} }}}}", 12, first=True, align=align)
    last = table.add_row()
    _line(last.cells[0], "{%tr endfor %}", 12, first=True)
    for row in table.rows:
        row._tr.get_or_add_trPr().append(_element("w:cantSplit"))


# --- Pieces -----------------------------------------------------------------------------------------


def _element(tag: str, **values: str) -> Any:
    element = OxmlElement(tag)
    for name, value in values.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _run(paragraph: Any, words: str, size: float, *, caps: bool = False, **look: bool) -> None:
    run = paragraph.add_run(words)
    run.font.size = Pt(size)
    for name, value in look.items():
        setattr(run.font, name, value)
    # shown in capitals, and stored as it is written
    run.font.all_caps = caps or None


def _line(cell: Any, words: str, size: float, *, first: bool = False, align: Any = ALIGN.CENTER, **look: bool) -> None:
    paragraph = cell.paragraphs[0] if first else cell.add_paragraph()
    paragraph.alignment = align
    _run(paragraph, words, size, **look)


def _centred(document: Any, words: str, size: float, *, before: float = 0, after: float = 0, **look: bool) -> Any:
    paragraph = document.add_paragraph()
    paragraph.alignment = ALIGN.CENTER
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(before), Pt(after)
    _run(paragraph, words, size, **look)
    return paragraph


def _rule(place: Any, within: float, length: float, after: float = 0) -> None:
    """A line of `length` in the middle of `within` millimetres: the upper border of a low paragraph."""
    paragraph = place.add_paragraph()
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Mm((within - length) / 2)
    form.space_before, form.space_after = Pt(1), Pt(after)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(4)
    borders = _element("w:pBdr")
    borders.append(_element("w:top", val="single", sz="6", space="0", color="000000"))
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr")


def _table(document: Any, widths: tuple[float, ...], *, rows: int, lines: bool = False) -> Any:
    """A table of fixed widths in millimetres; without `lines` it has no borders, and nothing between a cell's edge and its words."""
    table = document.add_table(rows=rows, cols=len(widths))
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    if lines:
        table.style = "Table Grid"
    margin = 1.0 if lines else 0.0
    margins = _element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w=str(round(margin * 56.7)), type="dxa"))
    table._tbl.tblPr.append(margins)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)
    return table


def _field(run: Any, instruction: str, size: float) -> None:
    run.font.size = Pt(size)
    for kind in ("begin", "", "end"):
        if kind:
            run._r.append(_element("w:fldChar", fldCharType=kind))
        else:
            text = OxmlElement("w:instrText")
            text.text = instruction
            run._r.append(text)
