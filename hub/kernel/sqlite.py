"""The embedded engine: one file, one writer at a time, commits joined so that many small writes share one fsync."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hub.errors import DatabaseUnusable, HubError, StorageFull
from hub.kernel.database import Database, Moment, Row, Session, bound
from hub.kernel.dialect import SQLITE
from hub.kernel.turns import Turns

if TYPE_CHECKING:
    import sqlite3
else:
    # One SQLite for the whole process: two copies break each other's POSIX locks.
    # sqlite-utils picks the same one.
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

WAL_RESET_FIXED = (3, 51, 3)
"""From here on a WAL shared by several connections is safe (sqlite.org, fixed March 2026)."""

_BUSY_MS = 5000
_COURTESY_MS = 1000
"""How long the turn is waited for: a process that was stopped while it had it holds nobody up for longer."""

_GROUP_MOST = 100
_GROUP_SECONDS = 0.005
_GROUP_PATIENCE_SECONDS = 1.0


class SqliteSession(Session):
    dialect = SQLITE

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def all(self, statement: str, **params: object) -> list[Row]:
        # Looking up a name in a dictionary takes a tenth of what it takes in sqlite3's own Row.
        names, rows = self.tuples(statement, **params)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def tuples(self, statement: str, **params: object) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        cursor = self._execute(self.dialect.translate(statement), bound(params))
        cursor.row_factory = None
        return tuple(column[0] for column in cursor.description), cursor.fetchall()

    def _execute(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        return self.connection.execute(sql, params)

    def _execute_many(self, sql: str, rows: list[dict[str, Any]]) -> None:
        self.connection.executemany(sql, rows)

    def stream(self, statement: str) -> Iterator[tuple[Any, ...]]:
        yield from map(tuple, self.connection.execute(self.dialect.translate(statement)))

    def load(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        self.connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)  # noqa: S608

    def moment(self) -> Moment:
        return Moment(epoch=boot_id(), ms=time.monotonic_ns() // 1_000_000)


class _Group:
    """Transactions that share one commit."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.size = 0
        self.committed = threading.Event()
        self.error: Exception | None = None


class SqliteDatabase(Database):
    """Reads on one connection per thread; writes on one connection per process, in joined commits."""

    dialect = SQLITE

    def __init__(self, file: Path, *, busy_ms: int | None = None) -> None:
        self.file = file
        self._busy_ms = busy_ms
        self._local = threading.local()
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None
        self._writer = connect(file, busy_ms=busy_ms)
        self._turns = Turns(file)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = SqliteSession(connect(self.file, busy_ms=self._busy_ms))
        with _translated():
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if getattr(self._local, "writing", False):
            raise RuntimeError("a transaction is open in this thread already; pass its session on")
        group = self._join()
        self._local.writing = True
        try:
            with _translated():
                self._writer.execute("SAVEPOINT work")
                yield SqliteSession(self._writer)
                self._writer.execute("RELEASE work")
        except BaseException as error:
            self._undo(group, error)
            self._leave(group)
            raise
        finally:
            self._local.writing = False
        self._leave(group, wait=True)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        with _translated(), closing(connect(self.file, busy_ms=self._busy_ms)) as connection:
            connection.execute("BEGIN")
            yield SqliteSession(connection)

    def close(self) -> None:
        with self._turn:
            self._writer.close()
            self._turns.close()
        session = getattr(self._local, "session", None)
        if session is not None:
            session.connection.close()

    def _join(self) -> _Group:
        with self._count:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._count:
                self._waiting -= 1
        try:
            if self._group is None:
                self._begin()
                self._group = _Group()
        except BaseException:
            self._turn.release()
            raise
        self._group.size += 1
        return self._group

    def _begin(self) -> None:
        self._turns.take(min(_BUSY_MS if self._busy_ms is None else self._busy_ms, _COURTESY_MS) / 1000)
        try:
            with _translated():
                self._writer.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._turns.give_back()
            raise

    def _undo(self, group: _Group, error: BaseException) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK TO work")
            self._writer.execute("RELEASE work")
        else:
            # SQLite gave up the whole transaction (disk full, I/O error): whoever shares it must know.
            group.error = error if isinstance(error, HubError) else DatabaseUnusable("damaged", str(error))

    def _leave(self, group: _Group, *, wait: bool = False) -> None:
        """Hand the open transaction to the next in line, or commit it for all who share it."""
        joined = self._waiting and group.size < _GROUP_MOST and time.monotonic() - group.began < _GROUP_SECONDS
        if joined and group.error is None:
            self._turn.release()
        else:
            self._commit(group)
            self._turn.release()
        if wait:
            self._await(group)
            if group.error is not None:
                raise group.error

    def _await(self, group: _Group) -> None:
        """Wait until the next in line has committed; where it died on the way here, commit in its place."""
        while not group.committed.wait(_GROUP_PATIENCE_SECONDS):
            if self._turn.acquire(blocking=False):
                try:
                    if self._group is group:
                        self._commit(group)
                finally:
                    self._turn.release()

    def _commit(self, group: _Group) -> None:
        try:
            if self._writer.in_transaction:
                self._writer.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            group.error = translate(error)
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        finally:
            self._turns.give_back()
            self._group = None
            group.committed.set()


def connect(file: Path, *, busy_ms: int | None = None) -> sqlite3.Connection:
    """Open the file with the pragmas everything relies on. Raises DatabaseUnusable or StorageFull.

    busy_ms: how long a statement waits for another process that writes.
    """
    busy_ms = _BUSY_MS if busy_ms is None else busy_ms
    with _translated():
        connection = sqlite3.connect(file, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout={busy_ms}")
        connection.execute(f"PRAGMA journal_mode={'WAL' if wal_is_safe() else 'DELETE'}")
        # An acknowledged message or a lost "sent" mark must survive a power cut.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA mmap_size=0")
        connection.execute("PRAGMA cache_size=-32768")
    return connection


@contextmanager
def open_file(file: Path, *, mode: str = "rw") -> Iterator[SqliteSession]:
    """A database file that nobody else has open, such as a backup: no WAL, and rows are checked against each other
    only when somebody asks. `mode`: ro, rw or rwc, as SQLite names them. Raises as `connect` does."""
    with _translated(), closing(sqlite3.connect(f"file:{quote(str(file))}?mode={mode}", uri=True)) as connection:
        connection.isolation_level = None
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA mmap_size=0")
        yield SqliteSession(connection)


def copy_consistently(file: Path, copy: Path) -> None:
    """Write what is committed at this moment into a file that is empty or not there; writers go on meanwhile."""
    with _translated(), closing(connect(file)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def is_refused(error: Exception) -> bool:
    """Whether SQLite would not take a row as it is: a wrong type, a broken rule, a key that is there already."""
    refused = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
    return isinstance(error, (*refused, OverflowError))


def settle_journal(file: Path) -> None:
    """Bring what stands in the journals into the file itself, so that it is whole without them."""
    with _translated(), closing(connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def wal_is_safe() -> bool:
    return sqlite3.sqlite_version_info >= WAL_RESET_FIXED


@functools.cache
def boot_id() -> str:
    """Name this boot of the machine, so that monotonic times of another boot are not compared with ours."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        # Without the kernel's id the process start is all we know: claims of an earlier run are free at once.
        return f"process-{time.monotonic_ns()}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        meant = translate(error)
        if meant is error:
            raise
        raise meant from error


def translate(error: sqlite3.DatabaseError) -> HubError | sqlite3.DatabaseError:
    """Turn an engine's failure into an instruction; a mistake in a statement stays what it is."""
    text = str(error).lower()
    if "locked" in text or "busy" in text:
        return DatabaseUnusable("locked", str(error))
    if "readonly" in text or "unable to open" in text:
        return StorageFull("read_only", str(error))
    if "is full" in text or "disk i/o" in text:
        return StorageFull("full", str(error))
    if "malformed" in text or "not a database" in text:
        return DatabaseUnusable("damaged", str(error))
    return error
