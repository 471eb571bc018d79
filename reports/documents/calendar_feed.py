"""Due days as a calendar that programs subscribe to (RFC 5545; a name and how often to look, RFC 7986)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.models import Report
from reports.queries.due_days import DueDay, Owing
from reports.wording import period_name

MEDIA_TYPE = "text/calendar"
_LONGEST_LINE = 75
_LOOK_EVERY = "PT6H"
#: no letters of a text (RFC 5545, 3.1: CONTROL)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def calendar_feed(days: Iterable[DueDay], host: str, address_of: Callable[[Report], str]) -> bytes:
    """The calendar, an all-day event for each due day. `host` makes its events' names the world's only ones."""
    name = _text(_("Due days of mass mobilisation reports"))
    head = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//danvan//due days//VI",
        "CALSCALE:GREGORIAN",
        f"NAME:{name}",
        f"X-WR-CALNAME:{name}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{_LOOK_EVERY}",
        f"X-PUBLISHED-TTL:{_LOOK_EVERY}",
    ]
    events = (line for day in days for line in _event(day, host, address_of(day.report)))
    return b"".join(_folded(line) for line in [*head, *events, "END:VCALENDAR"])


def _event(day: DueDay, host: str, address: str) -> Iterator[str]:
    changed_at = day.changed_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{day.what.value}-{day.report.pk}" + (f"-{day.on:%Y%m%d}" if day.what is Owing.REVIEW else "")
    yield "BEGIN:VEVENT"
    yield f"UID:{name}@{host}"
    yield f"DTSTAMP:{changed_at}"
    yield f"LAST-MODIFIED:{changed_at}"
    yield f"SEQUENCE:{day.report.version}"
    yield f"DTSTART;VALUE=DATE:{day.on:%Y%m%d}"
    yield f"SUMMARY:{_text(_summary(day))}"
    yield f"URL:{address}"
    yield "TRANSP:TRANSPARENT"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"


def _summary(day: DueDay) -> str:
    of = {
        "report": f"{day.report.cycle.version.template}, {period_name(day.report.cycle.period)}",
        "unit": day.report.unit.name,
        "count": day.count,
    }
    match day.what:
        case Owing.SUBMIT:
            return _("To submit: %(report)s – %(unit)s") % of
        case Owing.CORRECT:
            return _("To correct: %(report)s – %(unit)s") % of
        case Owing.REVIEW:
            words = ngettext(
                "To review: %(count)d report, %(report)s – %(unit)s", "To review: %(count)d reports, %(report)s – %(unit)s", day.count
            )
            return words % of


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _CONTROLS.sub(" ", escaped.replace("\r\n", "\\n").replace("\n", "\\n"))


def _folded(line: str) -> bytes:
    """The line in pieces of at most 75 octets, none of them half a letter; the next ones begin with a space."""
    pieces: list[bytes] = []
    piece = b""
    for letter in line:
        octets = letter.encode()
        if len(piece) + len(octets) > _LONGEST_LINE - bool(pieces):
            pieces.append(piece)
            piece = b""
        piece += octets
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
