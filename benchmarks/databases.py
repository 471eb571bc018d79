"""Databases that measurements are taken on: made on a server, copied, and dropped. Nothing here needs Django."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier

from tests.servers import Server


@dataclass(frozen=True, slots=True)
class Databases:
    """The databases of one server."""

    server: Server

    def url(self, name: str) -> str:
        return urlsplit(self.server.url)._replace(path=f"/{name}").geturl()

    def exists(self, name: str) -> bool:
        with self._connection() as connection:
            return connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def create(self, name: str, template: str = "template0") -> None:
        """An empty database, or a copy of one that nobody is connected to."""
        with self._connection() as connection:
            connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))

    def rename(self, name: str, to: str) -> None:
        with self._connection() as connection:
            connection.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(name), Identifier(to)))

    def drop(self, name: str) -> None:
        with self._connection() as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))

    @contextmanager
    def copied(self, name: str, source: str) -> Iterator[str]:
        """The name of a copy of `source`, until the end of the block."""
        self.drop(name)
        self.create(name, source)
        try:
            yield name
        finally:
            self.drop(name)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            yield connection
