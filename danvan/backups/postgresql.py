"""A database of PostgreSQL as a stream, and back: pg_dump of one snapshot, pg_restore into a database of its own, and a change of names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import PurePath
from typing import IO, Any, cast

import psycopg
from django.db import connection, transaction
from psycopg import sql
from psycopg.conninfo import make_conninfo

from units.problems import Problem, Refused, gettext_noop

#: seconds for which pg_dump waits for a migration that holds a table
PATIENCE = 120
_CHUNK = 2**18
_LOCK = "danvan.restore"


def server() -> str:
    """What answers, and its version."""
    with _beside_ours() as others:
        return f"PostgreSQL {others.info.parameter_status('server_version')}"


# --- Out -------------------------------------------------------------------------------------------


@contextmanager
def snapshot(without_rows_of: Sequence[str]) -> Iterator[Iterator[bytes]]:
    """The database as of one moment: for this thread's Django until the end of the block, and as the stream that it gives.

    Nobody waits for it but a migration. Of the tables named only the definition is in the stream. Raises Refused without a fit pg_dump.
    """
    pg_dump = _program("pg_dump")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone()
        left_out = [f"--exclude-table-data={table}" for table in without_rows_of]
        words = [pg_dump, "--format=custom", f"--snapshot={name}", f"--lock-wait-timeout={PATIENCE}s", *left_out]
        yield _said_by(words, _ours())


def _said_by(words: Sequence[str], database: str) -> Iterator[bytes]:
    """What a program writes, once it ended well. Raises Refused with what it complained of."""
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(
            [*words, f"--dbname={_address(database)}"], env=_environment(), stdout=subprocess.PIPE, stderr=complaints
        ) as program:
            output = cast(IO[bytes], program.stdout)
            try:
                while chunk := output.read(_CHUNK):
                    yield chunk
            except BaseException:
                program.kill()
                raise
        _refuse_failed(words[0], program.returncode, complaints)


# --- In --------------------------------------------------------------------------------------------


@contextmanager
def one_restore_at_a_time() -> Iterator[None]:
    """Hold the name under which a backup is loaded. Raises Refused where another one holds it."""
    with _beside_ours() as others:
        taken = others.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"{_LOCK} {_ours()}"]).fetchone()
        if not (taken and taken[0]):
            raise Refused(Problem(gettext_noop("Another restore is running on this server: wait for its end.")))
        yield


def exists() -> bool:
    with _beside_ours() as others:
        return _is_there(others, _ours())


def is_empty() -> bool:
    """Whether the database that the settings name has no table, or isn't there."""
    return not exists() or not connection.introspection.table_names()


def load(chunks: Iterable[bytes], suffix: str) -> str:
    """Load a stream into a new database beside ours; its name. One of that name that was left behind is dropped. Raises Refused."""
    pg_restore, name = _program("pg_restore"), beside(suffix)
    with _beside_ours() as others:
        _may_create(others)
        others.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        others.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
    words = [pg_restore, "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={_address(name)}"]
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(words, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints) as program:
            target = cast(IO[bytes], program.stdin)
            try:
                for chunk in chunks:
                    target.write(chunk)
                target.close()
            except BrokenPipeError:
                pass  # it ended: what it complained of says why
            except BaseException:
                program.kill()
                raise
        _refuse_failed(pg_restore, program.returncode, complaints)
    with another_connection(name) as loaded:
        loaded.execute("ANALYZE")
    return name


def put_in_place(loaded: str, kept_as: str) -> bool:
    """Give the loaded database our name, and ours that suffix, both at once; whether there was one. Raises Refused while ours is in use."""
    connection.close()
    with _beside_ours() as others, others.transaction():
        there = _is_there(others, _ours())
        if there:
            _refuse_while_used(others)
            _rename(others, _ours(), beside(kept_as))
        _rename(others, loaded, _ours())
    return there


def refuse_while_used() -> None:
    """Raises Refused where anybody else is connected to our database."""
    connection.close()
    with _beside_ours() as others:
        _refuse_while_used(others)


def drop(name: str) -> None:
    connection.close()
    with _beside_ours() as others:
        others.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def beside(suffix: str) -> str:
    """A name beside ours, within PostgreSQL's 63 bytes."""
    return f"{_ours()[: 62 - len(suffix)]}_{suffix}"


def _ours() -> str:
    return str(connection.settings_dict["NAME"])


def _rename(others: psycopg.Connection[Any], name: str, new_name: str) -> None:
    others.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new_name)))


def _is_there(others: psycopg.Connection[Any], name: str) -> bool:
    return others.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _refuse_while_used(others: psycopg.Connection[Any]) -> None:
    found = others.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [_ours()]).fetchone()
    if found and found[0]:
        message = gettext_noop("%(count)d connections use the database: stop web server, worker and scheduler first.")
        raise Refused(Problem(message, {"count": found[0]}))


def _may_create(others: psycopg.Connection[Any]) -> None:
    found = others.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if not (found and found[0]):
        message = gettext_noop("The account %(name)s may not create databases. As PostgreSQL's administrator: ALTER ROLE %(name)s CREATEDB")
        raise Refused(Problem(message, {"name": connection.settings_dict["USER"]}))


# --- Programs and connections ------------------------------------------------------------------------


@contextmanager
def another_connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database of our server that Django knows nothing of."""
    words = _words(database) | {"password": connection.settings_dict["PASSWORD"]}
    with psycopg.connect(autocommit=True, **{name: value for name, value in words.items() if value}) as made:
        yield made


def _beside_ours() -> AbstractContextManager[psycopg.Connection[Any]]:
    """From where ours can be made and renamed."""
    return another_connection("postgres" if _ours() != "postgres" else "template1")


def _words(database: str) -> dict[str, Any]:
    """How to reach a database of our server, as libpq's words without the password."""
    known = {each.keyword.decode() for each in psycopg.pq.Conninfo.get_defaults()}
    words = connection.get_connection_params()
    return {name: value for name, value in words.items() if name in known - {"password"}} | {"dbname": database}


def _address(database: str) -> str:
    return make_conninfo(**_words(database))


def _environment() -> dict[str, str]:
    """A password never stands in a command line, which everybody on the machine may read."""
    password = connection.settings_dict["PASSWORD"]
    return os.environ | ({"PGPASSWORD": password} if password else {}) | {"LC_ALL": "C"}


def _program(name: str) -> str:
    """The program, not older than the server. Raises Refused."""
    with _beside_ours() as others:
        ours = others.info.server_version // 10_000
    found = shutil.which(name)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else ""
    version = re.search(r"(\d+)[.\d]*", said)
    if found is None or version is None or int(version[1]) < ours:
        message = gettext_noop("%(name)s %(ours)s or newer is needed, and %(found)s is on the PATH. On Debian: postgresql-client-%(ours)s")
        raise Refused(Problem(message, {"name": name, "ours": ours, "found": version[1] if version else "–"}))
    return found


def _refuse_failed(program: str, code: int, complaints: Any) -> None:
    if code:
        complaints.seek(0)
        said = " ".join(complaints.read().decode(errors="replace").split())
        message = gettext_noop("%(program)s ended with %(code)d: %(said)s")
        raise Refused(Problem(message, {"program": PurePath(program).name, "code": code, "said": said[-1000:]}))
