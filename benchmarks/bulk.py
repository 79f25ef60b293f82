"""Writes many rows into an installation that nobody uses yet: first the rows, then the indexes, as the schema has them.

An interrupted build leaves a database that is of no use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.progress import Progress
from benchmarks.rows import Row, Rows, Table
from hub.inbox.store import search
from hub.inbox.words import words_of
from hub.kernel import log
from hub.kernel.config import Config
from hub.kernel.database import Session
from hub.kernel.hub import open_hub

# The search's rows in the order of time, which is that in which messages come in.
_BY_PLACE = f"""
    SELECT messages.id, messages.id AS message_id, messages.id AS dirty_id, {search._TEXTS}
    FROM messages JOIN identities ON identities.id = messages.identity_id
    ORDER BY messages.created_at / 1000000, messages.id"""  # noqa: S608
_FIELDS: tuple[str, ...] = ("id", "message_id", "dirty_id", "text", "content_warning", "attachments", "direction")
_FIELDS += ("created_at", "deleted_at", "name", "handle")

_SQLITE_INDEXES = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?"

# Constraints make their indexes themselves.
_POSTGRESQL_INDEXES = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', CAST(conrelid AS regclass), conname),
        format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', CAST(conrelid AS regclass), conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = CAST(%(table)s AS regclass) AND contype IN ('f', 'u')
    UNION ALL
    SELECT format('DROP INDEX %%s', CAST(indexrelid AS regclass)), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid = CAST(%(table)s AS regclass)
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)"""

_NEXT_NUMBER = "SELECT setval(pg_get_serial_sequence(%(table)s, 'id'), (SELECT count(*) FROM {}))"


def fill(config: Config, rows: Rows, progress: Progress) -> None:
    """Fill an installation that has its teams and channels, and nothing else yet; nobody has it open."""
    engine = _fill_postgresql if config.database_url else _fill_sqlite
    engine(config, rows, progress)
    with contextlib.closing(open_hub(config)) as hub, progress.step("event log"), hub.database.transaction() as session:
        for at, event in rows.events():
            log.append(session, event, at=at)


def _fill_sqlite(config: Config, rows: Rows, progress: Progress) -> None:
    from hub.kernel.sqlite import SqliteSession, sqlite3

    with contextlib.closing(sqlite3.connect(config.database_file, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "threads=2"):
            connection.execute(f"PRAGMA {pragma}")
        session = SqliteSession(connection)
        connection.execute("BEGIN")
        for table in rows.tables():
            indexes = connection.execute(_SQLITE_INDEXES, (table.name,)).fetchall()
            for name, _ in indexes:
                connection.execute(f"DROP INDEX {name}")
            _load(session, table, progress)
            with progress.step(f"indexes of {table.name}"):
                for _, statement in indexes:
                    connection.execute(statement)
        _load(session, _searchable(session, session.stream(_BY_PLACE), rows), progress)
        with progress.step("search index"):
            connection.execute("INSERT INTO search_texts_fts (search_texts_fts) VALUES ('rebuild')")
        connection.execute("COMMIT")
        # As the hub itself has it.
        connection.execute("PRAGMA journal_mode=WAL")


def _fill_postgresql(config: Config, rows: Rows, progress: Progress) -> None:
    import psycopg
    from psycopg import sql

    from hub.kernel.postgres import PostgresSession

    with psycopg.connect(config.database_url) as reading, psycopg.connect(config.database_url) as connection:
        session = PostgresSession(connection)  # type: ignore[arg-type]
        connection.execute("SET maintenance_work_mem = '512MB'")
        tables = list(rows.tables())
        with _unindexed(connection, [table.name for table in tables], progress):
            for table in tables:
                _load(session, table, progress)
        for table in tables:
            connection.execute(sql.SQL(_NEXT_NUMBER).format(sql.Identifier(table.name)), {"table": table.name})
        connection.commit()
        reader = PostgresSession(reading)  # type: ignore[arg-type]
        with _unindexed(connection, ["search_texts"], progress):
            _load(session, _searchable(session, reader.stream(_BY_PLACE), rows), progress)
        connection.commit()
        reading.commit()
        # The server would do it by itself within a minute.
        connection.autocommit = True
        with progress.step("vacuum"):
            connection.execute("VACUUM ANALYZE")


@contextlib.contextmanager
def _unindexed(connection: Any, names: Iterable[str], progress: Progress) -> Iterator[None]:
    """Take what PostgreSQL checks and indexes off these tables, and put it back at the end."""
    indexes = [(name, *pair) for name in names for pair in connection.execute(_POSTGRESQL_INDEXES, {"table": name})]
    # What points elsewhere goes first and comes last.
    indexes.sort(key=lambda index: "FOREIGN KEY" not in index[2])
    for _, drop, _ in indexes:
        connection.execute(drop)
    yield
    for name, _, create in reversed(indexes):
        with progress.step(f"{name}: {create[:100]}"):
            connection.execute(create)


def _load(session: Session, table: Table, progress: Progress) -> None:
    session.load(table.name, table.columns, progress.counted(table.name, table.rows, table.count))


def _searchable(session: Session, said: Iterable[tuple[object, ...]], rows: Rows) -> Table:
    def kept() -> Iterator[Row]:
        for values in said:
            found = search._queued(dict(zip(_FIELDS, values, strict=True)))
            yield (found.place, found.message_id, search._kept_words(session, words_of(*found.texts or ())))

    columns = ("id", "message_id", "words")
    return Table(name="search_texts", columns=columns, count=rows.shape.message_count, rows=kept())
