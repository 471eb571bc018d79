"""Charts as SVG, drawn on the server from the figures of the table beside them.

No colour carries meaning alone: lines differ by their dashes, points by being filled, bars by their pattern. Looks are
classes of static/dashboards.css, since nothing may carry a style of its own.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reports.domain.outliers import median

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 70, 20, 42, 70
_HEIGHT = 290
#: how wide a letter is held to be, and how far a row of words is from the next
_LETTER, _ROW = 8, 15
_DASHES = ("line-1", "line-2", "line-3", "line-4")


@dataclass(frozen=True, slots=True)
class Point:
    """A figure on a line; `label` is written above it, and it is hollow where it is not final."""

    value: Fraction | None
    label: str
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    points: Sequence[Point]


def _svg(width: int, height: int, title: str, description: str, content: SafeString, kind: str) -> SafeString:
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>{}</svg>',
        kind, width, height, f"{title}. {description}", title, description, content,
    )  # fmt: skip


def lines(title: str, description: str, places: Sequence[str], drawn: Sequence[Line], top: Fraction | None = None) -> SafeString:
    """Lines over named places from left to right; a blank figure breaks its line. The scale begins at zero, or below."""
    values = [point.value for line in drawn for point in line.points if point.value is not None]
    low, high = min([*values, Fraction(0)]), top if top is not None else max([*values, Fraction(0)])
    scale = _Scale(low, high, _HEIGHT - _BOTTOM, _TOP)
    step = Fraction(_WIDTH - _LEFT - _RIGHT, max(len(places), 1))
    across = [int(_LEFT + step * number + step / 2) for number in range(len(places))]
    axis = format_html('<line class="axis" x1="{0}" y1="{1}" x2="{2}" y2="{1}"/>', _LEFT, scale.at(Fraction(0)), _WIDTH - _RIGHT)
    below = [_words("place", x, _HEIGHT - _BOTTOM + 18, _rows(place, int(step))) for x, place in zip(across, places, strict=True)]
    parts = [_line(line, across, int(step), scale, _DASHES[number % len(_DASHES)]) for number, line in enumerate(drawn)]
    names = format_html_join(
        "",
        '<g class="{}"><path class="line" d="M{} {}h28"/><text class="name" x="{}" y="{}">{}</text></g>',
        (
            (_DASHES[number % len(_DASHES)], _LEFT + number * 160, _HEIGHT - 6, _LEFT + 34 + number * 160, _HEIGHT - 2, line.name)
            for number, line in enumerate(drawn)
            if len(drawn) > 1
        ),
    )
    return _svg(_WIDTH, _HEIGHT, title, description, axis + _joined(below) + _joined(parts) + names, "lines")


def _line(line: Line, across: Sequence[int], step: int, scale: _Scale, dash: str) -> SafeString:
    path, pen = [], "M"
    points: list[tuple[object, ...]] = []
    for x, point in zip(across, line.points, strict=True):
        if point.value is None:
            pen = "M"
            continue
        y = scale.at(point.value)
        path.append(f"{pen}{x} {y}")
        pen = "L"
        rows = _rows(point.label, step)
        written = _words("value", x, y - 9 - _ROW * (len(rows) - 1), rows)
        points.append((x, y, "final" if point.is_final else "provisional", written))
    marks = format_html_join("", '<circle cx="{}" cy="{}" r="4" class="{}"/>{}', points)
    return format_html('<g class="{}"><path class="line" d="{}"/>{}</g>', dash, "".join(path), marks)


def _rows(words: str, width: int) -> list[str]:
    """Words on so many rows that they don't run into those beside them."""
    return textwrap.wrap(words, max(width // _LETTER, 1), break_long_words=False, break_on_hyphens=False)


def _words(kind: str, x: int, y: int, rows: Sequence[str]) -> SafeString:
    """Rows centred on `x`, the first of them on `y`."""
    inside = format_html_join(" ", '<tspan x="{}" y="{}">{}</tspan>', ((x, y + _ROW * number, row) for number, row in enumerate(rows)))
    return format_html('<text class="{}">{}</text>', kind, inside)


def strip(title: str, description: str, values: Sequence[Fraction], ends: tuple[str, str], marked: Fraction | None = None) -> SafeString:
    """A distribution: a dot for each figure, piled where they meet, above a box from the lower to the upper quartile."""
    low, high = min(values), max(values)
    scale = _Scale(low, high, 40, _WIDTH - 40)
    piles: dict[int, int] = {}
    dots = []
    for value in sorted(values):
        x = scale.at(value) // 8 * 8
        piles[x] = piles.get(x, 0) + 1
        dots.append((x, piles[x]))
    piled = max(piles.values())
    rise = min(9, max(1, 90 // piled))
    base = 20 + piled * rise
    marks = format_html_join("", '<circle cx="{}" cy="{}" r="3.5" class="dot"/>', ((x, base - number * rise) for x, number in dots))
    quarter, half, three = (scale.at(value) for value in quartiles(values))
    box = format_html(
        '<path class="whisker" d="M{} {}H{}"/><rect class="box" x="{}" y="{}" width="{}" height="16"/><path class="median" d="M{} {}v24"/>',
        scale.at(low), base + 22, scale.at(high), quarter, base + 14, max(three - quarter, 2), half, base + 10,
    )  # fmt: skip
    labels = format_html(
        '<text class="place" x="40" y="{0}">{1}</text><text class="place" x="{2}" y="{0}">{3}</text>',
        base + 52,
        ends[0],
        _WIDTH - 40,
        ends[1],
    )
    return _svg(_WIDTH, base + 60, title, description, marks + box + labels, "strip")


def quartiles(values: Iterable[Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """The medians of the lower half, of all, and of the upper half; the middle figure belongs to both halves."""
    ordered = sorted(values)
    half = (len(ordered) + 1) // 2
    return median(ordered[:half]), median(ordered), median(ordered[-half:])


def bar(parts: Sequence[tuple[int | Fraction, str]], whole: int | Fraction) -> SafeString:
    """A bar of parts (length, class) of `whole`, for a table's cell that says the figures: nothing for a screen reader."""
    drawn, begin = [], Fraction(0)
    for length, kind in parts:
        width = Fraction(length) * 100 / Fraction(whole) if whole else Fraction(0)
        drawn.append((_short(begin), _short(width), kind))
        begin += width
    inside = format_html_join("", '<rect x="{}" y="0" width="{}" height="10" class="{}"/>', drawn)
    return format_html('<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>', inside)


def _short(number: Fraction) -> str:
    return f"{float(number):.2f}"


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


@dataclass(frozen=True, slots=True)
class _Scale:
    """Figures from `low` to `high` on pixels from `begin` to `end`."""

    low: Fraction
    high: Fraction
    begin: int
    end: int

    def at(self, value: Fraction) -> int:
        span = self.high - self.low
        return round(self.begin + (value - self.low) / span * (self.end - self.begin)) if span else (self.begin + self.end) // 2
