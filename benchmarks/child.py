"""One process on one database, which DATABASE_URL names: `python -m benchmarks.child build 6`, and what else stands below."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import django

from benchmarks.measuring import Setting, say


def main(words: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "danvan.settings")
    django.setup()
    match words:
        case ["build", provinces]:
            build(int(provinces))
        case ["measure", repeat, *jobs]:
            measure(int(repeat), jobs)
        case ["review"]:
            from benchmarks.jobs.reviewing import review  # noqa: PLC0415 - models can be imported once Django is set up

            review()
        case ["drain"]:
            from benchmarks.jobs.reviewing import drain  # noqa: PLC0415

            drain()
        case ["look-over", folder, file]:
            from benchmarks.jobs.looking_over import look_over  # noqa: PLC0415

            look_over(Path(folder), Path(file))
        case ["pack", folder, report, ending]:
            from benchmarks.jobs.packing import pack  # noqa: PLC0415

            pack(Path(folder), int(report), ending)
        case _:
            sys.exit(f"benchmarks.child knows nothing of {words}.")


def build(provinces: int) -> None:
    from benchmarks import country  # noqa: PLC0415

    started = time.perf_counter()
    country.build(provinces, lambda line: say(f"{time.perf_counter() - started:7.1f} s  {line}"))


def measure(repeat: int, jobs: list[str]) -> None:
    """Each line measured, as JSON on standard output."""
    from benchmarks.jobs import JOBS  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="danvan-bench-") as folder:
        for job in jobs:
            for line in JOBS[job](Setting(repeat, Path(folder))):
                print(json.dumps(asdict(line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
