"""What the engine costs at the size of a country, against yardsticks of the same run: `python -m benchmarks --help`.

Exits with 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from pathlib import Path

import psycopg

from benchmarks import results
from benchmarks.databases import Databases
from benchmarks.measuring import Line, say
from danvan.places import BASE_DIR, VAR_DIR
from tests import servers

WHOLE_COUNTRY = 63
ALL_JOBS = (
    "rebuild",
    "accept",
    "open",
    "sweep",
    "pages",
    "import",
    "workbooks",
    "look-over",
    "pack",
    "views",
    "officers",
    "reviewers",
    "reorganise",
)
#: measured on a smaller country too, to see what depends on the size
AT_TWO_SIZES = ("rebuild", "accept", "sweep", "pages")
#: measured for one province on both databases
ON_BOTH_DATABASES = ("rebuild", "accept", "open", "sweep", "import", "pages")
#: what the contents of a built country depend on
INGREDIENTS = (
    "benchmarks/country.py",
    "reports/demo",
    "reports/data",
    "reports/migrations",
    "units/data",
    "units/migrations",
    "units/hamlets.py",
)
SETTINGS = ("fsync", "synchronous_commit", "shared_buffers", "work_mem", "max_parallel_workers_per_gather", "jit")


def main() -> int:
    options = arguments()
    with servers.postgresql() as server:
        databases = Databases(server)
        facts = circumstances(server)
        say(", ".join(f"{name}: {value}" for name, value in facts.items()))
        lines = list(told(chain(measured_on_postgresql(databases, options), measured_on_sqlite(databases, options))))
    print(results.as_markdown(lines) if options.markdown else results.as_text(lines))
    if options.json:
        options.json.write_text(json.dumps({**facts, "lines": [asdict(line) for line in lines]}, ensure_ascii=False, indent=1))
    return int(any(results.verdict(line).met is False for line in lines))


def told(lines: Iterable[Line]) -> Iterator[Line]:
    """Each line, said as soon as it is there: a run of an hour that is ended early leaves what it has measured."""
    for line in lines:
        say(results.as_text([line]))
        yield line


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--provinces", type=int, default=6, metavar="N", help=f"1 to {WHOLE_COUNTRY}, the whole country (default 6)")
    parser.add_argument("--only", type=jobs_named, default=ALL_JOBS, metavar="JOB,…", help=", ".join(ALL_JOBS))
    parser.add_argument("--repeat", type=int, default=5, metavar="K", help="samples of each way (default 5)")
    parser.add_argument("--fresh", action="store_true", help="build the databases anew, though the same are there")
    parser.add_argument("--no-sqlite", action="store_true", help="leave out the comparison of one province on SQLite")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/performance.md has it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    return parser.parse_args()


def jobs_named(text: str) -> tuple[str, ...]:
    jobs = tuple(text.split(","))
    if unknown := set(jobs) - set(ALL_JOBS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
    return jobs


def measured_on_postgresql(databases: Databases, options: argparse.Namespace) -> Iterator[Line]:
    """Every job on the country; and some on a tenth of it, to see what depends on its size."""
    country = built(databases, options.provinces, fresh=options.fresh)
    at_both = [job for job in options.only if job in AT_TWO_SIZES and options.provinces > 1]
    tenth = built(databases, max(1, options.provinces // 10), fresh=options.fresh) if at_both else ""
    for job in options.only:
        here = list(measured(databases, country, job, options.repeat))
        if job not in at_both:
            yield from here
            continue
        smaller = list(measured(databases, tenth, job, options.repeat))
        for line, same in zip(here, smaller, strict=True):
            yield results.as_many_queries(line, same) if job in ("sweep", "pages") else line
            if job == "rebuild":
                yield results.per_report(line, same)
            if job == "accept":
                yield results.independent(line, same)


def measured_on_sqlite(databases: Databases, options: argparse.Namespace) -> Iterator[Line]:
    """One province on both databases."""
    jobs = [job for job in options.only if job in ON_BOTH_DATABASES and not options.no_sqlite]
    if not jobs:
        return
    file, province = built_on_sqlite(fresh=options.fresh), built(databases, 1, fresh=options.fresh)
    for job in jobs:
        with tempfile.TemporaryDirectory(prefix="danvan-bench-") as folder:
            copy = shutil.copy(file, folder)
            there = list(child_lines(f"sqlite:///{copy}", job, options.repeat))
        here = [line for line in measured(databases, province, job, options.repeat) if line.job in {each.job for each in there}]
        for line, same in zip(there, here, strict=True):
            yield results.on_sqlite(line, same)


def measured(databases: Databases, source: str, job: str, repeat: int) -> Iterator[Line]:
    """The lines of a job, on a copy of its own."""
    say(f"{job} on {source} …")
    with databases.copied(f"danvan_bench_{os.getpid()}", source) as copy:
        yield from child_lines(databases.url(copy), job, repeat)


def child_lines(url: str, job: str, repeat: int) -> Iterator[Line]:
    output = run_child(url, "measure", str(repeat), job)
    yield from (Line(**json.loads(text)) for text in output.splitlines())


def built(databases: Databases, provinces: int, *, fresh: bool) -> str:
    """A database with so many provinces. It is kept, and taken again by later runs that would build the same."""
    name = f"danvan_bench_{ingredients()}_{provinces}"
    if fresh:
        databases.drop(name)
    if databases.exists(name):
        say(f"{provinces} provinces: taken as an earlier run built them ({name}; --fresh builds them anew)")
        return name
    say(f"{provinces} provinces: being built …")
    with unfinished(databases, f"{name}_unfinished") as site:
        run_child(databases.url(site), "build", str(provinces))
        databases.rename(site, name)
    return name


@contextmanager
def unfinished(databases: Databases, name: str) -> Iterator[str]:
    databases.drop(name)
    databases.create(name)
    try:
        yield name
    finally:
        databases.drop(name)


def built_on_sqlite(*, fresh: bool) -> Path:
    file = VAR_DIR / "bench" / f"{ingredients()}.sqlite3"
    if file.exists() and not fresh:
        return file
    say("one province on SQLite: being built …")
    file.parent.mkdir(parents=True, exist_ok=True)
    site = file.with_suffix(".unfinished")
    site.unlink(missing_ok=True)
    run_child(f"sqlite:///{site}", "build", "1")
    site.rename(file)
    return file


def run_child(url: str, *words: str) -> str:
    """Run `benchmarks.child` on the database; what it prints."""
    environment = os.environ | {"DATABASE_URL": url, "REDIS_URL": "", "SECRET_KEY": "benchmarks", "ALLOWED_HOSTS": "testserver,127.0.0.1"}
    command = [sys.executable, "-m", "benchmarks.child", *words]
    return subprocess.run(command, env=environment, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True, check=True).stdout


def ingredients() -> str:
    """A name for whatever a built country is made from."""
    digest = hashlib.sha256()
    for name in INGREDIENTS:
        path = BASE_DIR / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".csv", ".json"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def circumstances(server: servers.Server) -> dict[str, str]:
    with psycopg.connect(server.url) as connection:
        settings = {name: str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in SETTINGS}  # type: ignore[index]
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=BASE_DIR, capture_output=True, text=True, check=False).stdout
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "date": datetime.now().astimezone().isoformat(timespec="minutes"),
        "commit": commit.strip(),
        "machine": f"{os.cpu_count()} cores, {memory} GiB, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "server": server.name.split(" at ")[0],
        **settings,
    }


if __name__ == "__main__":
    sys.exit(main())
