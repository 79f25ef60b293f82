"""Migrations: once, whole or not at all, the same on both engines."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hub_migrations import migrations as registered

from hub.errors import DatabaseUnusable
from hub.kernel import migrate as migrating
from hub.kernel.config import read_config
from hub.kernel.database import Database, open_database
from hub.kernel.dialect import POSTGRESQL, SQLITE
from hub.kernel.hub import Hub, open_hub
from hub.kernel.migrate import applied_steps, migrate, statements, steps
from hub.kernel.plugins import Plugins
from hub.kernel.postgres import PostgresDatabase
from hub.kernel.sqlite import SqliteDatabase
from tests.postgres import PostgresServer

Engines = tuple[Database, Database]
NAMES = [step.name for step in steps()]
_SQLITE_COLUMNS = """
    SELECT tables.name AS tablename, columns.name AS columnname, columns."notnull" = 1 OR columns.pk > 0 AS needed
    FROM sqlite_master tables, pragma_table_info(tables.name) columns
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%' AND tables.name NOT LIKE '\\_%' ESCAPE '\\'
      AND tables.name NOT LIKE '%\\_fts%' ESCAPE '\\'"""
_POSTGRES_COLUMNS = """
    SELECT table_name AS tablename, column_name AS columnname, is_nullable = 'NO' AS needed
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'applied_migrations'"""
_SQLITE_INDEXES = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND name NOT LIKE '%sqlite%'"
_POSTGRES_INDEXES = "SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public'"


@pytest.fixture
def database(tmp_path: Path, empty_engine_url: str) -> Iterator[Database]:
    opened = open_database(read_config({"HUB_DATABASE_URL": empty_engine_url}, data=tmp_path))
    yield opened
    opened.close()


def test_every_step_is_applied_once(database: Database) -> None:
    assert migrate(database) == NAMES
    assert migrate(database) == []
    assert applied_steps(database) == NAMES


def test_a_database_of_a_later_version_is_refused_by_name(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(database)
    monkeypatch.setattr(migrating, "steps", list)
    with pytest.raises(DatabaseUnusable, match=re.escape(NAMES[0])) as raised:
        migrate(database)
    assert raised.value.reason == "newer"


def _start(folder: Path, url: str, applied: multiprocessing.Queue[list[str]]) -> None:
    with closing(open_database(read_config({"HUB_DATABASE_URL": url}, data=folder))) as opened:
        applied.put(migrate(opened))


def test_of_three_processes_that_start_at_once_one_migrates(tmp_path: Path, empty_engine_url: str) -> None:
    spawning = multiprocessing.get_context("spawn")
    applied = spawning.Queue()
    starting = [spawning.Process(target=_start, args=(tmp_path, empty_engine_url, applied)) for _ in range(3)]
    for process in starting:
        process.start()
    found = [applied.get(timeout=200) for _ in starting]
    for process in starting:
        process.join(120)
        assert process.exitcode == 0
    assert sorted(found) == [[], [], NAMES]


def test_a_migration_that_dies_in_the_middle_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    whole = statements(steps()[0].sql)

    def half(sql: str) -> Iterator[str]:
        yield from whole[: len(whole) // 2]
        raise Died

    monkeypatch.setattr(migrating, "statements", half)
    monkeypatch.setattr("hub_migrations.migrations.statements", half)
    with pytest.raises(Died):
        migrate(database)
    monkeypatch.undo()
    assert applied_steps(database) == []
    assert migrate(database) == NAMES


def _die_in_the_middle(folder: Path, url: str) -> None:
    whole = statements(steps()[0].sql)

    def half(sql: str) -> Iterator[str]:
        yield from whole[: len(whole) // 2]
        os.kill(os.getpid(), signal.SIGKILL)

    migrating.statements = half
    registered.statements = half
    with closing(open_database(read_config({"HUB_DATABASE_URL": url}, data=folder))) as opened:
        migrate(opened)


def test_a_process_that_is_killed_while_it_migrates_leaves_nothing(tmp_path: Path, empty_engine_url: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die_in_the_middle, args=(tmp_path, empty_engine_url))
    process.start()
    process.join(200)
    assert process.exitcode == -signal.SIGKILL
    with closing(open_database(read_config({"HUB_DATABASE_URL": empty_engine_url}, data=tmp_path))) as database:
        assert applied_steps(database) == []
        with database.reading() as session:
            assert not migrating.has_tables(session)
        assert migrate(database) == NAMES


def test_a_copy_is_taken_before_a_used_database_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlite_utils import Migrations

    with closing(SqliteDatabase(tmp_path / "hub.db")) as database:
        migrate(database)
        more = Migrations("hub")
        for each in registered.migrations._migrations:
            more(name=each.name)(each.fn)
        more(name="9999_more")(lambda db: db.execute("CREATE TABLE more (id INTEGER) STRICT"))
        monkeypatch.setattr(registered, "migrations", more)
        later = [*steps(), migrating.Step(name="9999_more", sql="")]
        monkeypatch.setattr(migrating, "steps", lambda: later)
        assert migrate(database) == ["9999_more"]
    with closing(SqliteDatabase(tmp_path / "hub-before-9999_more.db")) as copy, copy.reading() as session:
        tables = {row["name"] for row in session.all("SELECT name FROM sqlite_master")}
    assert "messages" in tables and "more" not in tables


@pytest.fixture
def both(tmp_path: Path, postgres_server: PostgresServer, postgres_template: str) -> Iterator[Engines]:
    url = postgres_server.create(postgres_template)
    with closing(SqliteDatabase(tmp_path / "hub.db")) as one, closing(PostgresDatabase(url)) as other:
        migrate(one)
        yield one, other
    postgres_server.drop(url)


def read(database: Database, statement: str) -> list[tuple[object, ...]]:
    with database.reading() as session:
        rows = session._execute(statement, {}).fetchall()
    return sorted(tuple(dict(row).values()) for row in rows)


def test_both_engines_have_the_same_tables_and_columns(both: Engines) -> None:
    one, other = both
    on_sqlite = [(table, column, bool(needed)) for table, column, needed in read(one, _SQLITE_COLUMNS)]
    assert ("messages", "remote_id", False) in on_sqlite
    # What orders the log is nowhere nullable, and filled in by PostgreSQL itself.
    assert on_sqlite == read(other, _POSTGRES_COLUMNS)


def test_both_engines_have_the_same_indexes(both: Engines) -> None:
    one, other = both
    ours = {name for (name,) in read(one, _SQLITE_INDEXES)}
    theirs = {name for (name,) in read(other, _POSTGRES_INDEXES)}
    assert "messages_conversation" in ours
    assert ours <= theirs
    # On SQLite the words are indexed by an FTS5 table.
    assert {name for name in theirs - ours if not str(name).endswith(("_pkey", "_key"))} == {"search_texts_words"}


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.name)
def test_a_step_holds_no_semicolon_inside_a_statement_and_no_word_unknown_to_an_engine(step: migrating.Step) -> None:
    quoted = re.findall(r"'[^']*'", step.sql)
    assert not any(";" in text for text in quoted)
    for dialect in (SQLITE, POSTGRESQL):
        assert "{" not in re.sub(r"'[^']*'", "", step.for_engine(dialect))


def test_a_database_ahead_of_the_code_is_not_opened(hub: Hub) -> None:
    mark_ahead(hub)
    with pytest.raises(DatabaseUnusable) as refused:
        open_hub(hub.config, plugins=Plugins())
    assert (refused.value.reason, refused.value.detail) == ("newer", "9999_from_tomorrow")


def mark_ahead(hub: Hub) -> None:
    """As if a later version had migrated it."""
    embedded = (
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('hub', '9999_from_tomorrow', '')"
    )
    server = "INSERT INTO applied_migrations (name, applied_at) VALUES ('9999_from_tomorrow', 0)"
    with hub.database.transaction() as session:
        session.run(embedded if hub.database.dialect.name == "sqlite" else server)
