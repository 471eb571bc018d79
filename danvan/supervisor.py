"""Child processes that live and die together: when one ends, or their parent does, all end."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

#: Seconds between two looks at the children.
LOOK_EVERY = 0.1
#: Seconds that a child gets to end by itself before it is killed.
PATIENCE = 10.0

PR_SET_PDEATHSIG = 1


class ChildEnded(Exception):
    """A child ended by itself, which none is meant to."""

    def __init__(self, name: str, returncode: int, log: Path) -> None:
        self.name, self.returncode, self.log = name, returncode, log
        super().__init__(name)


class AskedToStop(Exception):
    """Ctrl-C, or a signal that means the same."""


class Supervisor:
    """Starts children in process groups of their own, with a log file each; leaving the `with` block ends them all.

    Being asked to stop (SIGINT, SIGTERM, SIGHUP) raises AskedToStop where `wait_until` or `watch` is waiting.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str], directory: Path) -> None:
        self.logs, self.environment, self.directory = logs, environment, directory
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.asked_to_stop = False

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._handlers = {number: signal.signal(number, self._ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        # The handlers stay while the children end: a second Ctrl-C must not leave one behind.
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def start(self, name: str, command: list[str], configuration: str = "") -> None:
        """Start a child; `configuration` is what it reads from its standard input."""
        with self.log(name).open("wb") as log, tempfile.TemporaryFile() as configured:
            configured.write(configuration.encode())
            configured.seek(0)
            self.children[name] = subprocess.Popen(
                command,
                cwd=self.directory,
                env=self.environment,
                stdin=configured,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_ending_with(os.getpid()),  # noqa: PLW1509 - the supervisor has a single thread
            )

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Whether `ready` came true in time. Raises ChildEnded or AskedToStop instead of waiting on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._look()
            if ready():
                return True
            time.sleep(LOOK_EVERY)
        return False

    def watch(self) -> None:
        """Wait for ever: ends only by raising ChildEnded or AskedToStop."""
        while True:
            self._look()
            time.sleep(LOOK_EVERY)

    def _look(self) -> None:
        if self.asked_to_stop:
            raise AskedToStop
        for name, child in self.children.items():
            if child.poll() is not None:
                raise ChildEnded(name, child.returncode, self.log(name))

    def stop(self) -> None:
        """End the children, the last started first; whatever does not end in time, with all it started, is killed."""
        for child in reversed(self.children.values()):
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(PATIENCE)
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.children.clear()


def _ending_with(parent: int) -> Callable[[], None] | None:
    """What a child calls before it becomes its program, so that it ends even when its parent is killed outright."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie
