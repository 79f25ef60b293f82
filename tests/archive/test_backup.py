"""A backup is one file of one moment, whole or not there, and it says so itself."""

from __future__ import annotations

import contextlib
import itertools
import resource
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.archive import backup, container, model
from hub.archive.backup import back_up
from hub.archive.model import Manifest, Table
from hub.archive.store import tables
from hub.doctor.checks import examine
from hub.doctor.model import Finding, Level, Part
from hub.errors import DatabaseUnusable, Invalid, StorageFull
from hub.kernel.database import Session
from hub.kernel.hub import Hub, fact, set_fact
from hub.kernel.sqlite import open_file
from tests.archive.opened import content, lines_in
from tests.desk import Desk
from tests.processes import wait_until

_TEAM = "INSERT INTO teams (name, created_at) VALUES (:name, 0)"


def take(hub: Hub, file: Path) -> Manifest:
    return back_up(hub.config, hub.database, file, now=hub.clock())


def test_everything_is_in_it_and_plain_sqlite_opens_it(desk: Desk, file: Path) -> None:
    desk.fake.says("Where is my filter?")
    desk.pulls()
    desk.answers("On its way.")
    with desk.hub.database.reading() as session:
        before = content(session)
    manifest = take(desk.hub, file)
    assert lines_in(file, "PRAGMA integrity_check") == [("ok",)]
    assert ("Where is my filter?",) in lines_in(file, "SELECT text FROM messages")
    with open_file(file, mode="ro") as session:
        found = content(session)
    assert {name: found[name] for name in before} == before
    assert manifest.rows == {name: len(rows) for name, rows in before.items()}


def test_its_file_is_only_for_its_owner_and_nothing_is_left_beside_it(hub: Hub, file: Path) -> None:
    take(hub, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir() if "hub.backup" in each.name] == ["hub.backup"]


def test_pictures_are_in_it_and_the_key_is_not(hub: Hub, file: Path) -> None:
    (hub.config.media / "ab").mkdir(parents=True)
    (hub.config.media / "ab" / "picture.png").write_bytes(b"\x89PNG content")
    manifest = take(hub, file)
    assert lines_in(file, "SELECT name, data FROM sqlar") == [("media/ab/picture.png", b"\x89PNG content")]
    assert (manifest.media, manifest.media_bytes) == (1, 12)
    assert manifest.key_id == hub.secrets.key_id
    assert hub.config.key_file.read_bytes().strip() not in file.read_bytes()


def test_a_picture_that_is_thrown_away_while_the_backup_is_taken_is_in_it(
    hub: Hub, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = hub.config.media / "uploads" / "waiting"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"sent meanwhile")
    picture.with_suffix(".part").write_bytes(b"half of one")
    copy = backup._copy

    def meanwhile(*given: Any) -> dict[str, int]:
        numbers = copy(*given)
        picture.unlink()
        picture.with_name("new").write_bytes(b"came meanwhile")
        return numbers

    monkeypatch.setattr(backup, "_copy", meanwhile)
    take(hub, file)
    found = dict(lines_in(file, "SELECT name, data FROM sqlar"))
    assert found == {"media/uploads/waiting": b"sent meanwhile", "media/uploads/new": b"came meanwhile"}
    assert not list(hub.config.data.glob(".backup-*"))


def test_secrets_in_it_are_sealed(desk: Desk, file: Path) -> None:
    take(desk.hub, file)
    assert b"s3cret" not in file.read_bytes()


def test_it_is_one_moment_although_writers_go_on(hub: Hub, file: Path) -> None:
    with writers(hub, count=4) as acknowledged:
        wait_until(lambda: len(acknowledged) >= 40, "the writers")
        before = list(acknowledged)
        manifest = take(hub, file)
    names = {name for (name,) in lines_in(file, "SELECT name FROM teams")}
    assert {f"{name}.{half}" for name in before for half in "ab"} <= names, "what was acknowledged before is missing"
    assert {name.rpartition(".")[0] for name in names if name.endswith(".a")} == {
        name.rpartition(".")[0] for name in names if name.endswith(".b")
    }, "half of a transaction is in it"
    assert manifest.rows["teams"] == len(names)


def test_what_is_written_between_two_tables_of_it_is_in_both_or_in_none(
    hub: Hub, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where tables are read one after the other, somebody writes into two of them before each."""
    reading, numbers = tables.rows, itertools.count()

    def written_to(session: Session, table: Table) -> Iterator[tuple[Any, ...]]:
        number = next(numbers)
        with hub.database.transaction() as writing:
            writing.run(_TEAM, name=f"{number}")
            writing.run("INSERT INTO installation (name, value) VALUES (:name, '')", name=f"{number}")
        return reading(session, table)

    monkeypatch.setattr(tables, "rows", written_to)
    take(hub, file)
    assert next(numbers) > 10 or hub.database.dialect.name == "sqlite"
    teams = {name for (name,) in lines_in(file, "SELECT name FROM teams") if name.isdecimal()}
    assert teams == {name for (name,) in lines_in(file, "SELECT name FROM installation") if name.isdecimal()}


@contextlib.contextmanager
def writers(hub: Hub, *, count: int) -> Iterator[list[str]]:
    """Each writes pairs of teams, two in one transaction, for as long as the block runs; yields what was committed."""
    acknowledged: list[str] = []
    ended = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not ended.is_set():
            name = f"{writer}-{number}"
            with hub.database.transaction() as session:
                session.run(_TEAM, name=f"{name}.a")
                session.run(_TEAM, name=f"{name}.b")
            acknowledged.append(name)
            number += 1

    threads = [threading.Thread(target=write, args=(each,)) for each in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield acknowledged
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_events_are_in_their_order_and_readers_go_on_where_they_were(desk: Desk, file: Path) -> None:
    from hub.kernel import log

    desk.fake.says("one")
    desk.pulls()
    with desk.hub.database.transaction() as session:
        log.move_reader(session, "plugin:x", log.newest(session))
    desk.fake.says("two")
    desk.pulls()
    with desk.hub.database.reading() as session:
        waiting = [logged.event for logged in log.read(session, log.reader_position(session, "plugin:x") or "")]
        everything = [logged.event for logged in log.read(session, log.START)]
    take(desk.hub, file)
    with open_file(file, mode="ro") as session:
        position = log.reader_position(session, "plugin:x") or ""
        assert [logged.event for logged in log.read(session, position)] == waiting
        assert [logged.event for logged in log.read(session, log.START)] == everything


def test_the_installation_knows_when_it_was_last_backed_up(hub: Hub, file: Path) -> None:
    manifest = take(hub, file)
    with hub.database.reading() as session:
        assert fact(session, "backed_up_at") == str(manifest.made_at)


def test_the_doctor_asks_for_a_backup_where_there_is_none_or_an_old_one(hub: Hub, file: Path) -> None:
    def said() -> Finding:
        [finding] = [each for each in examine(hub.config, hub.plugins, hub.clock) if each.part is Part.BACKUP]
        return finding

    never = said()
    assert (never.level, "hub backup" in never.advice) == (Level.WARNING, True)
    take(hub, file)
    hub.clock.tick(23 * 3600)  # type: ignore[attr-defined]
    assert (said().level, said().advice, said().facts) == (Level.OK, "", {"backup_hours": 23.0})
    hub.clock.tick(2 * 3600)  # type: ignore[attr-defined]
    assert (said().level, "hub backup" in said().advice) == (Level.WARNING, True)


def test_a_demo_needs_no_backup(hub: Hub) -> None:
    with hub.database.transaction() as session:
        set_fact(session, "kind", "demo")
    assert not [each for each in examine(hub.config, hub.plugins, hub.clock) if each.part is Part.BACKUP]


def test_nothing_is_written_over(hub: Hub, file: Path) -> None:
    file.write_text("last year")
    with pytest.raises(Invalid, match="file_exists"):
        take(hub, file)
    assert file.read_text() == "last year"


def test_a_file_that_appears_meanwhile_is_not_written_over(
    hub: Hub, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = container.verify

    def appear(made: Path) -> Manifest:
        file.write_text("another backup")
        return verify(made)

    monkeypatch.setattr(container, "verify", appear)
    with pytest.raises(Invalid, match="file_exists"):
        take(hub, file)
    assert file.read_text() == "another backup"
    assert [each.name for each in file.parent.iterdir() if "hub.backup" in each.name] == ["hub.backup"]


def test_a_place_that_is_not_there_is_said(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot_write_there"):
        take(hub, tmp_path / "nowhere" / "hub.backup")


def test_a_full_disk_is_said_and_leaves_nothing(hub: Hub, file: Path) -> None:
    (hub.config.media / "large.png").write_bytes(bytes(3_000_000))
    with no_files_beyond(2_000_000), pytest.raises(StorageFull) as raised:
        take(hub, file)
    assert raised.value.reason == "full"
    assert not [each for each in file.parent.iterdir() if "hub.backup" in each.name]


@contextlib.contextmanager
def no_files_beyond(size: int) -> Iterator[None]:
    """Let no file of this process grow further: what a full disk is where nobody may mount a small one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_does_not_hold_together_is_no_backup(hub: Hub, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "damage", lambda session: ["row 7 missing from index"])
    with pytest.raises(DatabaseUnusable, match="row 7"):
        take(hub, file)
    assert not file.exists()


def test_every_table_is_carried_or_named_with_the_reason_why_not(hub: Hub, file: Path) -> None:
    """A new table is carried by itself. One that only one engine has, or with other columns there, has to be named."""
    take(hub, file)
    with open_file(file, mode="ro") as archived, hub.database.reading() as live:
        carried = {table.name: set(table.columns) for table in tables.carried(archived)}
        names = set(tables.table_names(live))
        assert {name: set(tables.column_names(live, name)) for name in carried} == carried
        known = {*model.NOT_CARRIED, *model.DERIVED}
        assert names - set(carried) <= known, "a table is neither carried nor named in hub/archive/model.py"
        assert not known & set(carried)
