"""What is no whole backup is refused before anything is touched. On SQLite only: a backup is the same file anyway."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from hub.archive import container, restore
from hub.archive.model import FORMAT, Manifest, Wanted
from hub.archive.store import container as store
from hub.errors import Conflict, DatabaseUnusable, Invalid, KeyLost, StorageFull
from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub, set_fact
from hub.kernel.lock import folder_lock
from hub.kernel.migrate import applied_steps, migrate_file, steps
from hub.kernel.plugins import Plugins
from hub.kernel.sqlite import open_file
from tests.archive.moved import backed_up, bring
from tests.desk import Desk


@pytest.fixture
def engine_url() -> str:
    return ""


def test_old_journals_are_not_played_into_the_new_file(hub: Hub, target: Config, file: Path) -> None:
    for end in ("-wal", "-shm"):
        (target.data / f"hub.db{end}").write_bytes(b"of another time")
    bring(target, backed_up(hub, file))
    assert not list(target.data.glob("hub.db-*"))
    open_hub(target, plugins=Plugins()).close()


def test_a_damaged_installation_is_replaced_and_kept_aside(hub: Hub, target: Config, file: Path) -> None:
    target.database_file.write_bytes(b"no database at all" * 1000)
    restored = bring(target, backed_up(hub, file), Wanted(replace=True))
    assert Path(restored.kept).read_bytes().startswith(b"no database at all")
    open_hub(target, plugins=Plugins()).close()


def test_a_backup_of_older_tables_is_brought_up_to_date(hub: Hub, target: Config, file: Path) -> None:
    first = steps()[0].name
    with container.make_container(file) as made, open_file(made) as session:
        migrate_file(session, upto=[first])
        set_fact(session, "key_id", hub.secrets.key_id)
        container.finish(session, iter(()), manifest_of(hub, steps=(first,)))
    bring(target, file)
    with contextlib.closing(open_hub(target, plugins=Plugins())) as moved:
        assert applied_steps(moved.database) == [step.name for step in steps()]


def manifest_of(hub: Hub, *, steps: tuple[str, ...]) -> Manifest:
    facts = {"version": "0.1.0", "engine": "sqlite", "made_at": 0, "kind": "real", "key_id": hub.secrets.key_id}
    return Manifest(format=FORMAT, steps=steps, rows={}, numbers={}, media=0, media_bytes=0, **facts)  # type: ignore[arg-type]


def test_a_newer_backup_is_refused(hub: Hub, target: Config, file: Path) -> None:
    backed_up(hub, file)
    with open_file(file) as session:
        found = store.manifest(session)
        assert found is not None
        session.run("DELETE FROM archive")
        store.set_manifest(session, replace(found, steps=(*found.steps, "9999_later")))
    with pytest.raises(DatabaseUnusable, match="9999_later") as raised:
        bring(target, file)
    assert raised.value.reason == "newer"
    assert not target.database_file.exists()


def _cut(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)


def _scratch(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(8192)
        opened.write(b"\xff" * 40960)


def _lose_rows(file: Path) -> None:
    with open_file(file) as session:
        session.run("DELETE FROM installation WHERE name = 'kind'")


def _change_a_picture(file: Path) -> None:
    with open_file(file) as session:
        session.run("UPDATE sqlar SET data = x'00'")


def _be_something_else(file: Path) -> None:
    file.write_text("Dear customer")


def _be_another_database(file: Path) -> None:
    file.unlink()
    with open_file(file, mode="rwc") as session:
        session.run("CREATE TABLE songs (name TEXT)")


@pytest.mark.parametrize(
    "break_it", [_cut, _scratch, _lose_rows, _change_a_picture, _be_something_else, _be_another_database, Path.unlink]
)
def test_a_file_that_is_no_whole_backup_is_refused_and_nothing_is_touched(
    hub: Hub, target: Config, file: Path, break_it: object
) -> None:
    assert callable(break_it)
    (hub.config.media / "picture.png").write_bytes(b"\x89PNG")
    backed_up(hub, file)
    break_it(file)
    with pytest.raises((DatabaseUnusable, Invalid)) as refused:
        bring(target, file)
    # The file is at fault, and not the installation: nobody is sent to restore a backup.
    assert refused.value.reason in ("archive_damaged", "not_an_archive", "cannot_read_there")
    assert {each.name for each in target.data.iterdir()} <= {"key", "lock"}


def test_without_the_key_of_its_secrets_it_is_not_brought_in(hub: Hub, target: Config, file: Path) -> None:
    backed_up(hub, file)
    target.key_file.write_bytes(Fernet.generate_key())
    with pytest.raises(KeyLost):
        bring(target, file)
    target.key_file.unlink()
    with pytest.raises(KeyLost):
        bring(target, file)
    assert not target.database_file.exists()


def test_it_is_refused_while_another_hubbub_runs_on_the_folder(hub: Hub, target: Config, file: Path) -> None:
    backed_up(hub, file)
    with folder_lock(target, alone=False), pytest.raises(Invalid, match="in_use"):
        bring(target, file)


OUTSIDE = ["../evil", "../../evil", "uploads/../../evil", "/evil", "linked/evil", "", ".", "..", "a//b", "n" * 300]


@pytest.mark.parametrize("name", OUTSIDE, ids=repr)
def test_no_file_of_a_backup_is_put_anywhere_but_below_the_media(
    hub: Hub, target: Config, file: Path, tmp_path: Path, name: str
) -> None:
    """Whoever can write into a backup writes no other file of the machine by it."""
    (hub.config.media / "picture.png").write_bytes(b"\x89PNG")
    backed_up(hub, file)
    with open_file(file) as session:
        session.run(
            "UPDATE sqlar SET name = 'media/' || :name", name=str(tmp_path / "evil") if name == "/evil" else name
        )
    target.media.mkdir()
    (target.media / "linked").symlink_to(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((DatabaseUnusable, Invalid)):
        bring(target, file)
    after = {each for each in tmp_path.rglob("*") if each not in before}
    assert {each.name for each in after} <= {"lock"}


def test_a_refused_restore_leaves_no_folder_that_was_not_there(hub: Hub, tmp_path: Path, file: Path) -> None:
    backed_up(hub, file)
    fresh = read_config({}, data=tmp_path / "deep" / "fresh")
    with pytest.raises(KeyLost):
        bring(fresh, file)
    assert not (tmp_path / "deep").exists()


def test_a_restore_that_fails_at_its_end_leaves_an_empty_folder_as_it_was(
    hub: Hub, target: Config, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hub.config.media / "ab.jpg").write_bytes(b"a picture")

    def fail(config: Config, staged: Path) -> None:
        raise StorageFull("disk_full")

    monkeypatch.setattr(restore, "_into_sqlite", fail)
    with pytest.raises(StorageFull):
        bring(target, backed_up(hub, file), Wanted(without_key=True))
    assert [each.name for each in target.data.iterdir()] == ["key"]
    target.key_file.unlink()
    with pytest.raises(StorageFull):
        bring(target, file, Wanted(without_key=True))
    assert list(target.data.iterdir()) == []


def test_a_refused_restore_takes_nothing_from_an_installation(desk: Desk, file: Path) -> None:
    config = desk.hub.config
    backed_up(desk.hub, file)
    there = {each.name for each in config.data.iterdir()}
    with pytest.raises(Conflict):
        bring(config, file)
    assert {each.name for each in config.data.iterdir()} >= there
