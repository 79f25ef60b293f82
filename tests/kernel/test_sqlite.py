"""What goes wrong with a file: told as what it is, and nothing is half written."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import DatabaseUnusable, StorageFull
from hub.kernel import sqlite
from hub.kernel.migrate import migrate
from hub.kernel.sqlite import SqliteDatabase, connect

_PUT = "INSERT INTO installation (name, value) VALUES (:name, :value)"
_COUNT = "SELECT count(*) AS found FROM installation"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(SqliteDatabase(tmp_path / "hub.db")) as database:
        migrate(database)
    return tmp_path / "hub.db"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def count(database: SqliteDatabase) -> int:
    with database.reading() as session:
        row = session.one(_COUNT)
    assert row is not None
    return int(row["found"])


def test_a_file_that_another_process_writes_to_is_locked(file: Path) -> None:
    with closing(connect(file)) as other, closing(SqliteDatabase(file, busy_ms=10)) as database:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnusable) as raised, database.transaction():
            pass
        assert raised.value.reason == "locked"
        other.execute("ROLLBACK")
        with database.transaction() as session:
            session.run(_PUT, name="after", value="")
        assert count(database) == 1


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageFull) as raised:
        SqliteDatabase(tmp_path / "missing" / "hub.db")
    assert raised.value.reason == "read_only"


def test_a_full_disk_is_told_and_work_goes_on_when_there_is_space_again(small_disk: Path) -> None:
    with closing(SqliteDatabase(small_disk / "hub.db")) as database:
        migrate(database)
        with pytest.raises(StorageFull) as raised:
            for number in range(1000):
                with database.transaction() as session:
                    session.run(_PUT, name=f"a {number}", value="x" * 20_000)
        assert raised.value.reason == "full"
        stored = count(database)
        subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
        with database.transaction() as session:
            session.run(_PUT, name="after", value="")
        assert count(database) == stored + 1


@pytest.mark.parametrize("offset", [0, 4096])
def test_a_damaged_file_is_told_and_left_as_it_is(file: Path, offset: int) -> None:
    damaged = bytearray(file.read_bytes())
    damaged[offset:] = b"\xff" * (len(damaged) - offset)
    file.write_bytes(damaged)
    with pytest.raises(DatabaseUnusable) as raised, closing(SqliteDatabase(file)) as database:
        migrate(database)
        with database.reading() as session:
            for table in ("installation", "events", "workers", "teams"):
                session.all(f"SELECT * FROM {table}")  # noqa: S608
    assert raised.value.reason == "damaged"
    assert file.read_bytes() == damaged


def test_an_old_version_with_the_wal_bug_runs_without_a_wal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(connect(tmp_path / "safe.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == ("wal" if sqlite.wal_is_safe() else "delete")
    monkeypatch.setattr(sqlite, "wal_is_safe", lambda: False)
    with closing(connect(tmp_path / "old.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_commits_survive_a_power_cut(file: Path) -> None:
    with closing(connect(file)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_threads_that_wait_share_one_commit(file: Path) -> None:
    with closing(SqliteDatabase(file)) as database:
        commits: list[str] = []
        database._writer.set_trace_callback(lambda said: commits.append(said) if said == "COMMIT" else None)
        inside = threading.Event()

        def write(name: str) -> None:
            with database.transaction() as session:
                session.run(_PUT, name=name, value="")
                if name == "first":
                    inside.set()
                    while database._waiting < 4:
                        pass

        first = threading.Thread(target=write, args=("first",))
        first.start()
        inside.wait(120)
        others = [threading.Thread(target=write, args=(f"other {number}",)) for number in range(4)]
        for thread in others:
            thread.start()
        for thread in [first, *others]:
            thread.join(120)
        assert count(database) == 5
        assert len(commits) < 5


def test_a_commit_that_was_left_to_somebody_who_never_came_is_made_by_who_waits_for_it(file: Path) -> None:
    with closing(SqliteDatabase(file)) as database:

        def write() -> None:
            with database.transaction() as session:
                session.run(_PUT, name="left", value="")
                # Somebody stands in line, as far as anybody can see, and dies on the way.
                database._waiting += 1

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(120)
        assert not writer.is_alive()
        with closing(connect(file)) as other:
            assert other.execute("SELECT count(*) FROM installation WHERE name = 'left'").fetchone()[0] == 1
