"""Everybody wants the one file at once: processes that write, one that reads for long, a backup, a checkpoint."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from hub.kernel import sqlite
from hub.kernel.migrate import migrate
from hub.kernel.sqlite import SqliteDatabase, copy_consistently
from tests.house import ROOT
from tests.processes import wait_until

_WRITERS, _EACH = 3, 60
_WRITE = """
import sys, threading
from pathlib import Path
from hub.kernel.sqlite import SqliteDatabase
database, name, each = SqliteDatabase(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])

def write(thread):
    for number in range(each):
        with database.transaction() as session:
            for half in "ab":
                session.run("INSERT INTO installation (name, value) VALUES (:name, '')",
                            name=f"{name}.{thread}.{number}.{half}")
        # In one piece: two threads say it.
        sys.stdout.write(f"{name}.{thread}.{number}\\n")
        sys.stdout.flush()

print("begun", flush=True)
threads = [threading.Thread(target=write, args=(each,)) for each in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
database.close()
"""


def checkpoint(file: Path) -> None:
    """As SQLite does it by itself now and then: what it can bring home without making anybody wait."""
    with closing(sqlite.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def names(file: Path) -> set[str]:
    with closing(sqlite.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        return {row[0] for row in connection.execute("SELECT name FROM installation")}


def test_nobody_is_refused_and_every_copy_holds_whole_transactions(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    with closing(SqliteDatabase(file)) as database:
        migrate(database)
        said: list[str] = []
        with closing(sqlite.connect(file)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM installation").fetchone()
            writers = [begun(file, f"w{number}", said) for number in range(_WRITERS)]
            for number in itertools.count():
                copied_while_they_write(file, tmp_path / f"copy{number}.db", set(said))
                checkpoint(file)
                if all(process.poll() is not None for process, _ in writers):
                    break
            assert reader.execute("SELECT count(*) FROM installation").fetchone()[0] == 0, "it reads one moment"
            reader.execute("COMMIT")
        for process, thread in writers:
            thread.join()
            assert process.returncode == 0
        assert len(said) == _WRITERS * 2 * _EACH
        assert names(file) == {f"{name}.{half}" for name in said for half in "ab"}


def copied_while_they_write(file: Path, copy: Path, acknowledged: set[str]) -> None:
    copy_consistently(file, copy)
    copied = names(copy)
    assert {f"{name}.{half}" for name in acknowledged for half in "ab"} <= copied
    assert {name[:-2] for name in copied if name.endswith(".a")} == {n[:-2] for n in copied if n.endswith(".b")}


def begun(file: Path, name: str, said: list[str]) -> tuple[subprocess.Popen[str], threading.Thread]:
    """A process that writes, and the thread that notes what was acknowledged to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITE, str(file), name, str(_EACH)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    started = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if line == "begun\n":
                    started.set()
                else:
                    said.append(line.strip())
        process.wait()

    thread = threading.Thread(target=listen)
    thread.start()
    wait_until(started.is_set, "a writer", alive=process)  # type: ignore[arg-type]
    return process, thread
