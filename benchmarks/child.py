"""One step in a process of its own, on the database that DATABASE_URL names: `python -m benchmarks.child build 6`."""

from __future__ import annotations

import os
import sys
import time

import django


def main(words: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "danvan.settings")
    django.setup()
    match words:
        case ["build", provinces]:
            build(int(provinces))


def build(provinces: int) -> None:
    from benchmarks import country  # noqa: PLC0415 - models can be imported once Django is set up

    started = time.perf_counter()
    country.build(provinces, lambda line: print(f"{time.perf_counter() - started:7.1f} s  {line}", file=sys.stderr, flush=True))


if __name__ == "__main__":
    main(sys.argv[1:])
