"""Reports on paper: measured in the Word file and on the pages that LibreOffice makes of it, for each level and both layouts."""

from __future__ import annotations

import fcntl
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from reports.documents import office, pack
from reports.documents.annex_out import annex_book, consolidated_book
from reports.documents.house_layouts import house_template
from reports.documents.makers import MAKERS
from reports.documents.office import as_pdf
from reports.documents.report_document import document_context, file_name, report_document
from reports.documents.word_template import check_template
from reports.models import BackgroundJob, DocumentTemplate, PaperStyle, SectionText
from reports.queries.annex import annex, consolidated_annex
from reports.services import background_jobs, configuring
from reports.services.asking_official import ask_for_official
from tests.builders import LEVELS, NOON, Play, at, given_cycle, given_user
from tests.domain.builders import indicator
from tests.entrypoints.pages import english, signed_in, text_of
from tests.memory import in_a_process
from tests.processes import wait_until
from units.models import Unit
from units.problems import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PARTY, STATE = PaperStyle.Layout
MM = 72 / 25.4
ALL = "hamlet|commune|district|province"
WORDS = "Ưu điểm: <Đảng bộ> & Nhân dân đoàn kết.\nDòng hai {{ issuer_name }}."


@pytest.fixture(autouse=True)
def _own_store(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def needs_office() -> None:
    if not office.is_installed():
        assert not os.environ.get("CI"), "CI renders what it measures: install libreoffice-writer-nogui and fonts-liberation2"
        pytest.skip("LibreOffice is not installed: nothing of the pages is measured")


def given_reports(**plan: Any) -> Play:
    """Figures, a rate, sentences and a narrative, handed in from the commune up to the district; the province's is a draft."""
    indicators = (
        indicator("dk", levels=ALL, section="A. Đối thoại", name_vi="Số cuộc đối thoại"),
        indicator("dx", levels=ALL, section="A. Đối thoại", name_vi="Đột xuất"),
        indicator("ty_le", "percent", levels=ALL, formula="dx / dk", section="A. Đối thoại", name_vi="Tỷ lệ", decimals=2),
        indicator("uu", "text", levels=ALL, section="B. Đánh giá", name_vi="Ưu điểm"),
        indicator("bang", "table", levels=ALL, columns="Việc|Kết quả|Ghi chú", section="B. Đánh giá", name_vi="Việc đã làm"),
    )
    texts = {
        "": "Kết quả công tác dân vận {period}",
        "A. Đối thoại": "Tổ chức {dk} cuộc đối thoại định kỳ[, {dx} cuộc đột xuất][, bằng {ty_le}%].",
    }
    from tests.unit_builders import Level, make_standard_levels  # noqa: PLC0415 - levels before the template that names them

    make_standard_levels(Level)
    version = configuring.add_version("t", "Báo cáo t", indicators, texts=texts)
    configuring.publish(version, NOON)
    play = given_cycle(version, {"P": {"D": {"C": ["H1"]}}}, **plan)
    play.hand_in("H1", dk="1200", dx="3", uu=WORDS)
    play.hand_in("C", dk="34", uu=WORDS, bang='[["Việc 1", "Xong", ""]]')
    play.hand_in("D", dk="1", uu="Tốt\n" * 40)
    play.save("P", dk="2")
    PaperStyle.objects.create(
        unit=Unit.objects.get(uid="P"),
        layout=PARTY,
        superior_name="Đảng bộ {unit}",
        symbol="BDV",
        authority="T/M Ban Dân vận",
        post="Trưởng ban",
        signer="Nguyễn Văn Ạnh",
        recipients="Như trên,\nLưu.",
    )
    return play


def report(play: Play, uid: str) -> Any:
    return play.cycle.reports.for_display().select_related("last_submission").get(unit__uid=uid)


def texts_at(page: Any) -> list[tuple[str, float, float, float]]:
    """Each piece of text of a page, with the left and the baseline in mm from the upper left corner, and its size in points."""
    found: list[tuple[str, float, float, float]] = []
    height = float(page.mediabox.height)

    def visit(text: str, cm: Any, tm: Any, _font: Any, size: float) -> None:
        if text.strip():
            x, y = tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]
            found.append((text.strip(), x / MM, (height - y) / MM, size * abs(tm[3] * cm[3])))

    page.extract_text(visitor_text=visit)
    return found


#: sizes of words of the first page, in points
SIZES = {
    PARTY: {"ĐẢNG CỘNG SẢN VIỆT NAM": 15, "BÁO CÁO": 16, "-BC/BDV": 14, "Kết quả": 14, "Tổ chức": 14},
    STATE: {"CỘNG HÒA": 13, "Độc lập": 14, "BÁO CÁO": 14, "/BC-BDV": 13, "Kết quả": 14, "Tổ chức": 14},
}
#: rules of the first page: how long, and where their middle is, in mm
RULES = {PARTY: [(72.9, 152.5)], STATE: [(26, 62.5), (60.5, 145), (55, 112.5)]}


def size_on(texts: list[tuple[str, float, float, float]], words: str) -> float:
    return round(next(size for text, _x, _y, size in texts if words in text), 1)


def lines_on(page: Any) -> list[tuple[float, float, float]]:
    """The horizontal lines that are drawn on a page: left and right end and height, in mm from the upper left corner."""
    height, found = float(page.mediabox.height), set()
    place = (0.0, 0.0)
    matrices: list[tuple[float, ...]] = [(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)]

    def seen(points: list[tuple[float, float]]) -> None:
        a, _b, _c, d, e, f = matrices[-1]
        xs, ys = [(a * x + e) / MM for x, _y in points], [(height - d * y - f) / MM for _x, y in points]
        if max(ys) - min(ys) < 1 < max(xs) - min(xs):
            found.add((round(min(xs), 1), round(max(xs), 1), round(sum(ys) / len(ys), 1)))

    for operands, operator in pypdf.generic.ContentStream(page.get_contents(), page.pdf).operations:
        numbers = [float(each) for each in operands] if operator in (b"cm", b"m", b"l", b"re") else []
        match operator:
            case b"q":
                matrices.append(matrices[-1])
            case b"Q":
                matrices.pop()
            case b"cm":
                matrices[-1] = _within(numbers, matrices[-1])
            case b"m":
                place = (numbers[0], numbers[1])
            case b"l":
                seen([place, (numbers[0], numbers[1])])
                place = (numbers[0], numbers[1])
            case b"re":
                x, y, width, tall = numbers
                seen([(x, y), (x + width, y + tall)])
    return sorted(found, key=lambda line: line[2])


def _within(inner: list[float], outer: tuple[float, ...]) -> tuple[float, ...]:
    """A matrix within another one, neither of which turns anything."""
    a, _b, _c, d, e, f = inner
    return a * outer[0], 0.0, 0.0, d * outer[3], e * outer[0] + outer[4], f * outer[3] + outer[5]


def sized(document: Any, words: str) -> set[float]:
    """The sizes of the runs of the head and the title that hold these words."""
    cells = [cell for row in document.tables[0].rows for cell in row.cells]
    paragraphs = [*document.paragraphs[:3], *(each for cell in cells for each in cell.paragraphs)]
    return {run.font.size.pt for each in paragraphs for run in each.runs if words in run.text and run.font.size}


def test_page_sizes_pitch_rules_and_page_numbers_are_the_prescribed_ones_in_the_file():
    play = given_reports()
    for layout in (PARTY, STATE):
        for uid in ("C", "D", "P"):
            document: Any = Document(BytesIO(report_document(report(play, uid), NOON, house_template(layout))))
            section = document.sections[0]
            assert (section.page_width.mm, section.page_height.mm) == (pytest.approx(210, abs=0.1), pytest.approx(297, abs=0.1))
            margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
            assert [round(each.mm) for each in margins] == [20, 20, 30, 15]
            body = next(each for each in document.paragraphs if each.style.name == "Body Text" or each.style.name == "Body Text 2")
            form = document.styles["Body Text"].paragraph_format
            assert "cuộc đối thoại định kỳ" in body.text
            assert (document.styles["Body Text"].font.name, document.styles["Body Text"].font.size.pt) == ("Times New Roman", 14)
            assert abs(form.first_line_indent - Mm(10)) < Mm(0.1)
            assert form.space_before == Pt(6)
            assert form.line_spacing == (Pt(18) if layout == PARTY else 1)
            expected = (
                {"ĐẢNG CỘNG SẢN VIỆT NAM": 15, "BÁO CÁO": 16, "-BC/BDV": 14, "ngày": 14}
                if layout == PARTY
                else {"CỘNG HÒA": 13, "Độc lập": 14, "BÁO CÁO": 14, "/BC-BDV": 13}
            )
            assert {words: sized(document, words) for words in expected} == {words: {size} for words, size in expected.items()}
            assert section.different_first_page_header_footer
            assert "PAGE" in section.header._element.xml
            assert "PAGE" not in section.first_page_header._element.xml
            rules = list(document.element.iter(qn("w:pBdr")))
            assert len(rules) == (1 if layout == PARTY else 3)
            assert "Nguyễn Văn Ạnh" in "".join(node.text or "" for node in document.element.iter(qn("w:t")))


def test_the_pages_that_libreoffice_makes_have_them_too_with_fonts_embedded_and_words_to_search():
    needs_office()
    play = given_reports()
    made = {(layout, uid): report_document(report(play, uid), NOON, house_template(layout)) for layout in (PARTY, STATE) for uid in "CDP"}
    pages = as_pdf({f"{layout}-{uid}": content for (layout, uid), content in made.items()})
    for layout, uid in made:
        document = pypdf.PdfReader(BytesIO(pages[f"{layout}-{uid}"]))
        first, second = texts_at(document.pages[0]), texts_at(document.pages[1])
        assert [round(float(side) / MM) for side in document.pages[0].mediabox[2:]] == [210, 297]
        words = document.pages[0].extract_text()
        motto = "ĐẢNG CỘNG SẢN VIỆT NAM" if layout == PARTY else "Độc lập - Tự do - Hạnh phúc"
        assert motto in words
        assert "Kết quả công tác dân vận 6 tháng đầu năm 2025" in words
        assert min(x for _text, x, _y, _size in first) >= 29.5
        assert min(x for _text, x, _y, _size in first if _text.startswith("Tổ chức")) == pytest.approx(40, abs=0.5)
        assert not [text for text, _x, y, _size in first if y < 19 and text.isdigit()], "no number on the first page"
        number = next(each for each in second if each[0].startswith("2") and each[2] < 20)
        assert number[1] == pytest.approx(30 + 165 / 2, abs=2)
        assert number[3] == pytest.approx(14, abs=0.2)
        fonts = [font.get_object() for page in document.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
        assert fonts
        assert all("/FontFile2" in font["/FontDescriptor"] and "LiberationSerif" in font["/BaseFont"] for font in fonts)
        assert ("DỰ THẢO" in words) == (uid == "P")
        assert {words: size_on(first, words) for words in SIZES[layout]} == SIZES[layout]
        rules = [(right - left, (left + right) / 2) for left, right, _y in lines_on(document.pages[0])[: len(RULES[layout])]]
        assert sorted(rules) == [pytest.approx(each, abs=1) for each in sorted(RULES[layout])]
        annex = next(page for page in document.pages if "PHỤ LỤC SỐ LIỆU" in page.extract_text())
        ends = [(left, right) for left, right, _y in lines_on(annex)]
        assert (min(ends)[0], max(right for _left, right in ends)) == pytest.approx((30, 195), abs=1)
    for layout, pitch in ((PARTY, 18), (STATE, 16.1)):
        page = texts_at(pypdf.PdfReader(BytesIO(pages[f"{layout}-D"])).pages[0])
        lines = sorted({y for text, _x, y, _size in page if text == "Tốt"})
        pitches = {round((below - above) * MM, 1) for above, below in pairwise(lines)}
        assert [*pitches] == pytest.approx([pitch + 6] * len(pitches), abs=0.2), "lines, and 6 points between paragraphs"
        assert 277 - (pitch + 6) / MM < max(lines) < 277, "20 mm are free below"
        assert min(y for _text, _x, y, _size in page if y > 12) == pytest.approx(25, abs=1.5), "and above"


def test_a_document_says_what_was_declared_and_a_draft_what_stands():
    play = given_reports()
    declared = document_context(report(play, "C"), NOON)
    said = [part["text"] for part in declared["body"] if part["kind"] == "text"]
    assert said[0] == "Tổ chức 1.234 cuộc đối thoại định kỳ, 3 cuộc đột xuất, bằng 0,24%."
    assert said[1:] == ["Ưu điểm: <Đảng bộ> & Nhân dân đoàn kết.", "Dòng hai {{ issuer_name }}."]
    headings = [part["text"] for part in declared["body"] if "heading" in part["kind"]]
    assert headings == [
        "I- Đối thoại",
        "II- Đánh giá",
        "1. Ưu điểm",
        "2. Việc đã làm",
    ]
    assert [row["now"] for row in declared["annex"] if not row["is_section"]] == ["1.234", "3", "0,24"]
    play.do("reopen", "H1")
    assert report(play, "C").last_submission_id is not None
    assert document_context(report(play, "C"), NOON)["body"] == declared["body"], "frozen, whatever moves below"
    play.do("reopen", "D")
    play.do("reopen", "C")
    draft = document_context(report(play, "C"), NOON)
    assert draft["is_draft"]
    assert next(part["text"] for part in draft["body"] if part["kind"] == "text").startswith("Tổ chức 34 cuộc")
    words = "".join(node.text or "" for node in Document(BytesIO(report_document(report(play, "C"), NOON))).element.iter(qn("w:t")))
    assert "<Đảng bộ> & Nhân dân" in words
    assert "{{ issuer_name }}" in words, "what an officer writes is never a placeholder"


def annex_of(found: Any) -> bytes:
    declared = annex(found)
    assert declared
    return annex_book(found, declared)


def title_of(workbook: bytes) -> str:
    return str(openpyxl.load_workbook(BytesIO(workbook)).active["A1"].value)


def test_a_document_and_the_annexes_say_that_figures_are_estimated_until_the_official_ones_are_handed_in():
    play = given_reports(official_due={})
    words = "6 tháng đầu năm 2025 (số liệu ước)"
    estimated = report(play, "C")
    subject = document_context(estimated, NOON)["subject"]
    assert subject.endswith(words)
    document: Any = Document(BytesIO(report_document(estimated, NOON)))
    assert [each.text for each in document.paragraphs].count(subject) == 2, "below the title, and above the annex"
    assert title_of(annex_of(estimated)) == "Phụ lục số liệu (Số liệu ước)"
    assert "(Số liệu ước)" in title_of(consolidated_book(estimated, consolidated_annex(estimated)))
    assert document_context(report(play, "P"), NOON)["subject"].endswith(words), "a draft of estimates"
    ask_for_official(play.cycle, dict.fromkeys(LEVELS, date(2025, 7, 15)), by=None, at=at("2025-06-25 09:00"))
    play = Play(play.cycle)
    play.now = at("2025-06-25 09:30")
    assert document_context(report(play, "C"), NOON)["subject"].endswith("2025"), "a draft of official figures"
    assert "(Số liệu ước)" in title_of(annex_of(report(play, "C"))), "the annex is of what was declared"
    play.submit("C")
    official = report(play, "C")
    assert document_context(official, NOON)["subject"].endswith("2025")
    assert title_of(annex_of(official)) == "Phụ lục số liệu"


def test_a_document_follows_its_outline_in_two_parts_and_leaves_out_what_nothing_follows():
    play = given_reports()
    words = (
        "# Phần thứ nhất: Kết quả {period}\n## Tình hình\n## Công tác\n### Đối thoại\nA. Đối thoại\n## Đánh giá\n"
        "B. Đánh giá\n# Phần thứ hai: Phương hướng\n{uu}"
    )
    SectionText.objects.create(version=play.cycle.version, section="*", text=words)
    body = document_context(report(play, "C"), NOON)["body"]
    assert [(part["kind"], part.get("text")) for part in body if part["kind"] not in ("text", "table")] == [
        ("part", "Phần thứ nhất: Kết quả 6 tháng đầu năm 2025"),
        ("heading1", "I- Công tác"),
        ("heading2", "1. Đối thoại"),
        ("heading1", "II- Đánh giá"),
        ("heading2", "1. Việc đã làm"),
        ("part", "Phần thứ hai: Phương hướng"),
    ]
    assert body[-1]["text"] == "Dòng hai {{ issuer_name }}."
    for layout in (PARTY, STATE):
        document: Any = Document(BytesIO(report_document(report(play, "C"), NOON, house_template(layout))))
        (part,) = [each for each in document.paragraphs if each.text.startswith("Phần thứ nhất")]
        assert (part.style.paragraph_format.alignment, part.style.font.size.pt) == (WD_ALIGN_PARAGRAPH.CENTER, 14)


def test_papers_are_inherited_field_by_field_from_the_nearest_unit_above():
    play = given_reports()
    PaperStyle.objects.create(unit=Unit.objects.get(uid="D"), layout=STATE, symbol="UBND")
    PaperStyle.objects.create(unit=Unit.objects.get(uid="C"), issuer_name="Ủy ban nhân dân {unit} thuộc {superior}")
    context = document_context(report(play, "C"), NOON)
    unit = {uid: Unit.objects.get(uid=uid).name for uid in "CD"}
    assert context["issuer_name"] == f"Ủy ban nhân dân {unit['C']} thuộc {unit['D']}"
    assert (context["symbol"], context["post"], context["superior_name"]) == ("UBND", "Trưởng ban", f"Đảng bộ {unit['C']}")
    assert "CỘNG HÒA XÃ HỘI" in Document(BytesIO(report_document(report(play, "C"), NOON))).element.xml


def test_files_are_for_those_who_reach_the_report_and_a_missing_libreoffice_is_said(settings: Any):
    play = given_reports()
    address = f"/reports/{report(play, 'C').pk}/"
    reader = english(given_user("lan", C="viewer"))
    answer = reader.get(f"{address}document.docx")
    assert Document(BytesIO(answer.content)).paragraphs
    assert "6%20th%C3%A1ng" in answer.headers["Content-Disposition"]
    stranger = signed_in(given_user("khach", H1="viewer"))
    for place in ("document.docx", "document.pdf"):
        assert stranger.get(address + place).status_code == 404
    assert stranger.post(f"{address}pack/").status_code == 404
    settings.SOFFICE = "no-such-program"
    assert "LibreOffice is not installed" in text_of(reader.get(f"{address}document.pdf", follow=True))


def test_libreoffice_that_takes_too_long_is_ended_with_all_that_it_started(settings: Any, tmp_path: Path, monkeypatch: Any):
    program = tmp_path / "slow"
    program.write_text(f"#!/bin/sh\nsleep 600 & echo $! > {tmp_path}/child; wait\n")
    program.chmod(0o755)
    settings.SOFFICE = str(program)
    monkeypatch.setattr(office, "TIME_LIMIT", 0.5)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    abandoned = tmp_path / "danvan-pdf-of-a-killed-worker"
    abandoned.mkdir()
    os.utime(abandoned, (0, 0))
    with pytest.raises(Refused, match="longer than"):
        as_pdf({"a": b""})
    assert not list(tmp_path.glob("danvan-pdf-*"))
    stat = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    wait_until(lambda: not stat.exists() or " Z " in stat.read_text(), "the end of what LibreOffice started", 10)


def test_only_so_many_are_made_at_once_and_whoever_waits_too_long_is_told(settings: Any, tmp_path: Path, monkeypatch: Any):
    program = tmp_path / "counting"
    program.write_text(f"""#!/bin/sh
cd {tmp_path}; : > running-$$; ls running-* | wc -l >> seen; sleep 0.3
while [ $# -gt 1 ]; do [ "$1" = --outdir ] && out=$2; shift; done; echo made > "$out/$(basename "$1" .docx).pdf"; rm running-$$
""")
    program.chmod(0o755)
    settings.SOFFICE, settings.SOFFICE_AT_ONCE, settings.VAR_DIR = str(program), 2, tmp_path
    with ThreadPoolExecutor(5) as pool:
        made = list(pool.map(lambda _: as_pdf({"a": b""}, patience=30), range(5)))
    assert made == [{"a": b"made\n"}] * 5
    assert set((tmp_path / "seen").read_text().split()) <= {"1", "2"}
    places = [(tmp_path / "office" / f"place-{number}").open("w") for number in range(2)]
    for place in places:
        fcntl.flock(place, fcntl.LOCK_EX)
    monkeypatch.setattr(office, "PATIENCE", 0.2)
    play = given_reports()
    reader = english(given_user("lan", C="viewer"))
    answer = reader.get(f"/reports/{report(play, 'C').pk}/document.pdf", follow=True)
    assert "Others are having PDFs made just now" in text_of(answer)
    places[1].close()
    assert as_pdf({"a": b""}) == {"a": b"made\n"}
    places[0].close()


def test_a_pack_holds_each_document_under_a_safe_name_and_is_made_by_the_job(monkeypatch: Any):
    play = given_reports()
    Unit.objects.filter(uid="C").update(name='Xã "Lũng/Cú":\\..')
    owner = given_user("lan", P="viewer")
    client = english(owner)
    assert client.post(f"/reports/{report(play, 'P').pk}/pack/", {"as": "docx"}).status_code == 302
    assert background_jobs.run_next(MAKERS, timezone.now())
    job = BackgroundJob.objects.get()
    assert (job.state, job.done, job.of, job.problems) == ("done", 3, 3, [])
    answer: Any = client.get(f"/downloads/{job.pk}/")
    with zipfile.ZipFile(BytesIO(b"".join(answer.streaming_content))) as archive:
        names = archive.namelist()
        assert len(names) == 3
        assert names[2].startswith("3 Xã Lũng Cú")
        assert not any(set(name) & set('/\\:"') for name in names)
        assert "(dự thảo)" in names[0]
        assert all(Document(BytesIO(archive.read(name))).paragraphs for name in names)
    second = background_jobs.order(BackgroundJob.Kind.PACK, {"pdf": True}, by=owner, at=timezone.now(), report=report(play, "P"))

    def called_off(*_: Any) -> bytes:
        background_jobs.cancel(second.pk, by=owner, at=timezone.now())
        return b"x"

    monkeypatch.setattr(pack, "report_document", called_off)
    assert background_jobs.run_next(MAKERS, timezone.now())
    second.refresh_from_db()
    assert second.state == "cancelled"
    assert background_jobs.file_of(second) is None


def test_a_document_asks_a_fixed_number_of_questions():
    play = given_reports()
    found = report(play, "P")
    report_document(found, NOON)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        report_document(report(play, "P"), NOON)
    assert len(asked) <= 14


@pytest.mark.parametrize(
    ("words", "name"),
    [("Xã Lũng Cú", "Xã Lũng Cú"), ("../../etc", "etc"), ('a/b\\c:"d"', "a b c d"), ("CON", "_CON"), ("..", "_"), ("x" * 300, "x" * 100)],
)
def test_file_names_keep_vietnamese_and_nothing_that_a_machine_could_stumble_over(words: str, name: str):
    assert file_name(words) == name


# --- Own templates ----------------------------------------------------------------------------------


def word_file(*paragraphs: str, change: Any = None) -> bytes:
    document = Document()
    for words in paragraphs:
        document.add_paragraph(words)
    stream = BytesIO()
    document.save(stream)
    if not change:
        return stream.getvalue()
    result = BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        parts = {name: old.read(name) for name in old.namelist()}
        change(parts)
        for part, content in parts.items():
            new.writestr(part, content)
    return result.getvalue()


def with_part(name: str, content: bytes) -> Any:
    return lambda parts: parts.__setitem__(name, content)


def replacing(part: str, old: bytes, new: bytes) -> Any:
    return lambda parts: parts.__setitem__(part, parts[part].replace(old, new, 1))


RELS = "word/_rels/document.xml.rels"
LINK = b'<Relationship Id="x" Type="http://x/image" Target="http://evil.example/x.png" TargetMode="External"/></Relationships>'
HOSTILE = {
    "no zip": b"PK\x03\x04 no",
    "program": b"MZ\x90",
    "endless": word_file(*["{%p for a in body %}"] * 9, "x", *["{%p endfor %}"] * 9),
    "tags": word_file("x", change=replacing("word/document.xml", b"<w:p>", b"<w:p/>" * 500_000 + b"<w:p>")),
    "attributes": word_file(
        "x", change=replacing("word/document.xml", b"<w:p>", b"<w:p " + b" ".join(b'a%d=""' % number for number in range(400_000)) + b">")
    ),
    "markup by another name": word_file(
        "x", change=replacing("[Content_Types].xml", b"<Override", b'<Override PartName="/word/x.png" ContentType="a+xml"/><Override')
    ),
    "unknown": word_file("{{ password }}"),
    "attribute": word_file("{{ subject.__class__ }}"),
    "mro": word_file("{{ figures.__init__ }}"),
    "item": word_file("{{ figures['x'] }}"),
    "call": word_file("{{ subject.format() }}"),
    "range": word_file("{%p for x in range(9) %}", "x", "{%p endfor %}"),
    "arithmetic": word_file("{{ 9 ** 9 }}"),
    "filter": word_file("{{ subject|upper }}"),
    "include": word_file("{% include 'x' %}"),
    "set": word_file("{% set x = 1 %}"),
    "broken": word_file("{%p for part in body %}"),
    "macros": word_file("x", change=with_part("word/vbaProject.bin", b"x")),
    "link": word_file("x", change=replacing(RELS, b"</Relationships>", LINK)),
    "hidden link": word_file("x", change=replacing(RELS, b"</Relationships>", LINK.replace(b"External", b"&#x45;xternal"))),
    "encoding": word_file("x", change=with_part("word/x.xml", '<?xml version="1.0" encoding="UTF-16"?><x/>'.encode("utf-16"))),
    "entities": word_file("x", change=replacing("word/document.xml", b"<w:document", b'<!DOCTYPE x [<!ENTITY a "b">]><w:document')),
    "bad xml": word_file("x", change=replacing("word/document.xml", b"</w:body>", b"")),
    "macro type": word_file("x", change=replacing("[Content_Types].xml", b"document.main+xml", b"document.macroEnabled.main+xml")),
    "path": word_file("x", change=with_part("../../x.xml", b"<x/>")),
    "bomb": word_file("x", change=with_part("word/media/x.xml", b"<x>" + b" " * 2**26 + b"</x>")),
    "field": word_file(
        "x", change=replacing("word/document.xml", b"<w:t>x</w:t>", b'<w:instrText>INCLUDETEXT "/etc/passwd"</w:instrText>')
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_template_that_is_hostile_or_cannot_be_filled_is_refused(name: str):
    with pytest.raises(Refused) as refused:
        check_template(HOSTILE[name])
    assert all(problem.message % problem.params for problem in refused.value.problems)


@pytest.mark.parametrize("name", ["tags", "attributes", "bomb", "endless"])
def test_a_template_that_would_fill_the_memory_does_not(tmp_path: Path, name: str):
    (tmp_path / "a.docx").write_bytes(HOSTILE[name])
    said, megabytes = in_a_process(f"""
import django; django.setup()
from reports.documents.word_template import check_template
from units.problems import Refused
try:
    check_template(open({str(tmp_path / "a.docx")!r}, "rb").read())
except Refused as refused:
    print(refused)
""")
    assert said
    assert megabytes < 250


def test_a_template_may_hold_a_link_to_be_clicked():
    check_template(
        word_file("{{ subject }}", change=replacing(RELS, b"</Relationships>", LINK.replace(b"http://x/image", b"http://x/hyperlink")))
    )


def test_the_houses_own_templates_pass_and_so_does_one_with_every_kind_of_placeholder():
    for layout in (PARTY, STATE):
        check_template(house_template(layout))
    check_template(word_file("x", change=replacing("[Content_Types].xml", b"<Override", b"<!-- by hand --><Override")))
    check_template(word_file("{{ subject }} {{ figures.dt_dinh_ky }}", "{%p for line in recipients %}", "{{ line }}", "{%p endfor %}"))


@pytest.mark.usefixtures("in_english")
def test_a_template_with_a_picture_of_megabytes_is_taken_and_one_beyond_the_limit_is_told_so():
    """Above what Django keeps in memory (2.5 MB) a file lies on disk, and is the same."""
    play, boss = given_reports(), given_user("boss")
    boss.is_staff = boss.is_superuser = True
    boss.save()
    client = english(boss)

    def upload(megabytes: float) -> Any:
        picture = with_part("word/media/image1.png", b"\x89PNG\r\n\x1a\n" + os.urandom(int(megabytes * 2**20)))
        content = word_file("{{ subject }}", change=picture)
        return client.post("/admin/reports/documenttemplate/add/", {"name": "Mẫu", "file": SimpleUploadedFile("a.docx", content)}), content

    answer, content = upload(4.5)
    assert answer.status_code == 302
    template = DocumentTemplate.objects.get()
    assert (bytes(template.content), template.size) == (content, len(content))
    made = report_document(report(play, "C"), NOON, bytes(template.content))
    assert Document(BytesIO(made)).paragraphs[0].text == "Kết quả công tác dân vận 6 tháng đầu năm 2025"
    answer, _content = upload(5.1)
    assert "larger than 5 MB" in text_of(answer)
    assert DocumentTemplate.objects.count() == 1


@pytest.mark.usefixtures("in_english")
def test_an_administrator_uploads_a_template_sees_it_and_sets_it_for_a_province(tmp_path: Path):
    play = given_reports()
    boss: Any = given_user("boss")
    boss.is_staff = boss.is_superuser = True
    boss.save()
    client = english(boss)

    def upload(content: bytes) -> Any:
        return client.post("/admin/reports/documenttemplate/add/", {"name": "Mẫu tỉnh", "file": SimpleUploadedFile("a.docx", content)})

    refused = upload(HOSTILE["unknown"])
    assert "“password”" in text_of(refused)
    assert not DocumentTemplate.objects.exists()
    assert upload(word_file("Của tỉnh: {{ subject }}, {{ figures.dk }} cuộc, {{ figures.khong_co }}.")).status_code == 302
    template = DocumentTemplate.objects.get()
    query: Any = {"cycle": play.cycle.pk, "unit": "C", "as": "docx"}
    preview = client.get(f"/admin/reports/documenttemplate/{template.pk}/preview/", query)
    words = Document(BytesIO(preview.content)).paragraphs[0].text
    assert words == "Của tỉnh: Kết quả công tác dân vận 6 tháng đầu năm 2025, 1.234 cuộc, ……."
    PaperStyle.objects.filter(unit__uid="P").update(template=template)
    made = Document(BytesIO(report_document(report(play, "D"), at("2025-06-20 08:00"))))
    assert made.paragraphs[0].text.startswith("Của tỉnh")
    for page in ("add/", f"{template.pk}/change/", f"{template.pk}/file.docx", "house/party.docx", f"{template.pk}/preview/"):
        assert client.get(f"/admin/reports/documenttemplate/{page}").status_code == 200
    assert client.get("/admin/reports/documenttemplate/house/x.docx").status_code == 404


def test_a_version_with_a_sentence_about_nothing_is_not_published_and_a_copy_keeps_its_sentences():
    version = given_reports().cycle.version
    draft = configuring.draft_from(version)
    assert dict(draft.texts.values_list("section", "text")) == dict(version.texts.values_list("section", "text"))
    SectionText.objects.create(version=draft, section="B. Đánh giá", text="Có {khong_co} cuộc")
    SectionText.objects.create(version=draft, section="Z", text="x")
    with pytest.raises(Refused) as refused:
        configuring.publish(draft, NOON)
    assert {str(next(iter(problem.params.values()))) for problem in refused.value.problems} == {"khong_co", "Z"}
