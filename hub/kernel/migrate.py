"""Brings a database to the schema of this code: every step once, crash-safe, with a copy taken before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import DatabaseUnusable
from hub.kernel.clock import Clock, system_clock
from hub.kernel.database import Database, Session
from hub.kernel.dialect import Dialect

if TYPE_CHECKING:
    from hub.kernel.sqlite import SqliteSession

# On SQLite the bookkeeping is sqlite-utils' own table, on PostgreSQL ours.
_APPLIED_SQLITE = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'hub' ORDER BY name"
_APPLIED_TABLE = "CREATE TABLE IF NOT EXISTS applied_migrations (name TEXT PRIMARY KEY, applied_at BIGINT NOT NULL)"
_APPLIED_POSTGRESQL = "SELECT name FROM applied_migrations ORDER BY name"
_APPLY = "INSERT INTO applied_migrations (name, applied_at) VALUES (:name, :at)"
_ADVISORY_LOCK = "SELECT pg_advisory_xact_lock(4862617)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered migration: a name like `0001_first_tables` and its statements in both engines' common subset."""

    name: str
    sql: str

    def for_engine(self, dialect: Dialect) -> str:
        return dialect.translate(self.sql)


def steps() -> list[Step]:
    """Every migration this code knows, in order."""
    found = [entry for entry in files("hub_migrations").iterdir() if entry.name.endswith(".sql")]
    return [
        Step(name=entry.name.removesuffix(".sql"), sql=entry.read_text(encoding="utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    ]


def migrate(database: Database, *, clock: Clock = system_clock) -> list[str]:
    """Apply what is missing and return the names of what this call applied.

    Raises DatabaseUnusable("newer"), naming the steps, when the file is ahead of us.
    """
    if not pending_steps(database):
        return []
    if database.dialect.name == "sqlite":
        return _migrate_sqlite(database)
    return _migrate_postgresql(database, clock)


def pending_steps(database: Database) -> list[str]:
    """What this database still lacks. Raises DatabaseUnusable("newer"), naming the steps, when it is ahead of us."""
    known = [step.name for step in steps()]
    applied = applied_steps(database)
    newer = sorted(set(applied) - set(known))
    if newer:
        raise DatabaseUnusable("newer", ", ".join(newer))
    return [name for name in known if name not in applied]


def applied_steps(database: Database) -> list[str]:
    """Names of the migrations this database has; empty for a new one."""
    with database.reading() as session:
        if not has_tables(session):
            return []
        embedded = database.dialect.name == "sqlite"
        return [row["name"] for row in session.all(_APPLIED_SQLITE if embedded else _APPLIED_POSTGRESQL)]


def has_tables(session: Session) -> bool:
    """Whether a migration ever ran here."""
    if session.dialect.name == "sqlite":
        return session.one("SELECT 1 AS yes FROM sqlite_master WHERE name = '_sqlite_migrations'") is not None
    return session.one("SELECT 1 AS yes WHERE to_regclass('applied_migrations') IS NOT NULL") is not None


def _migrate_sqlite(database: Database) -> list[str]:
    from hub_migrations.migrations import migrations
    from sqlite_utils import Database as Tables

    from hub.kernel.sqlite import SqliteDatabase, connect

    assert isinstance(database, SqliteDatabase)
    connection = connect(database.file)
    try:
        # Immediate, so that of two processes that start at once one waits; one transaction, so that a kill leaves
        # either the old schema or the new one.
        connection.execute("BEGIN IMMEDIATE")
        tables = Tables(connection, execute_plugins=False)
        pending = [migration.name for migration in migrations.pending(tables)]
        # Only now is it sure that nobody else has migrated meanwhile, and that the copy is one of before.
        if pending and migrations.applied(tables):
            _copy_before(database.file, pending[0])
        migrations.apply(tables)
        connection.execute("COMMIT")
    finally:
        connection.close()
    return pending


def migrate_file(session: SqliteSession, *, upto: Collection[str] | None = None) -> None:
    """Bring a file of its own, such as a backup, to our schema, or make the one that had just the steps `upto`."""
    from hub_migrations.migrations import migrations
    from sqlite_utils import Database as Tables

    beyond = [] if upto is None else [step.name for step in steps() if step.name not in upto]
    migrations.apply(Tables(session.connection, execute_plugins=False), stop_before=beyond)


def _copy_before(file: Path, step: str) -> None:
    from hub.kernel.sqlite import copy_consistently

    copy = file.with_name(f"{file.stem}-before-{step}.db")
    copy.unlink(missing_ok=True)
    copy_consistently(file, copy)


def _migrate_postgresql(database: Database, clock: Clock) -> list[str]:
    with database.transaction() as session:
        session.one(_ADVISORY_LOCK)
        session.run(_APPLIED_TABLE)
        applied = {row["name"] for row in session.all(_APPLIED_POSTGRESQL)}
        pending = [step for step in steps() if step.name not in applied]
        for step in pending:
            for statement in statements(step.sql):
                session.run(statement)
            session.run(_APPLY, name=step.name, at=clock())
    return [step.name for step in pending]


def statements(sql: str) -> list[str]:
    """The single statements of a step. Our migrations hold no semicolon inside a statement; a test keeps it so."""
    return [statement.strip() for statement in sql.split(";") if statement.strip()]
