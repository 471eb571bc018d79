"""The whole suite on SQLite and on PostgreSQL, with a real Redis: `python -m tests.run [what pytest takes]`.

What ran, where, and what did not, is said in the last lines. In CI (CI set) whatever did not run is a failure.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests import servers

STORM = "tests.faults.test_storm"
#: what runs where nothing is named: the pages in a browser have a command of their own (make test-browser)
SUITE = ["tests", "--ignore=tests/browser"]


@dataclass(frozen=True)
class Outcome:
    where: str
    exit_code: int
    passed: int = 0
    failed: int = 0
    skipped: tuple[str, ...] = ()
    storms: int = 0

    def __str__(self) -> str:
        counts = [f"{self.passed} passed"]
        counts += [f"{self.failed} failed"] if self.failed else []
        counts += [f"{len(self.skipped)} skipped"] if self.skipped else []
        counts += [f"pytest ended with {self.exit_code}"] if self.exit_code and not self.failed else []
        reasons = (f"  not run, {count}: {reason}" for reason, count in Counter(self.skipped).items())
        return "\n".join([f"{self.where}: {', '.join(counts)}", *reasons])


def main(arguments: list[str]) -> int:
    in_ci = os.environ.get("CI", "") not in ("", "0", "false")
    seed = os.environ.setdefault("FAULT_SEED", str(secrets.randbelow(1_000_000)))
    missing: list[str] = []
    outcomes: list[Outcome] = []
    with ExitStack() as started:
        try:
            redis = started.enter_context(servers.redis_server())
            redis_name, environment = redis.name, {"TEST_REDIS_URL": redis.url}
        except servers.Missing as error:
            missing.append(f"Redis: NOT THERE, its tests were not run: {error}")
            redis_name, environment = "", {}
        outcomes.append(on_sqlite(environment, arguments))
        try:
            server = started.enter_context(servers.postgresql())
            outcomes.append(on_postgresql(server, environment, arguments))
        except servers.Missing as error:
            missing.append(f"PostgreSQL: NOT RUN: {error}")
    print()
    print(*outcomes, *([redis_name] if redis_name else []), *missing, sep="\n")
    if any(outcome.storms for outcome in outcomes):
        print(f"Faults: with FAULT_SEED={seed}; a site's own PostgreSQL, Redis and mail server, once, in the run on PostgreSQL")
    incomplete = bool(missing) or any(outcome.skipped for outcome in outcomes)
    return max(*(outcome.exit_code for outcome in outcomes), int(in_ci and incomplete))


def on_sqlite(environment: dict[str, str], arguments: list[str]) -> Outcome:
    import sqlite3  # noqa: PLC0415 - only its version is asked

    return run(f"SQLite {sqlite3.sqlite_version}", environment | {"DATABASE_URL": ""}, arguments)


def on_postgresql(server: servers.Server, environment: dict[str, str], arguments: list[str]) -> Outcome:
    prefix = f"test_danvan_{secrets.token_hex(4)}"
    try:
        return run(
            server.name,
            environment | {"DATABASE_URL": server.url, "TEST_DATABASE_PREFIX": prefix},
            ["-m", "not once", *(arguments or SUITE)],
        )
    finally:
        servers.drop_databases(server.url, prefix)


def run(where: str, environment: dict[str, str], arguments: list[str]) -> Outcome:
    """pytest in a process of its own; its output goes where ours goes."""
    print(f"\n=== {where} ===", flush=True)
    with tempfile.TemporaryDirectory(prefix="danvan-tests-") as folder:
        report = Path(folder) / "report.xml"
        shared_out = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        command = [sys.executable, "-m", "pytest", *shared_out, f"--junitxml={report}", *(arguments or SUITE)]
        ended = subprocess.run(command, env=os.environ | environment, check=False)
        cases = list(ET.parse(report).iter("testcase")) if report.exists() else []  # noqa: S314 - pytest wrote it just now
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    skipped = tuple(str(mark.get("message")) for case in cases for mark in case.iter("skipped"))
    storms = sum(1 for case in cases if case.get("classname") == STORM)
    return Outcome(where, ended.returncode, len(cases) - failed - len(skipped), failed, skipped, storms)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
