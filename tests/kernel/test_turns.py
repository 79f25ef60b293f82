"""Processes that write into one file take turns: nobody is overtaken again and again by one that never pauses."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.kernel import sqlite
from hub.kernel.sqlite import SqliteDatabase
from hub.kernel.turns import Turns
from tests.processes import wait_until

LONG = 60.0
_MADE = "CREATE TABLE said (name TEXT)"
_SAY = "INSERT INTO said (name) VALUES (:name)"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    with closing(sqlite.connect(tmp_path / "hub.db")) as connection:
        connection.execute(_MADE)
    yield tmp_path / "hub.db"


def is_taken(file: Path, end: str) -> bool:
    with file.with_name(file.name + end).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_whoever_had_the_turn_does_not_get_it_again_before_who_waits(file: Path) -> None:
    order: list[str] = []
    with closing(Turns(file)) as ours, closing(Turns(file)) as theirs:

        def wait_for_it() -> None:
            theirs.take(LONG)
            order.append("who waited")
            theirs.give_back()

        ours.take(LONG)
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        wait_until(lambda: is_taken(file, "-next"), "somebody to wait")
        ours.give_back()
        ours.take(LONG)
        order.append("who had it")
        waiting.join()
    assert order == ["who waited", "who had it"]


def test_a_turn_that_does_not_come_keeps_nobody_from_asking_sqlite(file: Path) -> None:
    with closing(Turns(file)) as stuck, closing(SqliteDatabase(file, busy_ms=50)) as database:
        stuck.take(LONG)
        with database.transaction() as session:
            session.run(_SAY, name="all the same")
        with database.reading() as session:
            assert [row["name"] for row in session.all("SELECT name FROM said")] == ["all the same"]


def test_the_turn_is_given_back_after_each_commit_and_after_what_failed(file: Path) -> None:
    with closing(SqliteDatabase(file, busy_ms=50)) as database:
        with database.transaction() as session:
            session.run(_SAY, name="one")
            assert is_taken(file, "-turn")
        assert not is_taken(file, "-turn")
        with pytest.raises(KeyError), database.transaction():
            raise KeyError
        assert not is_taken(file, "-turn")
        with closing(sqlite.connect(file)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(sqlite.DatabaseUnusable), database.transaction():
                pass
        assert not is_taken(file, "-turn")


def test_a_process_that_is_gone_has_no_turn(file: Path) -> None:
    gone = Turns(file)
    gone.take(LONG)
    gone.close()
    with closing(Turns(file)) as ours:
        ours.take(LONG)
        assert is_taken(file, "-turn")


def test_where_no_locks_can_be_made_sqlite_decides_alone(tmp_path: Path) -> None:
    with closing(Turns(tmp_path / "nowhere" / "hub.db")) as turns:
        turns.take(LONG)
        turns.give_back()
