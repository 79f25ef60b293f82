"""The event log on both engines: in the order of commit, nothing skipped, from where a reader stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hub.errors import Invalid
from hub.events import ChannelChanged, ConversationRead, MessageReceived
from hub.kernel import log
from hub.kernel.hub import Hub
from hub.kernel.postgres import PostgresDatabase


def append(hub: Hub, *states: str) -> None:
    with hub.database.transaction() as session:
        log.append_all(session, [ChannelChanged(channel_id=1, state=state) for state in states], at=hub.clock())


def read(hub: Hub, after: str = log.START) -> list[str]:
    with hub.database.reading() as session:
        return [logged.event.state for logged in log.read(session, after)]  # type: ignore[attr-defined]


@pytest.fixture
def second(hub: Hub) -> Iterator[PostgresDatabase]:
    """Another process on the same PostgreSQL."""
    assert isinstance(hub.database, PostgresDatabase)
    other = PostgresDatabase(hub.database.url)
    yield other
    other.close()


def test_events_are_read_in_the_order_they_were_written_and_from_where_a_reader_stopped(hub: Hub) -> None:
    append(hub, "a", "b")
    append(hub, "c")
    assert read(hub) == ["a", "b", "c"]
    with hub.database.reading() as session:
        first = log.read(session, log.START, limit=1)[0]
    assert read(hub, first.position) == ["b", "c"]


def test_an_event_comes_back_as_it_was_written(hub: Hub) -> None:
    received = MessageReceived(channel_id=1, conversation_id=2, message_id=3, direction="in", history=True)
    with hub.database.transaction() as session:
        log.append(session, received, at=hub.clock())
        log.append(session, ConversationRead(), at=hub.clock())
    with hub.database.reading() as session:
        found = log.read(session, log.START)
    assert [logged.event for logged in found] == [received, ConversationRead()]
    assert found[0].at == hub.clock()


def test_what_is_undone_was_never_told(hub: Hub) -> None:
    with pytest.raises(ZeroDivisionError), hub.database.transaction() as session:
        log.append(session, ChannelChanged(state="a"), at=hub.clock())
        raise ZeroDivisionError
    assert read(hub) == []


# SQLite has one writer at a time: nothing commits in between.
@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_a_transaction_that_commits_later_is_not_skipped(hub: Hub, second: PostgresDatabase) -> None:
    with second.transaction() as slow:
        log.append(slow, ChannelChanged(channel_id=1, state="slow"), at=hub.clock())
        append(hub, "quick")
        with hub.database.reading() as session:
            reached = log.newest(session)
        assert read(hub) == []
    assert sorted(read(hub, reached)) == ["quick", "slow"]


@pytest.mark.parametrize(
    "wrong", ["", "1", "a.b", "1.", ".1", "-1.0", "1.2.3", "١.٢", f"1.{2**63}", f"{2**64}.1", "9" * 50]
)
def test_what_is_no_position_is_refused(hub: Hub, wrong: str) -> None:
    with hub.database.reading() as session, pytest.raises(Invalid, match="not_a_position"):
        log.read(session, wrong)


def test_the_highest_position_is_one(hub: Hub) -> None:
    assert read(hub, f"{2**63 - 1}.{2**63 - 1}") == []


def test_a_reader_goes_on_after_a_restart_and_its_failures_are_counted(hub: Hub) -> None:
    append(hub, "a", "b")
    with hub.database.transaction() as session:
        assert log.reader_position(session, "plugin:x") is None
        log.move_reader(session, "plugin:x", log.read(session, log.START)[0].position)
    with hub.database.transaction() as session:
        assert [log.count_failure(session, "plugin:x", at=hub.clock()) for _ in range(2)] == [1, 2]
        position = log.reader_position(session, "plugin:x")
        assert position is not None
        log.move_reader(session, "plugin:x", position)
        assert log.count_failure(session, "plugin:x", at=hub.clock()) == 1
    assert read(hub, position) == ["b"]


def test_a_reader_that_two_workers_read_for_never_goes_back(hub: Hub) -> None:
    append(hub, "a", "b")
    with hub.database.transaction() as session:
        first, second = (logged.position for logged in log.read(session, log.START))
        log.move_reader(session, "plugin:x", second)
        log.move_reader(session, "plugin:x", first)
        assert log.reader_position(session, "plugin:x") == second


@pytest.mark.parametrize(("kept", "left"), [(1, ["new"]), (-1, []), (100, ["old", "new"])])
def test_old_events_are_forgotten(hub: Hub, kept: int, left: list[str]) -> None:
    append(hub, "old")
    hub.clock.tick(7200)  # type: ignore[attr-defined]
    append(hub, "new")
    with hub.database.transaction() as session:
        assert log.forget(session, before=hub.clock() - timedelta(hours=kept)) == 2 - len(left)
    assert read(hub) == left
    with hub.database.reading() as session:
        assert log.oldest(session) <= log.newest(session)
