"""What the commands' arguments have in common (docs/interfaces.md): days, moments, cycles, users and lists of units."""

from __future__ import annotations

import csv
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from io import TextIOBase
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Field
from django.utils import timezone
from django.utils.translation import gettext

from audit import acting, recording
from reports.models import Cycle
from reports.policies import reports_in_reach
from units.csv_files import harmless, open_file, read_rows
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

#: far from where a moment of another time zone, or some working days later, is no date any more
YEARS = range(1900, 3000)


def day(text: str) -> date:
    """`YYYY-MM-DD`."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            found = date.fromisoformat(text)
        except ValueError:
            pass
        else:
            if found.year in YEARS:
                return found
    raise ArgumentTypeError(gettext("“%(text)s” is no day: write YYYY-MM-DD, of the years 1900 to 2999") % {"text": text})


def moment(text: str) -> datetime:
    """ISO 8601 with an offset."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or found.year not in YEARS:
        raise ArgumentTypeError(gettext("“%(text)s” is no moment: write it with its offset, 2025-06-17T09:30:00+07:00") % {"text": text})
    return found


def text_of(field: Field) -> Callable[[str], str]:
    """Text that a model's field takes."""

    def checked(text: str) -> str:
        try:
            field.clean(text, None)
        except ValidationError as error:
            raise ArgumentTypeError("; ".join(error.messages)) from error
        if not text.isprintable() or text != text.strip():
            raise ArgumentTypeError(gettext("“%(text)s” has a space around it, or an invisible character in it") % {"text": text})
        return text

    return checked


def add_moment(parser: ArgumentParser) -> None:
    parser.add_argument("--at", metavar="MOMENT", type=moment, default=None, help="ISO 8601 with an offset; default: now")


def add_units(parser: ArgumentParser) -> None:
    parser.add_argument("--unit", metavar="UID", nargs="+", action="extend", default=[], help="uids of units")
    parser.add_argument("--units", metavar="FILE", help="a CSV with the column unit_uid; - is standard input")


def add_user(parser: ArgumentParser) -> None:
    parser.add_argument("--user", metavar="NAME", help="act as this user, with their permissions; without it the journal says system")


def at_or_now(given: datetime | None) -> datetime:
    return timezone.now() if given is None else given


def cycle_named(code: str, by: User = None) -> Cycle:
    """The cycle with this code; one without a report in the user's reach does not exist for them (semantics §9). Raises Refused."""
    cycle = Cycle.objects.select_related("version__template").filter(code=code).first()
    if cycle is None or (by is not None and not reports_in_reach(by).filter(cycle=cycle).exists()):
        raise Refused(Problem(gettext_noop("There is no cycle “%(code)s”."), {"code": code}))
    return cycle


def user_named(name: str | None) -> User:
    """The active user with this name; no name is the system. Raises Refused."""
    if name is None:
        return None
    users = get_user_model()
    try:
        return users.objects.get(**{users.USERNAME_FIELD: name, "is_active": True})
    except users.DoesNotExist:
        raise Refused(Problem(gettext_noop("There is no active user “%(name)s”."), {"name": name})) from None


def units_in_file(name: str) -> dict[str, int]:
    """The uids in a list of units, each with its line. Raises Refused with every problem, CommandError when there is no such file."""
    problems = Problems()
    lines: dict[str, int] = {}
    with opened(name) as source:
        for line, cells in read_rows(source, ["unit_uid"], [], problems):
            uid = cells["unit_uid"].strip()
            if not uid:
                problems.add(Problem(gettext_noop("The uid is empty."), line=line, column="unit_uid"))
            elif uid in lines:
                problems.add(
                    Problem(gettext_noop("This unit is there twice; line %(line)d has it first."), {"line": lines[uid]}, line, "unit_uid")
                )
            else:
                lines[uid] = line
    problems.refuse_if_any()
    return lines


@contextmanager
def opened(name: str) -> Iterator:
    """The file for reading bytes; `-` is standard input. A file that can't be read is wrong usage."""
    try:
        with open_file(name) as source:
            yield source
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}", returncode=2) from error


@contextmanager
def placed_in_file(lines: Mapping[str, int]) -> Iterator[None]:
    """Refusals about units that a file named get the line on which it did."""
    try:
        yield
    except Refused as refused:
        placed = Problems()
        placed.extend(
            problem.at(line=lines[problem.unit_uid], column=problem.column or "unit_uid") if problem.unit_uid in lines else problem
            for problem in refused.problems
        )
        placed.count = refused.problems.count
        raise Refused(placed) from refused


@contextmanager
def output(name: str | None, stdout: TextIOBase) -> Iterator[TextIOBase]:
    """Where a file goes that a command writes: FILE, or standard output for none and `-`. Half a file is never left behind."""
    if name is None or name == "-":
        yield stdout
        return
    path = Path(name)
    in_place = path.exists() and not path.is_file()
    part = path if in_place else path.resolve().with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        if not in_place:
            part.replace(path.resolve())
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}", returncode=2) from error
    finally:
        if not in_place:
            part.unlink(missing_ok=True)


def write_rows(
    command: BaseCommand, name: str | None, header: Sequence[str], rows: Iterable[Sequence[object]], *, beside: str | None = ""
) -> None:
    """Write rows as CSV to FILE, journalled as a file that somebody takes, and say how many.

    That is said on standard error where standard output is the file itself, or the one `beside` it.
    """
    count = 0
    with output(name, command.stdout) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(map(harmless, row))
            count += 1
    recording.record(recording.Action.TAKEN, "file", acting.now(), told={"columns": list(header), "rows": count, "to": name or "-"})
    said = command.stderr if {name, beside} & {None, "-"} else command.stdout
    said.write(gettext("%(count)d rows.") % {"count": count}, lambda text: text)


def usage_error(message: str) -> CommandError:
    """Wrong usage: exit 2."""
    return CommandError(message, returncode=2)


def by_level(pairs: Sequence[str]) -> dict[str, date]:
    """`LEVEL=DAY …` as given to --due. Raises CommandError."""
    days: dict[str, date] = {}
    for pair in pairs:
        level, equals, text = pair.partition("=")
        try:
            if not equals or level in days:
                raise ArgumentTypeError(
                    gettext("“%(pair)s” is no due day, or its level is there twice: write LEVEL=YYYY-MM-DD once") % {"pair": pair}
                )
            days[level] = day(text)
        except ArgumentTypeError as error:
            raise usage_error(str(error)) from error
    return days
