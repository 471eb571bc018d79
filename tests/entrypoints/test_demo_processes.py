"""The embedded system as it is run: its pages answer, and nothing of it outlives it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from danvan import embedded
from danvan.places import BASE_DIR

# The embedded system stands on SQLite, whatever server the rest of the suite runs on.
pytestmark = pytest.mark.sqlite

#: Serves an empty, migrated database: what the demo loads has tests of its own.
SERVE = """
from danvan import embedded
from danvan.supervisor import AskedToStop, ChildEnded
try:
    with embedded.running({port}) as children:
        print("running", flush=True)
        children.watch()
except AskedToStop:
    print("stopped")
except ChildEnded as ended:
    raise SystemExit(f"{{ended.name}} ended")
"""


class System:
    def __init__(self, folder: Path) -> None:
        self.port = embedded.free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE.format(port=self.port)],
            cwd=BASE_DIR,
            env=standing_alone_in(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "running\n", self.process.communicate()
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def child(self, words: str) -> psutil.Process:
        """The supervisor's own child whose command line holds the words."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if words in " ".join(child.cmdline()))

    def ended(self, seconds: float = 20) -> tuple[int, str]:
        """The exit code and all that was said, once nothing of the family lives any more."""
        out, err = self.process.communicate(timeout=seconds)
        _, alive = psutil.wait_procs(self.family, timeout=seconds)
        assert [process.cmdline() for process in alive] == []
        return self.process.returncode, out + err

    def destroy(self) -> None:
        for process in [psutil.Process(self.process.pid), *self.family] if self.process.poll() is None else self.family:
            if process.is_running():
                process.kill()


def standing_alone_in(folder: Path) -> dict[str, str]:
    return os.environ | {"VAR_DIR": str(folder), "DATABASE_URL": "", "REDIS_URL": ""}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `var/` with a migrated database and the collected files."""
    folder = tmp_path_factory.mktemp("prepared")
    for command in ("migrate", "collectstatic"):
        subprocess.run([sys.executable, "manage.py", command, "--noinput", "-v0"], cwd=BASE_DIR, env=standing_alone_in(folder), check=True)
    return folder


@pytest.fixture
def system(prepared: Path, tmp_path: Path) -> Iterator[System]:
    running = System(shutil.copytree(prepared, tmp_path / "var"))
    yield running
    running.destroy()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_ends_with_all_its_processes(system, number):
    assert embedded.answers(system.port)
    assert len(system.family) >= 4
    system.process.send_signal(number)
    assert system.ended() == (0, "stopped\n")
    assert not embedded.listens(system.port)


def test_its_children_end_when_it_is_killed_outright(system):
    system.process.kill()
    assert system.ended()[0] == -signal.SIGKILL


@pytest.mark.parametrize(("words", "name"), [("valkey-server", "broker"), ("celery -A danvan worker", "worker")])
def test_a_child_that_dies_is_named_and_ends_everything(system, words, name):
    system.child(words).kill()
    assert system.ended() == (1, f"{name} ended\n")


def test_the_scheduler_wakes_the_worker_through_the_broker(system, tmp_path):
    log = tmp_path / "var" / "log" / "worker.log"
    until = time.monotonic() + 30
    while "Task reports.tasks.drain_rollups" not in log.read_text():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.2)


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=BASE_DIR,
            env=standing_alone_in(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    assert refused.returncode == 1
    assert f"Port {port} is taken by another program. Choose another one: make demo PORT={port + 1}" in refused.stderr
    assert not (tmp_path / "danvan.sqlite3").exists()


def test_the_demo_needs_no_secret_key_and_keeps_the_one_it_made(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "VAR_DIR", tmp_path)
    made = []
    for _ in range(2):
        monkeypatch.delenv("SECRET_KEY", raising=False)
        embedded.provide_secret_key()
        made.append(os.environ["SECRET_KEY"])
    assert made[0] == made[1]
    assert len(made[0]) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_two_demos_do_not_share_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "VAR_DIR", tmp_path)
    with embedded.alone(), pytest.raises(embedded.NotStarted, match="running on"), embedded.alone():
        pass
