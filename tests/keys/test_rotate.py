"""A new key while everybody works: whatever interrupts, everything stays readable, and nothing stays under the old."""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, InvalidToken

from hub.archive.store.tables import column_names, table_names
from hub.channels.connect import keeper, read_account
from hub.channels.model import Remembered
from hub.channels.sign_in import store as sign_ins
from hub.errors import KeyLost
from hub.kernel.hub import Hub, fact, open_hub
from hub.kernel.plugins import Plugins
from hub.kernel.secrets import key_id, read_keys
from hub.keys import rotate as rotating
from hub.keys.rotate import old_keys, rotate
from hub.keys.store import SEALED
from tests import house
from tests.desk import Desk

STEPS = ("kept", "added", "resealed", "resealed_late", "finished")


def change(hub: Hub) -> Iterator[str]:
    """One rotation, step by step, as another process would do it."""
    yield from (progress.step for progress in rotate(hub.config, hub.database, wait=lambda seconds: None))


def every_seal(hub: Hub) -> dict[str, list[str]]:
    """Whatever looks like a seal, by the column it stands in: of all columns of all tables, not of those we named."""
    found: dict[str, list[str]] = {}
    with hub.database.reading() as session:
        for table in table_names(session):
            for column in column_names(session, table):
                like = f"SELECT {column} AS text FROM {table} WHERE CAST({column} AS TEXT) LIKE 'gAAAAA%'"  # noqa: S608
                for row in session.all(like):
                    found.setdefault(f"{table}.{column}", []).append(row["text"])
    return found


def fill_every_column(hub: Hub, desk: Desk) -> None:
    """Something sealed in each column that can have it."""
    keeper(hub)(read_account(hub, desk.channel_id), Remembered(text="a session", version=1))
    with hub.database.transaction() as session:
        seal = {"sealed": hub.secrets.seal("what stood in the form")}
        sign_ins.add(session, state_hash="x", session_id=1, expires_at=hub.clock(), **seal)
        sign_ins.remember(session, "mastodon", sealed=hub.secrets.seal("an app"), version=1)


def token_of(hub: Hub, desk: Desk) -> str:
    return read_account(hub, desk.channel_id).settings["token"]


def keys_in(hub: Hub) -> list[str]:
    return hub.config.key_file.read_text().split()


def test_afterwards_everything_is_sealed_with_the_new_key_alone(desk: Desk) -> None:
    hub = desk.hub
    [old] = keys_in(hub)
    fill_every_column(hub, desk)
    assert set(every_seal(hub)) == {f"{column.table}.{column.name}" for column in SEALED}
    assert tuple(change(hub)) == STEPS
    [new] = keys_in(hub)
    assert new != old
    for text in [text for texts in every_seal(hub).values() for text in texts]:
        Fernet(new).decrypt(text)
        with pytest.raises(InvalidToken):
            Fernet(old).decrypt(text)
    with hub.database.reading() as session:
        assert fact(session, "key_id") == key_id(new)
    assert hub.config.key_file.stat().st_mode & 0o777 == 0o600


def test_the_old_key_is_kept_aside_for_older_backups(desk: Desk) -> None:
    [old] = keys_in(desk.hub)
    list(change(desk.hub))
    [aside] = old_keys(desk.hub.config)
    assert aside.read_text().split() == [old]
    assert aside.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("done", range(len(STEPS) + 1))
def test_killed_after_any_step_everything_is_readable_and_the_next_call_finishes(desk: Desk, done: int) -> None:
    hub = desk.hub
    list(itertools.islice(change(hub), done))
    assert token_of(hub, desk) == "s3cret", "a process that was running lost it"
    with contextlib.closing(open_hub(hub.config, plugins=hub.plugins)) as fresh:
        assert token_of(fresh, desk) == "s3cret", "a process that is started now lost it"
    list(change(hub))
    assert len(keys_in(hub)) == 1
    assert token_of(hub, desk) == "s3cret"


def test_a_change_that_was_interrupted_is_finished_and_not_begun_anew(desk: Desk) -> None:
    hub = desk.hub
    [old] = keys_in(hub)
    list(itertools.islice(change(hub), 2))
    [aside] = old_keys(hub.config)
    assert aside.read_text().split() == [old], "kept before the file was touched"
    [new, _] = keys_in(hub)
    aside.unlink()
    assert tuple(change(hub)) == STEPS[2:]
    assert keys_in(hub) == [new]
    [aside] = old_keys(hub.config)
    assert aside.read_text().split() == [old], "kept again, since it goes for good now"


def test_a_key_is_on_the_disk_and_its_owners_before_it_takes_its_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key file that a power cut left empty, or that who runs Hubbub cannot read, is a lost key."""
    file = desk.hub.config.key_file.resolve()
    done: list[tuple[str, str, list[str]]] = []

    def name_of(handle: int) -> str:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        return "folder" if path.is_dir() else path.name

    monkeypatch.setattr(os, "fsync", lambda handle: done.append(("flushed", name_of(handle), keys_in(desk.hub))))
    monkeypatch.setattr(os, "chown", lambda handle, *ids: done.append((f"given {ids}", name_of(handle), [])))
    monkeypatch.setattr(rotating, "_owner", lambda path: (4711, 4712) if path == file else (1, 1))
    [old] = keys_in(desk.hub)
    list(itertools.islice(change(desk.hub), 2))
    keys = keys_in(desk.hub)
    written = [each for each in done if each[1] in (".key.partial", "folder")]
    assert written[-3:] == [
        ("flushed", ".key.partial", [old]),
        ("given (4711, 4712)", ".key.partial", []),
        ("flushed", "folder", keys),
    ]


@pytest.mark.parametrize("done", range(len(STEPS) + 1))
def test_what_a_running_process_seals_at_any_moment_stays_readable(desk: Desk, done: int) -> None:
    hub = desk.hub
    began_before = read_account(hub, desk.channel_id)
    going = change(hub)
    list(itertools.islice(going, done))
    keeper(hub)(began_before, Remembered(text="learned by a call that began before", version=1))
    assert read_account(hub, desk.channel_id).memory.text == "learned by a call that began before"
    keeper(hub)(read_account(hub, desk.channel_id), Remembered(text="learned meanwhile", version=2))
    list(going)
    with contextlib.closing(open_hub(hub.config, plugins=hub.plugins)) as fresh:
        assert read_account(fresh, desk.channel_id).memory.text == "learned meanwhile"


def test_what_was_sealed_with_the_old_key_and_written_late_is_sealed_anew(desk: Desk) -> None:
    hub = desk.hub
    late = read_keys(hub.config.key_file).seal("written late")

    def write(seconds: float) -> None:
        with hub.database.transaction() as session:
            session.run("UPDATE channels SET memory = :late", late=late)

    list(rotate(hub.config, hub.database, wait=write))
    assert read_account(hub, desk.channel_id).memory.text == "written late"


def test_a_secret_that_no_key_opens_stops_nothing_and_is_counted(desk: Desk) -> None:
    hub = desk.hub
    foreign = Fernet(Fernet.generate_key()).encrypt(b"x").decode()
    with hub.database.transaction() as session:
        session.run("UPDATE channels SET memory = :foreign", foreign=foreign)
    steps = list(rotate(hub.config, hub.database, wait=lambda seconds: None))
    assert max(step.unreadable for step in steps) == 1
    assert len(keys_in(hub)) == 1


def test_settings_that_were_entered_anew_are_not_the_same_though_their_text_is(desk: Desk) -> None:
    secrets = desk.hub.secrets
    one = Fernet(keys_in(desk.hub)[0]).encrypt_at_time(b"x", 1_700_000_000).decode()
    other = Fernet(keys_in(desk.hub)[0]).encrypt_at_time(b"x", 1_700_000_001).decode()
    assert secrets.is_same(one, one)
    assert not secrets.is_same(one, other)
    assert not secrets.is_same(one, "")


def test_a_key_file_that_goes_away_or_breaks_while_we_run_is_a_lost_key_only_for_what_it_would_open(
    desk: Desk,
) -> None:
    hub = desk.hub
    text = hub.secrets.seal("x")
    hub.config.key_file.unlink()
    assert hub.secrets.unseal(text) == "x"
    with pytest.raises(KeyLost):
        open_hub(hub.config, plugins=Plugins())


def test_no_column_of_seals_is_forgotten(hub: Hub) -> None:
    """Whoever seals something new names its column in hub/keys/store.py, and the module here."""
    sealing = {
        source.path
        for source in house.sources()
        if source.is_product and source.path != "hub/kernel/secrets.py" and _seals(source.text)
    }
    assert sealing == {"hub/channels/connect.py", "hub/channels/sign_in/journey.py", "hub/keys/lost.py"}
    with hub.database.reading() as session:
        for column in SEALED:
            session.all(f"SELECT {column.key}, {column.name} FROM {column.table}")  # noqa: S608


def _seals(text: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "seal" and "secrets" in ast.unparse(node.value)
        for node in ast.walk(ast.parse(text))
    )
