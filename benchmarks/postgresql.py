"""Databases of our own on the PostgreSQL server that HUB_BENCH_POSTGRES names."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

_NUMBERS = itertools.count(1)


@contextlib.contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Make an empty database and drop it at the end; yields its URL."""
    import psycopg
    from psycopg import sql

    name = f"hub_bench_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
