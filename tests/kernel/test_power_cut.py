"""The machine goes dark while we write: what the disk holds then is cut off anywhere in the last commits.

The journal is what SQLite appends to; it is cut, or followed by what never reached the disk, at every kind of place.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.kernel import sqlite
from hub.kernel.migrate import migrate
from hub.kernel.sqlite import SqliteDatabase, connect

_PUT = "INSERT INTO installation (name, value) VALUES (:name, :value)"
_FRAME, _HEADER = 4096 + 24, 32
_COMMITS = 6

pytestmark = pytest.mark.skipif(not sqlite.wal_is_safe(), reason="this SQLite is used without a journal of this kind")


class Disk:
    """A database as the disk holds it, and how long its journal was when each commit was acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.acknowledged: list[int] = []
        with closing(SqliteDatabase(folder / "hub.db")) as database:
            migrate(database)
            sqlite.settle_journal(folder / "hub.db")
            for number in range(_COMMITS):
                with database.transaction() as session:
                    # On pages of their own, so that a commit has several parts that may be missing.
                    session.run(_PUT, name=f"{number}.a", value="a" * 3000)
                    session.run(_PUT, name=f"{number}.b", value="b" * 3000)
                self.acknowledged.append((folder / "hub.db-wal").stat().st_size)
            self.file = (folder / "hub.db").read_bytes()
            self.journal = (folder / "hub.db-wal").read_bytes()

    def after(self, folder: Path, cut: int, rest: bytes = b"") -> set[str]:
        """What is found when the machine is on again, the journal cut there and followed by `rest`."""
        for left in folder.iterdir():
            left.unlink()
        (folder / "hub.db").write_bytes(self.file)
        (folder / "hub.db-wal").write_bytes(self.journal[:cut] + rest)
        with closing(connect(folder / "hub.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            return {row[0] for row in connection.execute("SELECT name FROM installation")}

    def expected(self, cut: int) -> set[str]:
        """Every commit of which all is there, and nothing of the others."""
        whole = sum(length <= cut for length in self.acknowledged)
        return {f"{number}.{half}" for number in range(whole) for half in "ab"}

    def cuts(self) -> Iterator[int]:
        """Each byte around every border in the journal, and many in between."""
        borders = range(_HEADER, len(self.journal) + 1, _FRAME)
        near = {border + by for border in (0, *borders) for by in (-1, 0, 1, 8, 24)}
        chance = random.Random(20261122)
        near |= {chance.randrange(len(self.journal)) for _ in range(40)}
        yield from sorted(cut for cut in near if 0 <= cut <= len(self.journal))


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    return Disk(tmp_path_factory.mktemp("disk"))


@pytest.mark.parametrize("never_written", ["nothing", "zeros", "noise"])
def test_every_acknowledged_commit_is_there_whole_wherever_the_journal_ends(
    never_written: str, disk: Disk, tmp_path: Path
) -> None:
    assert disk.acknowledged[-1] == len(disk.journal)
    noise = random.Random(1).randbytes(len(disk.journal))
    for cut in disk.cuts():
        missing = len(disk.journal) - cut
        rest = {"nothing": b"", "zeros": b"\0" * missing, "noise": noise[:missing]}[never_written]
        assert disk.after(tmp_path, cut, rest) == disk.expected(cut), f"cut after {cut} bytes"


def test_without_its_journal_the_file_is_whole_though_older(disk: Disk, tmp_path: Path) -> None:
    """Somebody took hub.db alone to another place."""
    (tmp_path / "hub.db").write_bytes(disk.file)
    with closing(connect(tmp_path / "hub.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
