"""Builds the floor's database: the same conversations as the hub's, in the fewest tables that can hold them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.floor.conversations import INDEXES, SCHEMA, SEARCH_INDEX, Shape
from hub.kernel.sqlite import sqlite3


def build(file: Path, shape: Shape | None = None, *, with_search: bool = False) -> None:
    """Make the database, with a shape's conversations in it or empty."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        # Nobody else has it yet, and what was not built to the end is not used: nothing needs a journal.
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-500000")
        connection.executescript(SCHEMA + (SEARCH_INDEX if with_search else ""))
        if shape is not None:
            connection.execute("BEGIN")
            _fill(connection, shape)
            connection.execute("COMMIT")
            if with_search:
                connection.execute("INSERT INTO message_fts(message_fts) VALUES('rebuild')")
        connection.executescript(INDEXES)
        if shape is not None:
            connection.execute("ANALYZE")
        connection.execute("PRAGMA journal_mode=WAL")


def _fill(connection: sqlite3.Connection, shape: Shape) -> None:
    connection.executemany(
        "INSERT INTO contact VALUES(?,?,?,?,?)",
        ((i + 1, "mastodon", f"u{i}@example.social", f"User {i}", 0) for i in range(shape.contacts)),
    )
    connection.executemany(
        "INSERT INTO conversation VALUES(?,?,?,?,?,?,?,?,?)",
        (
            (
                each.number,
                each.team,
                each.contact + 1,
                "mastodon",
                f"t{each.number}",
                "open" if each.is_open else "closed",
                each.last_at,
                shape.text(each, each.size - 1)[:120],
                each.unread,
            )
            for each in shape.all_conversations()
        ),
    )
    connection.executemany("INSERT INTO message VALUES(?,?,?,?,?,?,?,?)", _messages(shape))


def _messages(shape: Shape) -> Iterator[tuple[object, ...]]:
    for number, (each, position, at) in enumerate(shape.all_messages(), 1):
        text = shape.text(each, position)
        yield (number, each.number, each.contact + 1, "mastodon", f"m{number}", "in", text, at)
