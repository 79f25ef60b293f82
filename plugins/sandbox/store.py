"""The sandbox network's own file: every statement on it, committed before the network answers.

It is a stranger to the hub's database: own connection, own transactions, and several processes at once.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hub.connector import Visibility
from hub.kernel.clock import from_micros, to_micros
from hub.kernel.sqlite import connect, translate

from .model import Arrival, Intent, Person, Schedule, Utterance, Words

if TYPE_CHECKING:
    import sqlite3

_BEGIN = "BEGIN IMMEDIATE"
_VERSION = "PRAGMA user_version"
_SET_VERSION = "PRAGMA user_version = 1"
_SCHEMA = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TABLE people (
        key TEXT PRIMARY KEY, handle TEXT NOT NULL UNIQUE, name TEXT NOT NULL, language TEXT NOT NULL) STRICT""",
    """CREATE TABLE schedules (
        account TEXT PRIMARY KEY, next_at INTEGER NOT NULL, started INTEGER NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE posts (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, author TEXT NOT NULL REFERENCES people (key),
        account TEXT NOT NULL, parent_id TEXT, addressed INTEGER NOT NULL, words TEXT NOT NULL,
        revision INTEGER NOT NULL, created_at INTEGER NOT NULL, edited_at INTEGER, deleted_at INTEGER,
        closed_at INTEGER, reserved TEXT, altered TEXT NOT NULL DEFAULT '{}') STRICT""",
    "CREATE INDEX posts_by_parent ON posts (parent_id)",
    """CREATE TABLE changes (
        number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, post_id TEXT NOT NULL, at INTEGER NOT NULL,
        gone INTEGER NOT NULL) STRICT""",
    "CREATE INDEX changes_by_account ON changes (account, number)",
    """CREATE TABLE arrivals (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, account TEXT NOT NULL, reserved TEXT,
        parent TEXT NOT NULL, text TEXT NOT NULL, visibility TEXT NOT NULL, remote_id TEXT NOT NULL,
        warning TEXT NOT NULL, pictures TEXT NOT NULL, quotes INTEGER NOT NULL) STRICT""",
    "CREATE UNIQUE INDEX arrivals_by_reserved ON arrivals (account, reserved)",
    """CREATE TABLE intents (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL, account TEXT NOT NULL, intent TEXT NOT NULL) STRICT""",
    """CREATE TABLE marks (
        account TEXT NOT NULL, post_id TEXT NOT NULL, mark TEXT NOT NULL,
        PRIMARY KEY (account, post_id, mark)) STRICT""",
    "CREATE TABLE faults (number INTEGER PRIMARY KEY, gate TEXT NOT NULL, fault TEXT NOT NULL) STRICT",
)

_FACT = "SELECT value FROM facts WHERE name = :name"
_SET_FACT = "INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"
_PERSON = "SELECT key, handle, name, language FROM people WHERE key = :key"
_ADD_PERSON = """
    INSERT INTO people (key, handle, name, language) VALUES (:key, :handle, :name, :language)
    ON CONFLICT DO NOTHING"""
_SCHEDULE = "SELECT account, next_at, started FROM schedules WHERE account = :account"
_SET_SCHEDULE = """
    INSERT INTO schedules (account, next_at, started) VALUES (:account, :next_at, :started)
    ON CONFLICT (account) DO UPDATE SET next_at = :next_at, started = :started"""
_NEXT_NUMBER = "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM posts"
_ADD_POST = """
    INSERT INTO posts (id, author, account, parent_id, addressed, words, revision, created_at, reserved)
    VALUES (:id, :author, :account, :parent_id, :addressed, :words, 1, :created_at, :reserved)"""
_POST = """
    SELECT posts.*, people.key, people.handle, people.name, people.language
    FROM posts JOIN people ON people.key = posts.author WHERE posts.id = :id"""
_EDIT_POST = "UPDATE posts SET words = :words, revision = revision + 1, edited_at = :at WHERE id = :id"
_DELETE_POST = "UPDATE posts SET deleted_at = :at WHERE id = :id"
_CLOSE_POST = "UPDATE posts SET closed_at = :at WHERE id = :id"
_ALTER_POST = "UPDATE posts SET altered = :altered WHERE id = :id"
_ADD_CHANGE = "INSERT INTO changes (account, post_id, at, gone) VALUES (:account, :post_id, :at, :gone)"
_CHANGES = """
    SELECT number, post_id, at, gone FROM changes WHERE account = :account AND number > :after
    ORDER BY number LIMIT :limit"""
_LAST_CHANGE = "SELECT COALESCE(MAX(number), 0) AS number FROM changes"
_ADD_ARRIVAL = """
    INSERT INTO arrivals (at, account, reserved, parent, text, visibility, remote_id, warning, pictures, quotes)
    VALUES (:at, :account, :reserved, :parent, :text, :visibility, :remote_id, :warning, :pictures, :quotes)"""
_ARRIVALS = "SELECT * FROM arrivals ORDER BY number"
_ARRIVAL = "SELECT * FROM arrivals WHERE account = :account AND reserved = :reserved"
_ADD_INTENT = "INSERT INTO intents (at, account, intent) VALUES (:at, :account, :intent)"
_DUE_INTENTS = "SELECT number, intent FROM intents WHERE account = :account AND at <= :now ORDER BY at, number"
_DROP_INTENT = "DELETE FROM intents WHERE number = :number"
_ADD_MARK = "INSERT INTO marks (account, post_id, mark) VALUES (:account, :post_id, :mark) ON CONFLICT DO NOTHING"
_DROP_MARK = "DELETE FROM marks WHERE account = :account AND post_id = :post_id AND mark = :mark"
_MARKED = "SELECT post_id FROM marks WHERE account = :account AND mark = :mark ORDER BY post_id"
_MARKS = "SELECT mark FROM marks WHERE account = :account AND post_id = :post_id ORDER BY mark"
_ADD_FAULT = "INSERT INTO faults (gate, fault) VALUES (:gate, :fault)"
_FAULTS = "SELECT number, fault FROM faults WHERE gate = :gate ORDER BY number"
_DROP_FAULT = "DELETE FROM faults WHERE number = :number"


class Store:
    """One process's way to the file. Opened on first use; a call outside `transaction` is a transaction of its own.

    Raises hub.errors.DatabaseUnusable and StorageFull when the file cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._writing = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the file for writing; committed when the outermost block ends, undone when it raises."""
        with self._lock:
            connection = self._open()
            if self._writing:
                yield
                return
            self._writing = True
            try:
                connection.execute(_BEGIN)
                yield
                connection.commit()
            except connection.DatabaseError as error:
                raise translate(error) from error
            finally:
                self._writing = False
                # Whatever was not committed by now never happened.
                if connection.in_transaction:
                    connection.rollback()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def fact(self, name: str) -> str | None:
        row = self._one(_FACT, name=name)
        return None if row is None else str(row["value"])

    def set_fact(self, name: str, value: str) -> None:
        self._run(_SET_FACT, name=name, value=value)

    def person(self, key: str) -> Person | None:
        row = self._one(_PERSON, key=key)
        return None if row is None else _person(row)

    def add_person(self, person: Person) -> None:
        self._run(_ADD_PERSON, key=person.key, handle=person.handle, name=person.name, language=person.language)

    def schedule(self, account: str) -> Schedule | None:
        row = self._one(_SCHEDULE, account=account)
        return None if row is None else _schedule(row)

    def set_schedule(self, schedule: Schedule) -> None:
        self._run(
            _SET_SCHEDULE, account=schedule.account, next_at=to_micros(schedule.next_at), started=schedule.started
        )

    def next_id(self) -> str:
        row = self._one(_NEXT_NUMBER)
        return f"p{row['number'] if row else 1}"

    def add(self, utterance: Utterance) -> None:
        self._run(
            _ADD_POST,
            id=utterance.id,
            author=utterance.author.key,
            account=utterance.account,
            parent_id=utterance.parent_id,
            addressed=int(utterance.addressed),
            words=msgspec.json.encode(utterance.words).decode(),
            created_at=to_micros(utterance.created_at),
            reserved=utterance.reserved,
        )

    def utterance(self, id: str) -> Utterance | None:
        row = self._one(_POST, id=id)
        return None if row is None else _utterance(row)

    def edit(self, id: str, words: Words, at: datetime) -> None:
        self._run(_EDIT_POST, id=id, words=msgspec.json.encode(words).decode(), at=to_micros(at))

    def delete(self, id: str, at: datetime) -> None:
        self._run(_DELETE_POST, id=id, at=to_micros(at))

    def close_thread(self, id: str, at: datetime) -> None:
        self._run(_CLOSE_POST, id=id, at=to_micros(at))

    def alter(self, id: str, altered: Mapping[str, Any]) -> None:
        self._run(_ALTER_POST, id=id, altered=json.dumps(altered))

    def add_change(self, account: str, post_id: str, at: datetime, *, gone: bool = False) -> None:
        self._run(_ADD_CHANGE, account=account, post_id=post_id, at=to_micros(at), gone=int(gone))

    def changes(self, account: str, after: int, limit: int) -> list[tuple[int, str, datetime, bool]]:
        """Number, id, instant and whether it is gone, oldest first."""
        rows = self._all(_CHANGES, account=account, after=after, limit=limit)
        return [(row["number"], row["post_id"], from_micros(row["at"]), bool(row["gone"])) for row in rows]

    def last_change(self) -> int:
        row = self._one(_LAST_CHANGE)
        return int(row["number"]) if row else 0

    def add_arrival(self, arrival: Arrival) -> None:
        self._run(
            _ADD_ARRIVAL,
            at=to_micros(arrival.at),
            account=arrival.account,
            reserved=arrival.reserved,
            parent=arrival.parent,
            text=arrival.text,
            visibility=arrival.visibility.value,
            remote_id=arrival.remote_id,
            warning=arrival.warning,
            pictures=json.dumps(arrival.pictures, ensure_ascii=False),
            quotes=int(arrival.quotes),
        )

    def arrivals(self) -> tuple[Arrival, ...]:
        return tuple(map(_arrival, self._all(_ARRIVALS)))

    def arrival(self, account: str, reserved: str) -> Arrival | None:
        row = self._one(_ARRIVAL, account=account, reserved=reserved)
        return None if row is None else _arrival(row)

    def add_intent(self, intent: Intent) -> None:
        encoded = msgspec.json.encode(intent).decode()
        self._run(_ADD_INTENT, at=to_micros(intent.at), account=intent.account, intent=encoded)

    def take_intents(self, account: str, now: datetime) -> list[Intent]:
        """What is due, oldest first; it is taken out, so that nobody does it twice."""
        rows = self._all(_DUE_INTENTS, account=account, now=to_micros(now))
        for row in rows:
            self._run(_DROP_INTENT, number=row["number"])
        return [msgspec.json.decode(row["intent"], type=Intent) for row in rows]

    def add_mark(self, account: str, post_id: str, mark: str) -> None:
        self._run(_ADD_MARK, account=account, post_id=post_id, mark=mark)

    def drop_mark(self, account: str, post_id: str, mark: str) -> None:
        self._run(_DROP_MARK, account=account, post_id=post_id, mark=mark)

    def marked(self, account: str, mark: str) -> tuple[str, ...]:
        """The messages that bear a mark of an account's."""
        return tuple(row["post_id"] for row in self._all(_MARKED, account=account, mark=mark))

    def marks(self, account: str, post_id: str) -> tuple[str, ...]:
        """The marks of an account on one message."""
        return tuple(row["mark"] for row in self._all(_MARKS, account=account, post_id=post_id))

    def add_fault(self, gate: str, fault: str) -> None:
        self._run(_ADD_FAULT, gate=gate, fault=fault)

    def faults(self, gate: str) -> tuple[str, ...]:
        return tuple(row["fault"] for row in self._all(_FAULTS, gate=gate))

    def take_fault(self, gate: str) -> str | None:
        row = self._one(_FAULTS, gate=gate)
        if row is None:
            return None
        self._run(_DROP_FAULT, number=row["number"])
        return str(row["fault"])

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            connection = connect(self._file)
            weakref.finalize(self, connection.close)
            _create(connection)
            self._connection = connection
        return self._connection

    def _run(self, sql: str, **params: Any) -> None:
        with self.transaction():
            self._open().execute(sql, params)

    def _all(self, sql: str, **params: Any) -> list[sqlite3.Row]:
        with self._lock:
            connection = self._open()
            try:
                return connection.execute(sql, params).fetchall()
            except connection.DatabaseError as error:
                raise translate(error) from error

    def _one(self, sql: str, **params: Any) -> sqlite3.Row | None:
        rows = self._all(sql, **params)
        return rows[0] if rows else None


def _create(connection: sqlite3.Connection) -> None:
    if connection.execute(_VERSION).fetchone()[0]:
        return
    connection.execute(_BEGIN)
    # Another process may have been quicker between the look and the lock.
    if not connection.execute(_VERSION).fetchone()[0]:
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute(_SET_VERSION)
    connection.commit()


def _person(row: sqlite3.Row) -> Person:
    return Person(key=row["key"], handle=row["handle"], name=row["name"], language=row["language"])


def _schedule(row: sqlite3.Row) -> Schedule:
    return Schedule(account=row["account"], next_at=from_micros(row["next_at"]), started=row["started"])


def _arrival(row: sqlite3.Row) -> Arrival:
    return Arrival(
        at=from_micros(row["at"]),
        account=row["account"],
        reserved=row["reserved"],
        parent=row["parent"],
        text=row["text"],
        visibility=Visibility(row["visibility"]),
        remote_id=row["remote_id"],
        warning=row["warning"],
        pictures=tuple(json.loads(row["pictures"])),
        quotes=bool(row["quotes"]),
    )


def _utterance(row: sqlite3.Row) -> Utterance:
    return Utterance(
        id=row["id"],
        author=_person(row),
        account=row["account"],
        words=msgspec.json.decode(row["words"], type=Words),
        created_at=from_micros(row["created_at"]),
        parent_id=row["parent_id"],
        addressed=bool(row["addressed"]),
        revision=row["revision"],
        edited_at=_instant(row["edited_at"]),
        deleted_at=_instant(row["deleted_at"]),
        closed_at=_instant(row["closed_at"]),
        reserved=row["reserved"],
        altered=json.loads(row["altered"]),
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
