"""Word files as PDF, by LibreOffice: the same pages, its fonts embedded, its words searchable.

Each conversion has a profile of its own, so that two never meet, and a limit of time, after which all that it started is ended. On
one machine only so many run at once, whoever asks: the rest wait their turn, as long as they have patience.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from units.problems import Problem, Refused, gettext_noop

#: seconds for one conversion, of one file or of several
TIME_LIMIT = 60
#: seconds for which somebody who looks at the page waits for their turn, and a job in the background
PATIENCE, PATIENCE_OF_JOBS = 8, 1800
#: seconds after which nobody works in a folder any more
_ABANDONED = 3600
_BETWEEN_TRIES = 0.1
_PREFIX = "danvan-pdf-"
#: Liberation 1.07 lacks 92 Vietnamese letters. Where both are installed, fontconfig may choose either; this leaves it out.
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<selectfont><rejectfont><glob>/usr/share/fonts/truetype/liberation/*</glob></rejectfont></selectfont>
<cachedir>{cache}</cachedir></fontconfig>
"""


def is_installed() -> bool:
    return shutil.which(settings.SOFFICE) is not None


def as_pdf(documents: Mapping[str, bytes], *, patience: float | None = None) -> dict[str, bytes]:
    """Word files by name, as PDF by the same name, in one run.

    Raises Refused where LibreOffice is missing, fails or takes too long, or where others kept it busy for `patience` seconds (PATIENCE).
    """
    program = shutil.which(settings.SOFFICE)
    if program is None:
        message = gettext_noop(
            "LibreOffice is not installed on the server, so that no PDF can be made: take the Word file, or have it installed."
        )
        raise Refused(Problem(message))
    _forget_abandoned()
    with _turn(PATIENCE if patience is None else patience), tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        place = Path(folder)
        files = {name: place / f"{number}.docx" for number, name in enumerate(documents)}
        for name, file in files.items():
            file.write_bytes(documents[name])
        _convert(program, place, list(files.values()))
        made = {name: file.with_suffix(".pdf") for name, file in files.items()}
        if not all(file.is_file() for file in made.values()):
            raise Refused(Problem(gettext_noop("LibreOffice could not make the PDF: take the Word file, and tell an administrator.")))
        return {name: file.read_bytes() for name, file in made.items()}


@contextmanager
def _turn(patience: float) -> Iterator[None]:
    """One of the places of this machine. They are locked files: whoever is killed gives theirs back."""
    places = Path(settings.VAR_DIR) / "office"
    places.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + patience
    while True:
        for number in range(settings.SOFFICE_AT_ONCE):
            with (places / f"place-{number}").open("w") as place:
                try:
                    fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield
                return
        if time.monotonic() >= until:
            message = gettext_noop("Others are having PDFs made just now: try again in a minute, or take the Word file.")
            raise Refused(Problem(message))
        time.sleep(_BETWEEN_TRIES)


def _forget_abandoned() -> None:
    """Delete the folders of processes that were killed in the middle: nobody else would."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)


def _convert(program: str, place: Path, files: list[Path]) -> None:
    (place / "fonts.conf").write_text(_FONTS.format(cache=Path(tempfile.gettempdir()) / "danvan-fontconfig"))
    profile = [f"-env:UserInstallation={(place / 'profile').as_uri()}", "--headless", "--norestore", "--nolockcheck"]
    # Should this process be killed meanwhile, `timeout` ends what it started.
    command = [
        "timeout",
        "--signal=KILL",
        str(TIME_LIMIT + 5),
        program,
        *profile,
        "--convert-to",
        "pdf:writer_pdf_Export",
        "--outdir",
        str(place),
        *map(str, files),
    ]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(place), "LANG": "C.UTF-8", "FONTCONFIG_FILE": str(place / "fonts.conf")}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=place, env=environment, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        process.wait(TIME_LIMIT)
    except subprocess.TimeoutExpired:
        message = gettext_noop("LibreOffice took longer than %(seconds)d seconds for the PDF: try again, or take the Word file.")
        raise Refused(Problem(message, {"seconds": TIME_LIMIT})) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # soffice starts children of its own
        process.wait()
