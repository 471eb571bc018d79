"""Programs in process groups of their own, with a log each, for tests that have to see what really happens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from danvan.places import BASE_DIR
from danvan.supervisor import _ending_with

#: seconds that a program gets to end by itself before it is killed
PATIENCE = 20.0
#: seconds between two looks, also of a server in a thread whether it is asked to end
LOOK_EVERY = 0.05
#: characters of a log that a failure shows
SHOWN = 3000


class Process:
    """A program that can be started again and again: `stop()` ends it as a deployment does, `kill()` as a loss of power does."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log_file: Path) -> None:
        self.command, self.environment, self.log_file = command, dict(environment), log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._log_begins = 0

    def start(self) -> None:
        assert not self.is_running, f"{self.command} runs already"
        with self.log_file.open("ab") as log:
            self._log_begins = log.tell()
            self._process = subprocess.Popen(
                self.command,
                cwd=BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_ending_with(os.getpid()),  # noqa: PLW1509 - or what a killed test run has started would live on
            )

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def ended_with(self) -> int | None:
        """Its exit code; None while it runs."""
        assert self._process
        return self._process.poll()

    def ended_within(self, seconds: float) -> int | None:
        """Its exit code, once it ended; None where it didn't in that time."""
        assert self._process
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end, and wait for that; whatever is left of it is killed."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
            self.kill()

    def kill(self) -> None:
        """End it and its children at once, in the middle of whatever they do."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def kill_at_once(self) -> None:
        """The same without waiting for the end, for another thread than the one that waits."""
        os.killpg(self.pid, signal.SIGKILL)

    def log(self) -> str:
        """All that it said, in every life."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def said_since_start(self, words: str) -> bool:
        with self.log_file.open("rb") as log:
            log.seek(self._log_begins)
            return words.encode() in log.read()


def wait_until(happened: Callable[[], object], what: str, seconds: float, logs: Iterable[Path] = ()) -> float:
    """Wait for an effect; how many seconds that took. AssertionError with the logs' last lines where it stays out."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if happened():
            return time.monotonic() - began
        time.sleep(LOOK_EVERY)
    ends = [f"--- {log.name} ends:\n{log.read_text(errors='replace')[-SHOWN:]}" for log in logs if log.exists()]
    raise AssertionError("\n".join([f"Waited {seconds:g} s in vain for {what}.", *ends]))
