"""What an archive asks of a database about its own tables, and the statements over any table.

Names of tables and columns come from the schema itself, never from outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.archive.model import DERIVED, EXTRA, NOT_CARRIED, Table, is_carried
from hub.kernel.database import Session
from hub.kernel.sqlite import SqliteSession

_SQLITE_TABLES = """
    SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_'
    ORDER BY name"""
_SQLITE_COLUMNS = "SELECT name, pk FROM pragma_table_info(:table) ORDER BY cid"
_SQLITE_REFERENCES = 'SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(:table)'
_POSTGRESQL_TABLES = """
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"""
_POSTGRESQL_COLUMNS = """
    SELECT column_name AS name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = :table ORDER BY ordinal_position"""
_POSTGRESQL_IDENTITIES = """
    SELECT table_name AS table, column_name AS name FROM information_schema.columns
    WHERE table_schema = current_schema() AND is_identity = 'YES'"""
_OTHERS = """
    SELECT count(*) AS found FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'hubbub'"""
_IN_USE = """
    SELECT 1 AS yes WHERE EXISTS (SELECT 1 FROM channels)
        OR EXISTS (SELECT 1 FROM agents WHERE password_hash IS NOT NULL)"""
_BOOKS = frozenset({"_sqlite_migrations", "applied_migrations"})
_INTEGRITY = "PRAGMA integrity_check(5)"
_DANGLING = "PRAGMA foreign_key_check"
_SQLITE_NUMBERS = "SELECT name, seq FROM sqlite_sequence"
_POSTGRESQL_NUMBERS = """
    SELECT sequencename AS name, last_value AS seq FROM pg_sequences
    WHERE schemaname = current_schema() AND last_value IS NOT NULL"""
_FORGET_NUMBER = "DELETE FROM sqlite_sequence WHERE name = :name"
_SET_NUMBER = "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"
_IDENTITY = "{0}_id_seq"


def table_names(session: Session) -> list[str]:
    """Every table of this database that is no engine's own and no part of an index."""
    statement = _SQLITE_TABLES if session.dialect.name == "sqlite" else _POSTGRESQL_TABLES
    return [str(row["name"]) for row in session.all(statement)]


def column_names(session: Session, table: str) -> tuple[str, ...]:
    statement = _SQLITE_COLUMNS if session.dialect.name == "sqlite" else _POSTGRESQL_COLUMNS
    return tuple(str(row["name"]) for row in session.all(statement, table=table))


def carried(session: SqliteSession) -> tuple[Table, ...]:
    """The carried tables of an SQLite file, in an order in which each can be filled."""
    return _in_order([_table(session, name) for name in table_names(session) if is_carried(name) and name not in EXTRA])


def _table(session: SqliteSession, name: str) -> Table:
    columns = session.all(_SQLITE_COLUMNS, table=name)
    keys = sorted((row["pk"], row["name"]) for row in columns if row["pk"])
    return Table(
        name=name,
        columns=tuple(row["name"] for row in columns),
        key=tuple(column for _place, column in keys),
        references=frozenset(row["name"] for row in session.all(_SQLITE_REFERENCES, table=name)) - {name},
    )


def _in_order(tables: list[Table]) -> tuple[Table, ...]:
    found: list[Table] = []
    waiting = list(tables)
    while waiting:
        placed = {table.name for table in found}
        ready = [table for table in waiting if table.references <= placed]
        if not ready:
            raise LookupError(f"tables that point at each other in a circle: {[table.name for table in waiting]}")
        found += ready
        waiting = [table for table in waiting if table not in ready]
    return tuple(found)


def rows(session: Session, table: Table) -> Iterator[tuple[Any, ...]]:
    """Every row of a table by its key, as tuples in the order of `table.columns`."""
    columns, key = _listed(table.columns), _listed(table.key)
    yield from session.stream(f"SELECT {columns} FROM {_quoted(table.name)} ORDER BY {key}")  # noqa: S608


def count(session: Session, table: str) -> int:
    row = session.one(f"SELECT count(*) AS found FROM {_quoted(table)}")  # noqa: S608
    return int(row["found"]) if row else 0


def counts(session: SqliteSession) -> dict[str, int]:
    """How many rows each carried table has."""
    return {table.name: count(session, table.name) for table in carried(session)}


def clear(session: Session, table: str) -> None:
    """Take out what a migration may have put in."""
    session.run(f"DELETE FROM {_quoted(table)}")  # noqa: S608


def clear_passing(session: Session) -> None:
    """Take out what is true only where and when it was written: who is at work, counters that begin anew."""
    for name in table_names(session):
        if name in NOT_CARRIED and name not in _BOOKS:
            clear(session, name)


def empty(session: Session, carried: Sequence[str]) -> None:
    """Take every row out of the tables of ours in a PostgreSQL database, but not the books of its migrations."""
    ours = {*carried, *NOT_CARRIED, *DERIVED} - _BOOKS
    names = [_quoted(name) for name in table_names(session) if name in ours]
    session.run(f"TRUNCATE {', '.join(names)}")


def last_numbers(session: Session) -> dict[str, int]:
    """The last id that each table ever gave away, so that none is given away a second time."""
    if session.dialect.name == "sqlite":
        return {str(row["name"]): int(row["seq"]) for row in session.all(_SQLITE_NUMBERS)}
    found = {str(row["name"]): int(row["seq"]) for row in session.all(_POSTGRESQL_NUMBERS)}
    sequences = {name: _IDENTITY.format(name) for name in table_names(session)}
    return {name: found[sequence] for name, sequence in sequences.items() if sequence in found}


def set_last_numbers(session: Session, last: Mapping[str, int]) -> None:
    """Go on counting ids after those."""
    if session.dialect.name == "sqlite":
        session.many(_FORGET_NUMBER, [{"name": name} for name in last])
        session.many(_SET_NUMBER, [{"name": name, "seq": seq} for name, seq in last.items()])
        return
    for row in session.all(_POSTGRESQL_IDENTITIES):
        session.run(_restart(row["table"], row["name"], last.get(row["table"], 0) + 1))


def _restart(table: str, column: str, number: int) -> str:
    return f"ALTER TABLE {_quoted(table)} ALTER COLUMN {_quoted(column)} RESTART WITH {int(number)}"


def is_unused(session: Session) -> bool:
    """Whether nobody can sign in and no channel is connected."""
    return session.one(_IN_USE) is None


def others_connected(session: Session) -> int:
    """How many connections of other processes of ours this PostgreSQL database has."""
    row = session.one(_OTHERS)
    return int(row["found"]) if row else 0


def damage(session: SqliteSession) -> list[str]:
    """What is wrong with a file: pages and indexes that do not fit, rows that point nowhere."""
    found = [str(row["integrity_check"]) for row in session.all(_INTEGRITY)]
    dangling = sorted({f"{row['table']} points to a missing {row['parent']}" for row in session.all(_DANGLING)})
    return ([] if found == ["ok"] else found) + dangling


@dataclass(frozen=True, slots=True, kw_only=True)
class Dangling:
    """A row that points to a row that is not there. `row_id`: SQLite's own number of it."""

    table: str
    row_id: int
    parent: str


def first_dangling(session: SqliteSession) -> Dangling | None:
    row = session.one(_DANGLING)
    return None if row is None else Dangling(table=row["table"], row_id=row["rowid"], parent=row["parent"])


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
