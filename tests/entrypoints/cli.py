"""The commands as an administrator's script meets them: arguments in; exit code and both streams out."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

from django.core.management import CommandError, get_commands, load_command_class
from django.test import override_settings

from danvan.places import BASE_DIR
from reports.models import Report
from tests import unit_builders
from tests.builders import ONE_COMMUNE
from tests.worker import database_url

INDICATOR_COLUMNS = (
    "section,code,name_vi,name_en,unit,value_type,levels,aggregate_up,aggregate_time,formula,rules,required,decimals,note,negative"
)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def problems(self) -> list[str]:
        """The lines on standard error of a command that refused."""
        assert self.code == 1, self
        assert self.out == "", self
        return self.err.splitlines()


def manage(name: str, *arguments: object, stdin: bytes = b"", language: str = "en") -> Ran:
    """`manage.py NAME ARGUMENTS` in this process and on this test's database."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err), _standard_input(stdin), override_settings(LANGUAGE_CODE=language):
        command = load_command_class(get_commands()[name], name)
        command._called_from_command_line = True  # type: ignore[attr-defined]
        try:
            options = vars(command.create_parser("manage.py", name).parse_args([str(argument) for argument in arguments]))
            command.execute(**options | {"skip_checks": True})
        except CommandError as error:
            err.write(f"{error}\n")
            code = error.returncode
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Ran(code, out.getvalue(), err.getvalue())


def done(name: str, *arguments: object, stdin: bytes = b"") -> Ran:
    """The same, of a command that has to succeed."""
    ran = manage(name, *arguments, stdin=stdin)
    assert ran.code == 0, ran
    return ran


@contextmanager
def _standard_input(content: bytes) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(content))
    try:
        yield
    finally:
        sys.stdin = before


def start(*arguments: object, language: str = "en", **streams: object) -> subprocess.Popen[bytes]:
    """`manage.py ARGUMENTS` as a process of its own on this test's database, which other processes have to see."""
    command = [sys.executable, "manage.py", *map(str, arguments)]
    environment = os.environ | {"DATABASE_URL": database_url(), "LANGUAGE_CODE": language}
    return subprocess.Popen(command, cwd=BASE_DIR, env=environment, **streams)  # type: ignore[call-overload]


def standard_levels() -> None:
    """The levels that `migrate` makes, which a test with transactions of its own has flushed."""
    unit_builders.make_standard_levels(unit_builders.Level)


def run_process(*arguments: object, stdin: bytes = b"", language: str = "en") -> Ran:
    process = start(*arguments, language=language, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(stdin, timeout=60)
    return Ran(process.returncode, out.decode(), err.decode())


def csv_of(header: str, *rows: str) -> bytes:
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def figures(*rows: str) -> bytes:
    """A file of "Reports in"."""
    return csv_of("unit_uid,indicator,value", *rows)


def template_file(*rows: str) -> bytes:
    """An indicator file; each row is `code,value_type,levels,aggregate_up,aggregate_time,formula,rules,required,decimals,negative`."""
    return csv_of(INDICATOR_COLUMNS, *(_indicator_row(*row.split(",")) for row in rows))


def _indicator_row(
    code: str, value_type: str, levels: str, up: str, time: str, formula: str = "", rules: str = "", required: str = "", decimals: str = "",
    negative: str = "",
) -> str:  # fmt: skip
    return f"A,{code},{code},,,{value_type},{levels},{up},{time},{formula},{rules},{required},{decimals},,{negative}"


def given_cycle(*indicators: str, levels: str = "hamlet|commune|district|province", code: str = "k") -> None:
    """An open cycle `k` over P > D > C > H1, H2, H3, made by commands; without indicators of a sum `a` and a decimal sum `d`."""
    unit_builders.tree(ONE_COMMUNE)
    rows = indicators or (f"a,integer,{levels},sum,flow_sum", f"d,decimal,{levels},sum,flow_sum")
    done("import_template", "-", "--code", "t", "--name", "Mẫu", "--publish", stdin=template_file(*rows))
    dues = ["province=2025-06-30", "district=2025-06-26", "commune=2025-06-20", "hamlet=2025-06-18"]
    done("open_cycle", "--template", "t", "--period", "2025-H1", "--under", "P", "--due", *dues, "--code", code)


def given_figures(*rows: str, options: Sequence[object] = ()) -> Ran:
    """Figures imported into the cycle `k`."""
    return done("import_reports", "k", "-", *options, stdin=figures(*rows))


def states() -> dict[str, str]:
    """The state of each unit's report in the cycle `k`."""
    rows = csv.DictReader(done("export_status", "k").lines)
    return {row["unit_uid"]: row["state"] for row in rows}


def own(uid: str) -> dict[str, object]:
    """What the unit has entered in the cycle `k`."""
    return Report.objects.get(cycle__code="k", unit__uid=uid).own
