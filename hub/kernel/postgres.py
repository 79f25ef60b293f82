"""PostgreSQL, for several nodes: a pool of connections, the database's own clock for leases."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from hub.errors import DatabaseUnusable, StorageFull
from hub.kernel.database import Database, Moment, Session, bound
from hub.kernel.dialect import POSTGRESQL

_MOMENT = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS ms"
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_IDLE = "SET idle_in_transaction_session_timeout = '20s'"
"""A process that stands still in the middle of a transaction must not keep its locks from the others for ever."""

_CONNECT_SECONDS = 10.0
_STREAMED_AT_ONCE = 1000
APPLICATION = "hubbub"
"""How our connections are called at the server."""

Connection = psycopg.Connection[dict[str, Any]]


class PostgresSession(Session):
    dialect = POSTGRESQL

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def _execute(self, sql: str, params: Mapping[str, Any]) -> psycopg.Cursor[dict[str, Any]]:
        return self.connection.execute(sql.encode(), params)

    def tuples(self, statement: str, **params: object) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        cursor = self.connection.cursor(row_factory=tuple_row)
        cursor.execute(self.dialect.translate(statement).encode(), bound(params))
        return tuple(column.name for column in cursor.description or ()), cursor.fetchall()

    def _execute_many(self, sql: str, rows: list[dict[str, Any]]) -> None:
        # Not executemany: it sends ahead in a pipeline, and a process that stands still in one counts as busy, so that
        # the server keeps its locks from the others for ever (_IDLE ends only what waits between two statements).
        with self.connection.cursor() as cursor:
            for row in rows:
                cursor.execute(sql.encode(), row)

    def stream(self, statement: str) -> Iterator[tuple[Any, ...]]:
        with psycopg.ServerCursor(self.connection, "stream", row_factory=tuple_row) as cursor:
            cursor.itersize = _STREAMED_AT_ONCE
            yield from cursor.execute(self.dialect.translate(statement).encode())

    def load(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self.connection.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def moment(self) -> Moment:
        row = self.connection.execute(_MOMENT).fetchone()
        return Moment(epoch="postgresql", ms=row["ms"] if row else 0)


class PostgresDatabase(Database):
    dialect = POSTGRESQL

    def __init__(self, url: str, *, connections: int = 12) -> None:
        self.url = url
        self._local = threading.local()
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            connection_class=psycopg.Connection[dict[str, Any]],
            kwargs={"row_factory": dict_row, "autocommit": True, "application_name": APPLICATION},
            min_size=1,
            max_size=connections,
            configure=_configure,
            timeout=_CONNECT_SECONDS,
            check=ConnectionPool.check_connection,
            open=False,
        )
        try:
            self._pool.open(wait=True, timeout=_CONNECT_SECONDS)
        except PoolTimeout as error:
            self._pool.close()
            raise DatabaseUnusable("unreachable", str(error)) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with _translated(), self._pool.connection() as connection:
            yield PostgresSession(connection)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if getattr(self._local, "writing", False):
            raise RuntimeError("a transaction is open in this thread already; pass its session on")
        self._local.writing = True
        try:
            with _translated(), self._pool.connection() as connection, connection.transaction():
                yield PostgresSession(connection)
        finally:
            self._local.writing = False

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        with _translated(), self._pool.connection() as connection, connection.transaction():
            connection.execute(_SNAPSHOT)
            yield PostgresSession(connection)

    def close(self) -> None:
        self._pool.close()


def _configure(connection: Connection) -> None:
    connection.execute(_IDLE)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise StorageFull("full", str(error)) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise StorageFull("read_only", str(error)) from error
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.SerializationFailure,
    ) as error:
        raise DatabaseUnusable("locked", str(error)) from error
    except psycopg.errors.DataCorrupted as error:
        raise DatabaseUnusable("damaged", str(error)) from error
    except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout, PoolTimeout) as error:
        raise DatabaseUnusable("unreachable", str(error)) from error
