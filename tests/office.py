"""LibreOffice as a person's spreadsheet: it opens a file, computes everything anew, and saves it in another form."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_office = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")

_ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>"""


def saved_by_office(file: Path, ending: str) -> Path:
    """The file as LibreOffice saves it: `xlsx`, `ods`, `xls`."""
    profile = file.parent / "profile" / "user"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "registrymodifications.xcu").write_text(_ALWAYS)
    target = file.parent / "saved"
    command = ["soffice", f"-env:UserInstallation=file://{profile.parent}", "--headless", "--convert-to", ending, "--outdir", target, file]
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=120)
    return target / f"{file.stem}.{ending}"
