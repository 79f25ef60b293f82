"""The due rows of the floor: a table with an index, claimed and marked a hundred to a durable transaction."""

from __future__ import annotations

import contextlib
from pathlib import Path
from time import perf_counter

from hub.kernel.sqlite import sqlite3

_TABLE = """
    CREATE TABLE due (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, payload TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'wait', lease INTEGER, tries INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX due_at ON due (at) WHERE state = 'wait'"""
_CLAIM = """
    UPDATE due SET state = 'run', lease = ?, tries = tries + 1
    WHERE id IN (SELECT id FROM due WHERE state = 'wait' AND at <= ? ORDER BY at LIMIT 100) RETURNING id, payload"""


def build(file: Path, pending: int, now: int) -> None:
    with contextlib.closing(_open(file)) as connection:
        connection.executescript(_TABLE)
        _fill(connection, pending, now + 86_400)


def take_over(file: Path, due: int, now: int) -> float:
    """Make so many rows due, then claim, hand over and mark them; returns the seconds of the latter."""
    with contextlib.closing(_open(file)) as connection:
        _fill(connection, due, now - 5)
        handed: list[str] = []
        began = perf_counter()
        while rows := connection.execute(_CLAIM, (now + 60, now)).fetchall():
            handed += [payload for _, payload in rows]
            connection.execute("BEGIN")
            connection.executemany("UPDATE due SET state = 'done' WHERE id = ?", [(row,) for row, _ in rows])
            connection.execute("COMMIT")
        seconds = perf_counter() - began
        assert len(handed) == due
        return seconds


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _fill(connection: sqlite3.Connection, count: int, at: int) -> None:
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO due (at, payload) VALUES (?, '{}')", ((at + i % 5,) for i in range(count)))
    connection.execute("COMMIT")
