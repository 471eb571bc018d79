"""The site that the browser looks at: the demo's data, served by gunicorn as in life, in a folder that a test may spoil."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from danvan import embedded
from danvan.places import BASE_DIR
from tests.processes import Process, wait_until

#: what the site takes for now when it starts
MOMENT = datetime(2026, 11, 20, 3, tzinfo=UTC)
STARTS_WITHIN = 60.0


@dataclass(frozen=True)
class Site:
    url: str
    #: ids by what the tests call them (prepare.py)
    places: dict[str, Any]
    environment: dict[str, str]

    def work(self) -> None:
        """Do what waits in the background, for which no worker runs here."""
        command = [*embedded.python("django"), "run_background_jobs"]
        subprocess.run(command, cwd=BASE_DIR, env=self.environment, check=True, capture_output=True)


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.browser.site_settings",
        "VAR_DIR": str(folder),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "CLOCK_AHEAD": str(MOMENT.timestamp() - time.time()),
    }


def prepared(shared: Path) -> Path:
    """The folder with the demo, made by the first of the run's processes that asks for it; the others wait."""
    folder = shared / "demo-for-browser"
    with (shared / "demo-for-browser.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "places.json").exists():
            command = [sys.executable, "-m", "tests.browser.prepare"]
            subprocess.run(command, cwd=BASE_DIR, env=environment(folder), check=True)
    return folder


@contextmanager
def running_site(demo: Path, folder: Path, port: int = 0, **settings: str) -> Iterator[Site]:
    """A copy of the demo behind a web server of its own, until the end of the block; with these settings beside the demo's."""
    shutil.copytree(demo, folder, dirs_exist_ok=True)
    port = port or embedded.free_port()
    command = [*embedded.python("gunicorn"), "danvan.wsgi", *embedded.gunicorn_options(port)]
    of_site = environment(folder) | settings
    web = Process(command, of_site, folder / "web.log")
    web.start()
    try:
        wait_until(lambda: embedded.answers(port), "the pages", STARTS_WITHIN, [web.log_file])
        yield Site(f"http://{embedded.HOST}:{port}", json.loads((folder / "places.json").read_text()), of_site)
    finally:
        web.kill()
