"""Lines measured as people read them: whether a bar is met, a table for the terminal and one for the documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.measuring import Line


@dataclass(frozen=True)
class Verdict:
    """A line's figures as text. `met` is None where there is no bar."""

    job: str
    reports: str
    ours: str
    yardstick: str
    ratio: str
    bar: str
    met: bool | None
    note: str


HEADINGS = ("job", "reports", "ours", "yardstick", "ratio", "bar", "")


def verdict(line: Line) -> Verdict:
    ratio = median(line.ours) / median(line.yardstick) if line.yardstick and any(line.yardstick) else None
    bars: list[tuple[str, bool]] = []
    if line.most is not None and ratio is not None:
        bars.append((f"≤ {line.most:g}", ratio <= line.most))
    if line.most_seconds is not None:
        bars.append((f"≤ {line.most_seconds * 1000:g} ms", median(line.ours) <= line.most_seconds))
    if line.queries is not None and line.most_queries is not None:
        bars.append((f"≤ {line.most_queries} queries", line.queries <= line.most_queries))
    if line.megabytes is not None and line.most_megabytes is not None:
        bars.append((f"< {line.most_megabytes:g} MB", line.megabytes < line.most_megabytes))
    ours = [spread(line.ours)]
    ours += [f"{line.queries} queries"] if line.queries is not None else []
    ours += [f"{line.megabytes:.0f} MB"] if line.megabytes is not None else []
    return Verdict(
        job=line.job,
        reports=f"{line.reports:,}" if line.reports else "",
        ours=", ".join(ours),
        yardstick=f"{spread(line.yardstick)}: {line.against}" if ratio is not None else "",
        ratio=f"{ratio:.2f}" if ratio is not None else "",
        bar=", ".join(text for text, _ in bars),
        met=all(met for _, met in bars) if bars else None,
        note=line.note,
    )


def spread(samples: Sequence[float]) -> str:
    """The median, with the least and the most."""
    if not samples:
        return ""
    unit, factor = ("s", 1) if median(samples) >= 1 else ("ms", 1000)
    low, middle, high = (f"{seconds * factor:.3g}" for seconds in (min(samples), median(samples), max(samples)))
    return f"{middle} {unit} ({low}–{high})" if len(samples) > 1 else f"{middle} {unit}"


def mark(met: bool | None) -> str:
    return {True: "met", False: "MISSED", None: ""}[met]


def as_text(lines: Sequence[Line]) -> str:
    """For a terminal: a block a line, since a row would be wider than one."""
    blocks = []
    for each in map(verdict, lines):
        head = f"{mark(each.met) or '–':7} {each.job}" + (f"  [{each.reports} reports]" if each.reports else "")
        body = [f"{'ours':>17}  {each.ours}"]
        body += [f"{'yardstick':>17}  {each.yardstick}"] if each.yardstick else []
        body += [f"{'ratio':>17}  {each.ratio}"] if each.ratio else []
        body += [f"{'bar':>17}  {each.bar}"] if each.bar else []
        body += [f"{'':>17}  {each.note}"] if each.note else []
        blocks.append("\n".join([head, *body]))
    return "\n\n".join(blocks)


def as_markdown(lines: Sequence[Line]) -> str:
    rows = [" | ".join(HEADINGS), " | ".join(["---"] * len(HEADINGS))]
    for each in map(verdict, lines):
        job = f"{each.job} ({each.note})" if each.note else each.job
        rows.append(" | ".join((job, each.reports, each.ours, each.yardstick, each.ratio, each.bar, mark(each.met))))
    return "\n".join(f"| {row} |" for row in rows)


def per_report(here: Line, smaller: Line) -> Line:
    """Time per report at two sizes: is the work linear?"""
    return Line(
        f"{here.job}: time for each report, against a smaller country",
        [seconds / here.reports for seconds in here.ours],
        [seconds / smaller.reports for seconds in smaller.ours],
        f"each report of {smaller.reports:,}",
        most=1.3,
        reports=here.reports,
    )


def independent(here: Line, smaller: Line) -> Line:
    """The same work at two sizes of the country: does it depend on it?"""
    return Line(
        f"{here.job}: does it depend on the country's size?",
        here.ours,
        smaller.ours,
        f"the same among {smaller.reports:,} reports",
        most=1.3,
        queries=here.queries,
        most_queries=smaller.queries,
        reports=here.reports,
    )


def as_many_queries(here: Line, smaller: Line) -> Line:
    """The line, with the smaller country's number of queries as the most that it may have."""
    return replace(here, most_queries=smaller.queries)


def on_sqlite(there: Line, here: Line) -> Line:
    """One province on SQLite, against PostgreSQL's time for the same province."""
    return Line(f"on SQLite: {there.job}", there.ours, here.ours, "PostgreSQL", most=2, reports=there.reports)
