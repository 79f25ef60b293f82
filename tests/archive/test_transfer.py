"""What is exported comes in elsewhere as it was, on either engine, wholly or not at all."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import pytest

from hub.archive.model import Wanted
from hub.archive.transfer import bring_in, export
from hub.errors import Conflict, Invalid
from hub.kernel.config import Config, read_config
from hub.kernel.database import open_database
from hub.kernel.hub import Hub
from hub.outbox.model import State
from hub.people import agents, sessions
from hub.people.model import OPERATOR, Role
from tests.archive.conftest import Reopen
from tests.archive.moved import LATER
from tests.archive.opened import Content, content, content_of
from tests.desk import Desk

MOVED = Wanted(moved=True)


@pytest.fixture
def lived_in(desk: Desk) -> Desk:
    """Messages in odd characters, an edit, a deletion, a reply that went out, one that waits, a person, a picture."""
    (desk.hub.config.media / "ab").mkdir(parents=True)
    (desk.hub.config.media / "ab" / "picture.png").write_bytes(bytes(range(256)))
    desk.fake.says("gone", id="c").says("again", id="b").says("Wo ist mein Filter? 🧑‍🧑‍🧒\r\n\u202e\t\\ \"'", id="a")
    desk.pulls()
    desk.fake.says("edited", id="b", revision="2").deletes("c")
    desk.pulls()
    desk.answers("On its way.")
    desk.waits(20)
    desk.answers("Still on its way.")
    ann = agents.add(
        desk.hub, OPERATOR, email="ann@example.com", name="Ann Ünal", role=Role.ADMIN, password="seven boats at sea"
    )
    with desk.hub.database.transaction() as session:
        sessions.start(session, desk.hub, ann.id, user_agent="test")
    return desk


def contents(hub: Hub) -> Content:
    with hub.database.reading() as session:
        return content(session)


def exported(hub: Hub, target: Path) -> Path:
    export(hub.config, hub.database, target, now=hub.clock())
    return target


def exported_from(config: Config, target: Path) -> Path:
    with contextlib.closing(open_database(config)) as database:
        export(config, database, target, now=LATER)
    return target


def test_there_and_back_over_both_engines_and_every_table_is_the_same(
    lived_in: Desk, elsewhere: Config, tmp_path: Path
) -> None:
    before = contents(lived_in.hub)
    first = exported(lived_in.hub, tmp_path / "first")
    bring_in(elsewhere, first, MOVED, now=LATER)
    assert content_of(elsewhere) == before
    second = exported_from(elsewhere, tmp_path / "second.db")
    back = read_config({}, data=tmp_path / "back")
    back.data.mkdir()
    shutil.copy(elsewhere.key_file, back.key_file)
    bring_in(back, second, MOVED, now=LATER)
    assert content_of(back) == before
    assert (back.media / "ab" / "picture.png").read_bytes() == bytes(range(256))
    third = exported_from(back, tmp_path / "third")
    for file in (first / "tables").iterdir():
        assert (third / "tables" / file.name).read_bytes() == file.read_bytes()


def test_new_rows_get_new_ids_after_an_import(lived_in: Desk, target: Config, tmp_path: Path, reopen: Reopen) -> None:
    bring_in(target, exported(lived_in.hub, tmp_path / "export"), MOVED, now=LATER)
    moved = reopen()
    lived_in.fake.says("after the move")
    moved.pulls()
    assert "after the move" in moved.texts()


def test_unless_the_old_one_has_ended_what_is_unfinished_waits_for_a_person(
    lived_in: Desk, target: Config, tmp_path: Path, reopen: Reopen
) -> None:
    restored = bring_in(target, exported(lived_in.hub, tmp_path / "export"), Wanted(), now=LATER)
    moved = reopen()
    arrived = len(lived_in.fake.arrivals)
    moved.waits(3600)
    assert (restored.held, restored.sessions) == (1, 1)
    assert len(lived_in.fake.arrivals) == arrived


def test_what_was_unfinished_goes_on_once_the_old_one_has_ended(
    lived_in: Desk, target: Config, tmp_path: Path, reopen: Reopen
) -> None:
    bring_in(target, exported(lived_in.hub, tmp_path / "export"), MOVED, now=LATER)
    moved = reopen()
    moved.waits(20)
    assert [arrival.text for arrival in lived_in.fake.arrivals] == ["On its way.", "Still on its way."]
    with moved.hub.database.reading() as session:
        states = {row["state"] for row in session.all("SELECT state FROM outbox")}
    assert states == {State.SENT.value}


def test_lines_are_for_other_programs_too(lived_in: Desk, tmp_path: Path) -> None:
    folder = exported(lived_in.hub, tmp_path / "export")
    manifest = json.loads((folder / "manifest.json").read_text())
    rows = [json.loads(line) for line in (folder / "tables" / "messages.jsonl").read_text().splitlines()]
    assert len(rows) == manifest["rows"]["messages"]
    assert "On its way." in {row["text"] for row in rows}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_secrets_are_sealed_and_the_key_is_not_in_it(lived_in: Desk, tmp_path: Path) -> None:
    folder = exported(lived_in.hub, tmp_path / "export")
    written = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"s3cret" not in written
    assert lived_in.hub.config.key_file.read_bytes().strip() not in written


def test_nothing_is_written_over_and_nothing_is_left_when_it_fails(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "letter.txt").write_text("Dear customer")
    with pytest.raises(Invalid, match="file_exists"):
        exported(hub, tmp_path / "export")
    assert [each.name for each in tmp_path.iterdir() if "export" in each.name] == ["export"]


def test_only_an_empty_installation_takes_an_import(lived_in: Desk, target: Config, tmp_path: Path) -> None:
    folder = exported(lived_in.hub, tmp_path / "export")
    bring_in(target, folder, MOVED, now=LATER)
    before = content_of(target)
    with pytest.raises(Conflict):
        bring_in(target, folder, MOVED, now=LATER)
    assert content_of(target) == before
