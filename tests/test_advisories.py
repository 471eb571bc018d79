"""What is locked is held against known advisories; the list is taken from OSV's dump."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.version import Version

from tools import advisories


def test_nothing_that_is_locked_is_known_to_be_vulnerable():
    assert advisories.findings(advisories.locked(), advisories.known()) == []


@pytest.mark.parametrize(
    ("events", "version", "is_concerned"),
    [
        ([{"introduced": "0"}, {"fixed": "2.0"}], "1.9", True),
        ([{"introduced": "0"}, {"fixed": "2.0"}], "2.0", False),
        ([{"introduced": "1.5"}], "1.4.9", False),
        ([{"introduced": "1.5"}], "99", True),
        ([{"introduced": "1.0"}, {"fixed": "1.2"}, {"introduced": "2.0"}, {"fixed": "2.1"}], "1.5", False),
        ([{"introduced": "1.0"}, {"fixed": "1.2"}, {"introduced": "2.0"}, {"fixed": "2.1"}], "2.0.5", True),
        ([{"introduced": "0"}, {"last_affected": "1.3"}], "1.3", True),
        ([{"introduced": "0"}, {"last_affected": "1.3"}], "1.3.1", False),
    ],
)
def test_a_range_of_the_dump_is_read_as_osv_means_it(events: list[dict[str, str]], version: str, is_concerned: bool, tmp_path: Path):
    affected = {"package": {"ecosystem": "PyPI", "name": "Some.Package"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    dump = dumped(tmp_path, {"id": "X-1", "affected": [affected]})
    (taken,) = advisories.taken_from(dump, ["some-package"])
    listed = {"advisories": [taken], "accepted": {}}
    assert bool(advisories.findings({"some-package": Version(version)}, listed)) == is_concerned
    assert advisories.findings({"some-package": Version(version)}, listed | {"accepted": {"X-1": "why"}}) == []


def test_of_the_dump_only_what_concerns_us_and_stands_is_taken_and_versions_that_are_none_go_one_by_one(tmp_path: Path):
    package, odd = {"ecosystem": "PyPI", "name": "mine"}, [{"introduced": "0"}, {"fixed": "not-a-version"}]
    told = {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": odd}], "versions": ["1.1"]}
    dump = dumped(
        tmp_path,
        {"id": "A", "affected": [told]},
        {"id": "B", "withdrawn": "2026-01-01T00:00:00Z", "affected": [told]},
        {"id": "C", "affected": [told | {"package": package | {"name": "another"}}]},
    )
    assert list(advisories.taken_from(dump, ["mine"])) == [{"id": "A", "package": "mine", "versions": ["1.1"]}]


def dumped(folder: Path, *entries: dict[str, Any]) -> Path:
    with ZipFile(folder / "all.zip", "w") as archive:
        for entry in entries:
            archive.writestr(f"{entry['id']}.json", json.dumps(entry))
    return folder / "all.zip"
