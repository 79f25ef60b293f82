"""Databases of our own on the PostgreSQL server that HUB_BENCH_POSTGRES names."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_NUMBERS = itertools.count(1)


class Server:
    """Makes, finds and drops databases by name. url: that of a database to do it from."""

    def __init__(self, url: str) -> None:
        self._url = url

    def create(self, name: str, *, template: str = "template1") -> str:
        """A new database, empty or a copy of another one; returns its URL."""
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))

    def drop(self, name: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def rename(self, name: str, new: str) -> None:
        self._run("ALTER DATABASE {} RENAME TO {}", name, new)

    def names(self, beginning: str) -> list[str]:
        """The databases whose names begin like this."""
        with self._connection() as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [beginning])
            return [name for (name,) in rows]

    def _run(self, statement: str, *names: str) -> None:
        from psycopg import sql

        with self._connection() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _connection(self) -> Any:
        import psycopg

        return psycopg.connect(self._url, autocommit=True)


@contextlib.contextmanager
def fresh_database(server: str, *, template: str = "template1") -> Iterator[str]:
    """Make a database, empty or a copy of another one, and drop it at the end; yields its URL."""
    here = Server(server)
    name = f"hub_bench_{os.getpid()}_{next(_NUMBERS)}"
    url = here.create(name, template=template)
    try:
        yield url
    finally:
        here.drop(name)
