"""A restore brings everything back to one moment, and from then on nothing goes out that may have gone out already."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.archive import restore as restoring
from hub.archive.model import Wanted
from hub.channels.connect import read_account
from hub.channels.model import ChannelState
from hub.channels.store import all_channels
from hub.engine.beat import Worker
from hub.engine.store import alive
from hub.errors import Conflict, HubError, Invalid
from hub.kernel import log
from hub.kernel.config import Config
from hub.kernel.database import Database, Session
from hub.kernel.hub import Hub, prepare
from hub.kernel.migrate import migrate
from hub.outbox.decide import cancel, mark_sent, retry
from hub.outbox.model import State
from hub.outbox.settle import RESTORED
from hub.people import agents, links, sessions, tokens
from hub.people.model import OPERATOR, Purpose, Role
from tests.archive.conftest import Reopen
from tests.archive.moved import backed_up, bring
from tests.archive.opened import content, content_of, lines_in
from tests.desk import Desk


def test_an_empty_folder_becomes_what_was_backed_up(desk: Desk, target: Config, file: Path) -> None:
    (desk.hub.config.media / "picture.png").write_bytes(b"\x89PNG")
    desk.fake.says("Where is my filter?")
    desk.pulls()
    desk.answers("On its way.")
    desk.waits(20)
    with desk.hub.database.reading() as session:
        before = content(session)
    bring(target, backed_up(desk.hub, file))
    assert content_of(target) == before
    assert (target.media / "picture.png").read_bytes() == b"\x89PNG"


def test_it_may_come_to_the_other_engine(desk: Desk, elsewhere: Config, file: Path) -> None:
    desk.fake.says("Where is my filter?")
    desk.pulls()
    desk.answers("On its way.")
    desk.waits(20)
    with desk.hub.database.reading() as session:
        before = content(session)
    bring(elsewhere, backed_up(desk.hub, file))
    assert content_of(elsewhere) == before


def test_it_goes_on_counting_and_pulling_where_it_was(desk: Desk, target: Config, file: Path, reopen: Reopen) -> None:
    desk.fake.says("before the backup")
    desk.pulls()
    backed_up(desk.hub, file)
    desk.fake.says("between backup and restore")
    desk.pulls()
    bring(target, file)
    desk.fake.says("after the restore")
    moved = reopen()
    moved.pulls()
    moved.pulls()
    assert moved.texts() == ["before the backup", "between backup and restore", "after the restore"]


def test_a_program_that_goes_on_where_it_was_before_the_restore_is_told_and_skips_nothing(
    desk: Desk, target: Config, file: Path, reopen: Reopen
) -> None:
    """On PostgreSQL another database counts its transactions from elsewhere: no position of the old one holds."""
    desk.fake.says("read by a program")
    desk.pulls()
    with desk.hub.database.reading() as session:
        read = log.newest(session)
        on_postgresql = log.parse_position(read)[0] > 0
    desk.fake.says("not read yet")
    desk.pulls()
    backed_up(desk.hub, file)
    desk.fake.says("between backup and restore")
    desk.pulls()
    with desk.hub.database.reading() as session:
        lost = log.newest(session)
    bring(target, file)
    moved = reopen()
    moved.pulls()
    with moved.hub.database.reading() as session:
        assert not log.is_held(session, lost)
        assert log.is_held(session, read) is not on_postgresql
        assert log.is_held(session, log.newest(session))
        assert log.is_held(session, log.START)


def test_what_was_not_sent_is_held_and_does_not_leave_by_itself(
    desk: Desk, target: Config, file: Path, reopen: Reopen
) -> None:
    desk.fake.says("Where is my filter?")
    desk.pulls()
    item = desk.answers("On its way.")
    restored = bring(target, backed_up(desk.hub, file))
    moved = reopen()
    moved.waits(3600)
    assert restored.held == 1
    assert moved.item(item).state is State.HELD
    assert moved.item(item).trouble is not None
    assert desk.fake.arrivals == []


def test_what_nobody_could_tell_about_is_held_and_still_known_by_its_echo(
    desk: Desk, target: Config, file: Path, reopen: Reopen
) -> None:
    desk.fake.says("Where is my filter?").fails("drop")
    desk.pulls()
    item = desk.answers("On its way.")
    desk.waits(11)
    with desk.hub.database.transaction() as session:
        session.run("UPDATE outbox SET state = 'unknown', claimed_by = NULL")
    assert bring(target, backed_up(desk.hub, file)).held == 1
    moved = reopen()
    assert (moved.item(item).state, moved.item(item).trouble) == (State.HELD, RESTORED)
    moved.pulls()
    assert moved.item(item).state is State.SENT


@pytest.mark.parametrize("fault", ["drop", "bug"])
def test_what_may_have_arrived_is_held_too(desk: Desk, target: Config, file: Path, reopen: Reopen, fault: str) -> None:
    desk.fake.says("Where is my filter?").fails(fault)
    desk.pulls()
    item = desk.answers("On its way.")
    desk.waits(11)
    assert desk.item(item).state is State.SENDING
    bring(target, backed_up(desk.hub, file))
    moved = reopen()
    arrived = len(desk.fake.arrivals)
    moved.waits(3600)
    assert moved.item(item).state is State.HELD
    assert len(desk.fake.arrivals) == arrived


def test_what_was_sent_after_the_backup_is_known_by_its_echo_and_not_sent_again(
    desk: Desk, target: Config, file: Path, reopen: Reopen
) -> None:
    desk.fake.says("Where is my filter?")
    desk.pulls()
    item = desk.answers("On its way.")
    backed_up(desk.hub, file)
    desk.waits(20)
    assert desk.item(item).state is State.SENT
    bring(target, file)
    moved = reopen()
    moved.waits(3600)
    moved.pulls()
    assert moved.item(item).state is State.SENT
    assert [arrival.text for arrival in desk.fake.arrivals] == ["On its way."]
    assert moved.texts().count("On its way.") == 1


def test_a_person_sends_what_is_held_and_it_arrives_once(
    desk: Desk, target: Config, file: Path, reopen: Reopen
) -> None:
    desk.fake.says("Where is my filter?")
    desk.pulls()
    item = desk.answers("On its way.")
    bring(target, backed_up(desk.hub, file))
    moved = reopen()
    retry(moved.hub, item)
    moved.waits(20)
    moved.pulls()
    assert moved.item(item).state is State.SENT
    assert [arrival.text for arrival in desk.fake.arrivals] == ["On its way."]


def test_a_person_says_that_it_is_there_or_gives_it_up(desk: Desk, target: Config, file: Path, reopen: Reopen) -> None:
    desk.fake.says("one").says("two")
    desk.pulls()
    first, second = desk.answers("an answer"), desk.answers("another")
    bring(target, backed_up(desk.hub, file))
    moved = reopen()
    mark_sent(moved.hub, first)
    cancel(moved.hub, second)
    moved.waits(3600)
    assert (moved.item(first).state, moved.item(second).state) == (State.SENT, State.CANCELLED)
    assert desk.fake.arrivals == []


def test_who_was_signed_in_signs_in_again_and_links_and_tokens_end(
    hub: Hub, target: Config, file: Path, reopen: Reopen
) -> None:
    ann = agents.add(hub, OPERATOR, email="ann@example.com", name="Ann", role=Role.ADMIN, password="seven boats at sea")
    with hub.database.transaction() as session:
        signed_in = sessions.start(session, hub, ann.id, user_agent="test")
        link = links.issue(session, hub, ann.id, Purpose.RESET).rpartition("/")[2]
    assert sessions.find(hub, signed_in) is not None
    restored = bring(target, backed_up(hub, file))
    moved = reopen().hub
    assert sessions.find(moved, signed_in) is None
    with pytest.raises(HubError):
        links.find(moved, link)
    assert restored.sessions == 1


@pytest.mark.parametrize("keep", [False, True])
def test_api_tokens_end_unless_they_are_kept(hub: Hub, target: Config, file: Path, keep: bool) -> None:
    ann = agents.add(hub, OPERATOR, email="ann@example.com", name="Ann", role=Role.ADMIN, password="seven boats at sea")
    tokens.create(hub, OPERATOR, ann.id, name="script", scopes=[])
    restored = bring(target, backed_up(hub, file), Wanted(keep_tokens=keep))
    assert restored.tokens == (0 if keep else 1)
    [token] = content_of(target)["tokens"]
    assert (token["revoked_at"] is None) is keep


def test_nobody_counts_as_at_work_who_was_at_work_when_the_backup_was_taken(
    hub: Hub, target: Config, file: Path, reopen: Reopen
) -> None:
    with Worker(hub, "worker"):
        backed_up(hub, file)
    bring(target, file)
    with reopen().hub.database.reading() as session:
        assert alive(session) == []


def test_no_id_of_an_event_is_given_a_second_time(desk: Desk, target: Config, file: Path, reopen: Reopen) -> None:
    backed_up(desk.hub, file)
    desk.fake.says("told to somebody after the backup")
    desk.pulls()
    with desk.hub.database.reading() as session:
        told = {row["id"] for row in session.all("SELECT id FROM events")}
    bring(target, file)
    moved = reopen()
    moved.pulls()
    known = {number for (number,) in lines_in(file, "SELECT id FROM events")}
    with moved.hub.database.reading() as session:
        given = {row["id"] for row in session.all("SELECT id FROM events")} - known
    assert given
    assert not given & told


def test_when_the_key_is_lost_for_good_everything_but_the_secrets_comes_back(
    desk: Desk, target: Config, file: Path, reopen: Reopen
) -> None:
    desk.fake.says("Where is my filter?")
    desk.pulls()
    backed_up(desk.hub, file)
    target.key_file.unlink()
    bring(target, file, Wanted(without_key=True))
    moved = reopen()
    assert moved.texts() == ["Where is my filter?"]
    with moved.hub.database.reading() as session:
        [channel] = all_channels(session)
    assert channel.state is ChannelState.SIGNED_OUT
    assert read_account(moved.hub, channel.id).settings.get("token") is None
    assert moved.hub.secrets.key_id != desk.hub.secrets.key_id


def test_an_installation_that_is_in_use_by_people_is_replaced_only_when_told_so(
    desk: Desk, target: Config, file: Path
) -> None:
    backed_up(desk.hub, file)
    bring(target, file)
    with pytest.raises(Conflict, match="installation"):
        bring(target, file)
    restored = bring(target, file, Wanted(replace=True))
    if not target.database_url:
        assert lines_in(Path(restored.kept), "SELECT name FROM channels") == [("@brightwater",)]


def test_a_folder_just_prepared_is_as_good_as_empty(desk: Desk, target: Config, file: Path) -> None:
    prepare(target)
    bring(target, backed_up(desk.hub, file))
    assert [row["name"] for row in content_of(target)["channels"]] == ["@brightwater"]


def test_it_is_refused_while_another_machine_works_with_the_database(
    hub: Hub, target: Config, file: Path, reopen: Reopen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "LINGER_SECONDS", 0)
    if not target.database_url:
        return  # an SQLite file belongs to one folder, which is locked
    bring(target, backed_up(hub, file))
    reopen()
    with pytest.raises(Invalid, match="database_in_use"):
        bring(target, file, Wanted(replace=True))


def test_what_fails_on_the_way_leaves_the_installation_as_it_was(
    desk: Desk, target: Config, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(desk.hub, file)
    bring(target, file)
    before = content_of(target)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restoring, "put_media", fail)
    with pytest.raises(HubError):
        bring(target, file, Wanted(replace=True))
    assert content_of(target) == before
    assert not list(target.data.glob("hub-restoring*"))


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("is_done", [False, True])
def test_whoever_breaks_off_at_the_commit_is_left_with_what_the_database_needs_and_can_begin_again(
    desk: Desk, target: Config, file: Path, reopen: Reopen, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.hub.config.media / "picture.png").write_bytes(b"\x89PNG")
    desk.fake.says("Where is my filter?")
    desk.pulls()
    backed_up(desk.hub, file)
    target.key_file.unlink()

    def migrates_and_is_interrupted_then(database: Database) -> None:
        migrate(database)
        begin = database.transaction

        @contextlib.contextmanager
        def interrupted() -> Iterator[Session]:
            with begin() as session:
                yield session
                if not is_done:
                    raise KeyboardInterrupt
            raise KeyboardInterrupt

        monkeypatch.setattr(database, "transaction", interrupted)

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "migrate", migrates_and_is_interrupted_then)
        with pytest.raises(KeyboardInterrupt):
            bring(target, file, Wanted(without_key=True))
    if not is_done:
        bring(target, file, Wanted(without_key=True))
    assert reopen().texts() == ["Where is my filter?"]
    assert (target.media / "picture.png").read_bytes() == b"\x89PNG"
    assert not list(target.data.glob("hub-restoring*"))
