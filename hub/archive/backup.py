"""Takes everything an installation knows into one container, at one moment, while it goes on working."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from hub.archive.container import finish, make_container
from hub.archive.files import worded
from hub.archive.media import held_media
from hub.archive.model import FORMAT, Manifest
from hub.archive.store import container as store
from hub.archive.store import tables
from hub.errors import DatabaseUnusable
from hub.kernel import log
from hub.kernel.clock import to_micros
from hub.kernel.config import Config
from hub.kernel.database import Database, Session
from hub.kernel.hub import fact, set_fact
from hub.kernel.migrate import applied_steps, migrate_file, pending_steps
from hub.kernel.sqlite import SqliteDatabase, copy_consistently, open_file

BACKED_UP = "backed_up_at"
"""The fact that says when the last verified backup was finished, in microseconds UTC."""


def back_up(config: Config, database: Database, target: Path, *, now: datetime) -> Manifest:
    """Write and verify a container, and note that there is one. Raises as `take` does."""
    manifest = take(config, database, target, now=now)
    with database.transaction() as session:
        set_fact(session, BACKED_UP, str(manifest.made_at))
    return manifest


def take(config: Config, database: Database, target: Path, *, now: datetime) -> Manifest:
    """Write a container of the whole installation to `target` and verify it by opening it.

    The key that opens the secrets in it is not in it. Raises Invalid("FILE", …), StorageFull, DatabaseUnusable.
    """
    pending_steps(database)  # refuses what is newer than us
    applied = applied_steps(database)
    if not applied:
        raise DatabaseUnusable("not_prepared")
    with make_container(target) as file, worded(config.media), held_media(config.media) as media:
        numbers = _copy(database, file, applied)
        # What came in since: a row that was copied has its file.
        media.hold()
        with open_file(file) as session:
            store.hurry(session)
            return finish(session, media.files(), _manifest(session, database, numbers, now))


def _copy(database: Database, file: Path, applied: list[str]) -> dict[str, int]:
    if isinstance(database, SqliteDatabase):
        copy_consistently(database.file, file)
        return {}
    with open_file(file) as copy:
        store.hurry(copy)
        migrate_file(copy, upto=applied)
        store.begin(copy)
        with database.snapshot() as session:
            for table in tables.carried(copy):
                tables.clear(copy, table.name)
                copy.load(table.name, table.columns, tables.rows(session, table))
            numbers = tables.last_numbers(session)
        log.forget_transactions(copy)
        tables.set_last_numbers(copy, numbers)
        store.commit(copy)
    return numbers


def _manifest(session: Session, database: Database, numbers: dict[str, int], now: datetime) -> Manifest:
    return Manifest(
        format=FORMAT,
        version=version("hubbub"),
        engine=database.dialect.name,
        made_at=to_micros(now),
        steps=tuple(applied_steps(database)),
        kind=fact(session, "kind") or "real",
        key_id=fact(session, "key_id") or "",
        rows={},
        numbers=numbers,
        media=0,
        media_bytes=0,
    )
