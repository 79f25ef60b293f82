"""Looks into archives and databases the way a person with another tool would."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from hub.archive.model import Manifest, is_carried
from hub.archive.store import tables
from hub.kernel.config import Config
from hub.kernel.database import Session, open_database

Content = dict[str, list[dict[str, Any]]]


def content(session: Session) -> Content:
    """Every row of every carried table, by table, in an order of its own. What is an engine's own is left out."""
    return {name: _rows(session, name) for name in tables.table_names(session) if is_carried(name)}


def content_of(config: Config) -> Content:
    with contextlib.closing(open_database(config)) as database, database.reading() as session:
        return content(session)


def _rows(session: Session, name: str) -> list[dict[str, Any]]:
    found = [dict(row) for row in session.all(f'SELECT * FROM "{name}"')]  # noqa: S608
    return sorted(({key: row[key] for key in row if key != "xid"} for row in found), key=repr)


def lines_in(file: Path, statement: str) -> list[tuple[Any, ...]]:
    """Ask a container with nothing but Python's own SQLite."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()


def total(manifest: Manifest) -> int:
    return sum(manifest.rows.values())
