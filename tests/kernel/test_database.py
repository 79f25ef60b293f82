"""Sessions and transactions: the same promises on both engines."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub
from hub.errors import DatabaseUnusable
from hub.kernel.config import read_config
from hub.kernel.database import Database, open_database, storable
from hub.kernel.hub import Hub

_PUT = "INSERT INTO installation (name, value) VALUES (:name, :value)"
_COUNT = "SELECT count(*) AS found FROM installation WHERE name LIKE 'thread %'"
_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b")
_PLACEHOLDER = re.compile(r"(?<![:\w]):(\w+)")


@pytest.fixture
def database(hub: Hub) -> Database:
    return hub.database


def count(database: Database) -> int:
    with database.reading() as session:
        row = session.one(_COUNT)
    assert row is not None
    return int(row["found"])


def together(*work: object) -> None:
    threads = [threading.Thread(target=each) for each in work]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()


def test_postgresql_without_its_driver_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "hub.kernel.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseUnusable) as refused:
        open_database(read_config({"HUB_DATABASE_URL": "postgresql://nobody@127.0.0.1/x"}, data=tmp_path))
    assert refused.value.reason == "no_driver"


def test_eight_threads_write_at_once_and_all_of_it_is_there(database: Database) -> None:
    def write(worker: int) -> None:
        for number in range(25):
            with database.transaction() as session:
                session.run(_PUT, name=f"thread {worker} {number}", value="")

    together(*(lambda worker=worker: write(worker) for worker in range(8)))
    assert count(database) == 200


def test_a_transaction_that_fails_takes_nobody_with_it(database: Database) -> None:
    start = threading.Barrier(8)
    failed: list[int] = []

    def write(worker: int) -> None:
        start.wait(120)
        try:
            with database.transaction() as session:
                session.run(_PUT, name=f"thread {worker}", value="")
                if worker % 2:
                    raise ValueError(worker)
        except ValueError:
            failed.append(worker)

    together(*(lambda worker=worker: write(worker) for worker in range(8)))
    assert sorted(failed) == [1, 3, 5, 7]
    assert count(database) == 4


def test_a_statement_that_fails_undoes_its_own_transaction_only(database: Database) -> None:
    with database.transaction() as session:
        session.run(_PUT, name="thread 1", value="")
    with pytest.raises(Exception, match=r"(?i)unique"), database.transaction() as session:
        session.run(_PUT, name="thread 2", value="")
        session.run(_PUT, name="thread 1", value="")
    assert count(database) == 1


def test_a_transaction_in_a_transaction_is_refused_and_the_outer_one_goes_on(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(RuntimeError, match="open in this thread"), database.transaction():
            pass
        session.run(_PUT, name="thread 1", value="")
    with database.transaction() as session:
        session.run(_PUT, name="thread 2", value="")
    assert count(database) == 2


def test_what_is_read_is_committed(database: Database) -> None:
    with database.transaction() as session:
        session.run(_PUT, name="thread 1", value="")
        together(lambda: seen.append(count(database))) if (seen := []) is not None else None
    assert seen == [0]
    assert count(database) == 1


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "plain", "añ😀"])
def test_every_text_is_stored_and_found_again(database: Database, text: str) -> None:
    with database.transaction() as session:
        session.run(_PUT, name="text", value=text)
        found = session.one("SELECT value FROM installation WHERE value IN {texts wanted}", wanted=[text])
    assert found is not None and found["value"] == storable(text)


def statements() -> Iterator[tuple[str, str]]:
    """Every statement of the product: the UPPER-CASE constants of every module, and those kept in tables."""
    for module_info in pkgutil.walk_packages(hub.__path__, "hub."):
        if re.search(r"\.testing|__main__", module_info.name):
            continue
        module = importlib.import_module(module_info.name)
        for name, value in vars(module).items():
            if name.lstrip("_").isupper():
                texts = value.values() if isinstance(value, dict) else [value]
                for text in texts:
                    if isinstance(text, str) and _STATEMENT.match(text):
                        yield f"{module_info.name}.{name}", text


STATEMENTS = sorted(set(statements()))
_ONE_ENGINE = {
    "_APPLIED_SQLITE": "sqlite",
    "_SQLITE_VERSION": "sqlite",
    "_APPLIED_POSTGRESQL": "postgresql",
    "_APPLY": "postgresql",
    "_POSTGRESQL_VERSION": "postgresql",
    "_ADVISORY_LOCK": "postgresql",
    "_DATABASE_TIME": "postgresql",
    "_MOMENT": "postgresql",
    "_OTHERS": "postgresql",
    "_SET_NUMBER": "sqlite",
    "_FORGET_NUMBER": "sqlite",
    "_EMPTY_FTS": "sqlite",
    "_FORGET_FTS": "sqlite",
    "_KEEP_FTS": "sqlite",
}
_OF_AN_ARCHIVE = "hub.archive.store.container."
"""Statements for the tables of an archive's own file; tests/archive runs each of them."""


def _engine_of(name: str) -> str | None:
    """The one engine a statement is written for; None when it is for both."""
    last = name.rpartition(".")[2]
    named = re.match(r"_(POSTGRESQL|SQLITE)_", last)
    return _ONE_ENGINE.get(last) or (named[1].lower() if named else None)


def test_the_statements_are_found() -> None:
    homes = {name.rpartition(".")[0] for name, _ in STATEMENTS}
    assert len(STATEMENTS) > 100
    assert {"hub.inbox.store.intake", "hub.outbox.store.claims", "hub.people.store.agents"} <= homes


def test_every_statement_is_understood_by_the_engine(database: Database) -> None:
    wrong = []
    for name, statement in STATEMENTS:
        if _engine_of(name) not in (None, database.dialect.name) or name.startswith(_OF_AN_ARCHIVE):
            continue
        try:
            _understand(database, statement)
        except Exception as error:  # every statement is tried, then all failures are told
            wrong.append(f"{name}: {error}")
    assert wrong == []


def _understand(database: Database, statement: str) -> None:
    spelled = database.dialect.translate(statement)
    with database.transaction() as session:
        if database.dialect.name == "sqlite":
            names = _PLACEHOLDER.findall(spelled)
            session._execute(f"EXPLAIN {spelled}", dict.fromkeys(names))
        else:
            numbered = re.sub(r"%\((\w+)\)s", lambda match: f"${_number(spelled, match[1])}", spelled)
            session._execute(f"PREPARE understood AS {numbered}".replace("%%", "%"), None)  # type: ignore[arg-type]
            session._execute("DEALLOCATE understood", None)  # type: ignore[arg-type]


def _number(spelled: str, name: str) -> int:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", spelled)))
    return names.index(name) + 1
