"""One way to talk to the store, whichever engine it is: sessions run statements, transactions commit them."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hub.errors import DatabaseUnusable
from hub.kernel.clock import to_micros
from hub.kernel.dialect import Dialect

if TYPE_CHECKING:
    from hub.kernel.config import Config

Row = Mapping[str, Any]

_AS_THEY_ARE = frozenset({int, type(None)})
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The time leases are measured in: milliseconds that no wall clock can turn back.

    epoch: the boot of this machine on SQLite; moments of another epoch cannot be compared and count as past.
    """

    epoch: str
    ms: int


class Session(ABC):
    """Runs statements on one connection. Parameters may be datetimes (stored as microseconds) and lists (as JSON).

    Texts from outside may hold anything: what an engine could not store becomes U+FFFD (see `storable`).
    """

    dialect: Dialect

    @abstractmethod
    def _execute(self, sql: str, params: Mapping[str, Any]) -> Any:
        """Run one translated statement and return the cursor."""

    @abstractmethod
    def _execute_many(self, sql: str, rows: list[dict[str, Any]]) -> None: ...

    @abstractmethod
    def moment(self) -> Moment:
        """Now, for leases."""

    def all(self, statement: str, **params: object) -> list[Row]:
        rows: list[Row] = self._execute(self.dialect.translate(statement), bound(params)).fetchall()
        return rows

    @abstractmethod
    def tuples(self, statement: str, **params: object) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The names of the columns and the rows bare: for what is made once for as long as its row says the same."""

    def one(self, statement: str, **params: object) -> Row | None:
        row: Row | None = self._execute(self.dialect.translate(statement), bound(params)).fetchone()
        return row

    def run(self, statement: str, **params: object) -> int:
        """Run a statement that returns no rows; returns how many rows it touched."""
        touched: int = self._execute(self.dialect.translate(statement), bound(params)).rowcount
        return touched

    def insert(self, statement: str, **params: object) -> int:
        """Run an INSERT … RETURNING id and return the id."""
        row = self.one(statement, **params)
        if row is None:
            raise LookupError("the statement returned no id")
        return int(row["id"])

    def many(self, statement: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Run one statement for each row of parameters."""
        self._execute_many(self.dialect.translate(statement), [bound(row) for row in rows])

    @abstractmethod
    def stream(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement as bare tuples, one by one, however many there are; one stream at a time."""

    @abstractmethod
    def load(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Put many whole rows into a table, the fastest way the engine has; names come from the schema itself."""


class Database(ABC):
    """The store of one installation. Safe to share between threads; sessions are not."""

    dialect: Dialect

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """A session for reading what is committed."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Session]:
        """A session whose work is durable when the block ends, or undone when it raises. Short; no network inside."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Session]:
        """A session that sees one moment of the whole store, whatever is written while it reads."""

    @abstractmethod
    def close(self) -> None: ...


def open_database(config: Config) -> Database:
    """Connect to the configured engine. Raises DatabaseUnusable or StorageFull."""
    if config.database_url:
        try:
            from hub.kernel.postgres import PostgresDatabase
        except ModuleNotFoundError as error:
            raise DatabaseUnusable("no_driver", str(error)) from error
        return PostgresDatabase(config.database_url)
    from hub.kernel.sqlite import SqliteDatabase

    return SqliteDatabase(config.database_file)


def storable(text: str) -> str:
    """Replace what one of the engines cannot hold, NUL and lone surrogates, by U+FFFD."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def bound(params: Mapping[str, object]) -> dict[str, Any]:
    """Parameters in the form both engines take."""
    # Most values are of these types, and a page of messages binds thousands: what `storable` would see at a glance is
    # seen here.
    return {
        name: value
        if type(value) in _AS_THEY_ARE or (type(value) is str and value.isascii() and "\0" not in value)
        else _bind(value)
        for name, value in params.items()
    }


def _bind(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, datetime):
        return to_micros(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return json.dumps([_bind(each) for each in value])
    return value
