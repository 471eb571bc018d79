"""Holds the locked versions against known advisories, without a network: the list stands beside this file.

    python -m tools.advisories                 what of requirements*.txt is known to be vulnerable; exit 1 if anything is
    python -m tools.advisories take FILE.zip   make the list anew from OSV's dump of PyPI, which holds PyPA's and GitHub's advisories

The dump is a file that OSV publishes for each ecosystem (osv.dev, "data dumps"); its format is the OSV schema 1.x.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

HERE = Path(__file__).parent
LIST = HERE / "advisories.json"
LOCKS = tuple(HERE.parent / name for name in ("requirements.txt", "requirements-dev.txt"))


def locked(files: Iterable[Path] = LOCKS) -> dict[str, Version]:
    """The exact version of each package in the lock files."""
    found = (match for file in files for match in re.finditer(r"^([\w.-]+)==([^\s;\\]+)", file.read_text(), re.MULTILINE))
    return {canonicalize_name(match[1]): Version(match[2]) for match in found}


def known(file: Path = LIST) -> dict[str, Any]:
    """The list: `as_of`, `source`, `advisories`, and `accepted`, by id with the reason why it doesn't concern us."""
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def findings(versions: dict[str, Version], listed: dict[str, Any]) -> list[str]:
    """Each locked package that an advisory concerns and nobody has accepted, a line each."""
    return [
        f"{each['package']} {versions[each['package']]}: {each['id']} ({fixed_in(each)})"
        for each in listed["advisories"]
        if each["package"] in versions and each["id"] not in listed["accepted"] and concerns(each, versions[each["package"]])
    ]


def concerns(advisory: dict[str, Any], version: Version) -> bool:
    """Does it speak of this version?"""
    return str(version) in advisory.get("versions", ()) or any(_within(each, version) for each in advisory.get("ranges", ()))


def fixed_in(advisory: dict[str, Any]) -> str:
    fixed = [each["fixed"] for each in advisory.get("ranges", ()) if "fixed" in each]
    return f"fixed in {', '.join(fixed)}" if fixed else "not fixed"


def _within(span: dict[str, str], version: Version) -> bool:
    if span["introduced"] != "0" and version < Version(span["introduced"]):
        return False
    if "fixed" in span:
        return version < Version(span["fixed"])
    return "last_affected" not in span or version <= Version(span["last_affected"])


def taken_from(dump: Path, packages: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The dump's advisories on these packages that were not withdrawn, in our short form."""
    wanted = set(packages)
    with ZipFile(dump) as archive:
        for name in sorted(archive.namelist()):
            entry = json.loads(archive.read(name))
            for affected in entry.get("affected", ()) if not entry.get("withdrawn") else ():
                package = canonicalize_name(affected["package"]["name"])
                if affected["package"]["ecosystem"] == "PyPI" and package in wanted:
                    yield {"id": entry["id"], "package": package, **_spans(affected)}


def _spans(affected: dict[str, Any]) -> dict[str, Any]:
    """Ranges where all their ends are versions; else the versions one by one."""
    ranges = [span for each in affected.get("ranges", ()) if each["type"] == "ECOSYSTEM" for span in _pairs(each["events"])]
    try:
        for span in ranges:
            for end in span.values():
                Version(end)
    except InvalidVersion:
        ranges = []
    return {"ranges": ranges} if ranges else {"versions": affected.get("versions", [])}


def _pairs(events: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    span: dict[str, str] = {}
    for event in events:
        if "introduced" in event:
            if span:
                yield span
            span = dict(event)
        else:
            yield span | event
            span = {}
    if span:
        yield span


def main(arguments: list[str]) -> int:
    versions, listed = locked(), known()
    if arguments[:1] == ["take"]:
        listed |= {"as_of": f"{datetime.now(UTC):%Y-%m-%d}", "source": f"OSV's dump of PyPI ({Path(arguments[1]).name})"}
        listed["advisories"] = list(taken_from(Path(arguments[1]), versions))
        LIST.write_text(json.dumps(listed, indent=1) + "\n")
    found = findings(versions, listed)
    held = f"{len(versions)} locked packages held against {len(listed['advisories'])} advisories as of {listed['as_of']}"
    print(*found, f"{held} ({listed['source']}).", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
