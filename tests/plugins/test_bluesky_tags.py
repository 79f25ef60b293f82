"""Hashtags that a Bluesky channel watches, on a hand-written fake server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.connector import Kind
from hub.testing.clock import FrozenClock
from tests.plugins.bluesky_channel import Channel
from tests.plugins.bluesky_server import LENA, ME, PASSWORD, TOM, FakeBluesky

SEARCH = "app.bsky.feed.searchPosts"


@pytest.fixture
def server(frozen_clock: FrozenClock) -> Iterator[FakeBluesky]:
    with FakeBluesky(frozen_clock) as running:
        yield running


Connect = Callable[[str], Channel]


@pytest.fixture
def connect(server: FakeBluesky, frozen_clock: FrozenClock, tmp_path: Path) -> Iterator[Connect]:
    made: list[Channel] = []

    def connected(tags: str) -> Channel:
        address = server.server.address
        made.append(Channel(server.url, "brightwater.test", PASSWORD, tmp_path, address, clock=frozen_clock, tags=tags))
        made[-1].pull()
        made[-1].pull()
        return made[-1]

    yield connected
    for channel in made:
        channel.close()


@pytest.fixture
def channel(connect: Connect, server: FakeBluesky, frozen_clock: FrozenClock) -> Channel:
    server.writes(LENA, "long ago #kettles")
    frozen_clock.tick(10)
    channel = connect("Kettles")
    frozen_clock.tick(60)
    return channel


def test_what_is_said_under_a_hashtag_from_then_on_comes_in_once(channel: Channel, server: FakeBluesky) -> None:
    assert channel.messages == {}
    said = server.writes(TOM, "Which of them? #Kettles #tea")
    only_the_word = server.writes(TOM, "kettles are fine")
    assert channel.pull() == [said]
    told = channel.messages[said]
    assert (told.addressed, told.kind, told.kind_raw) == (True, Kind.MENTION, "tag")
    assert only_the_word not in channel.messages
    assert channel.pull() == []


def test_an_answer_under_a_hashtag_comes_with_what_it_answers(channel: Channel, server: FakeBluesky) -> None:
    above = server.writes(LENA, "What do you boil with?")
    answer = server.writes(TOM, "With these: #kettles", parent=above)
    assert set(channel.pull()) == {above, answer}
    assert (channel.messages[answer].kind, channel.messages[answer].parent_id) == (Kind.REPLY, above)
    assert not channel.messages[above].addressed


def test_what_the_index_finds_late_comes_in_all_the_same(
    channel: Channel, server: FakeBluesky, frozen_clock: FrozenClock
) -> None:
    frozen_clock.tick(3600)
    early = server.writes(TOM, "#kettles first")
    hidden = server.posts.pop(early)
    frozen_clock.tick(1800)
    later = server.writes(LENA, "#kettles second")
    assert channel.pull() == [later]
    server.posts[early] = hidden
    assert channel.pull() == [early]


def test_more_than_a_page_of_it_leaves_no_hole(channel: Channel, server: FakeBluesky) -> None:
    said = {server.writes(TOM, f"#kettles number {number}") for number in range(130)}
    assert set(channel.pull()) == said


def test_our_own_posts_those_of_whom_we_muted_and_what_named_us_anyway(channel: Channel, server: FakeBluesky) -> None:
    server.writes(ME, "Our #kettles")
    server.people[TOM] = {"viewer": {"muted": True}}
    server.writes(TOM, "muted #kettles")
    named = server.says("Your #kettles!")
    assert channel.pull() == [named]
    assert channel.messages[named].kind_raw == "reply"


def test_several_hashtags_take_turns(connect: Connect, server: FakeBluesky, frozen_clock: FrozenClock) -> None:
    channel = connect("kettles, #tea")
    frozen_clock.tick(60)
    said = [server.writes(TOM, "#kettles"), server.writes(TOM, "#tea")]
    asked = len(server.calls(SEARCH))
    came = [*channel.pull(), *channel.pull()]
    assert len(server.calls(SEARCH)) == asked + 2
    assert sorted(came) == sorted(said)


def test_a_hashtag_that_is_added_later_counts_from_then_on(
    connect: Connect, server: FakeBluesky, frozen_clock: FrozenClock
) -> None:
    first = connect("kettles")
    frozen_clock.tick(60)
    server.writes(TOM, "#tea before")
    frozen_clock.tick(60)
    again = connect("kettles tea")
    again.cursor = first.cursor
    again.pull()
    again.pull()
    frozen_clock.tick(60)
    said = server.writes(TOM, "#tea after")
    assert {*again.pull(), *again.pull()} == {said}


def test_a_search_that_fails_costs_only_itself_and_is_made_up_for(channel: Channel, server: FakeBluesky) -> None:
    tagged, named = server.writes(TOM, "#kettles"), server.says("hello")
    server.refuses(SEARCH, 502, "UpstreamFailure")
    assert channel.pull() == [named]
    assert channel.pull() == [tagged]


def test_a_service_that_does_not_search_is_warned_of(channel: Channel, server: FakeBluesky) -> None:
    assert "cannot_read_tags" not in channel.connector.check().warnings
    server.refuses(SEARCH, 400, "InvalidRequest", "search is not available")
    assert "cannot_read_tags" in channel.connector.check().warnings


def test_without_hashtags_nobody_searches(connect: Connect, server: FakeBluesky) -> None:
    connect("").connector.check()
    assert server.calls(SEARCH) == []


def test_a_deleted_post_under_a_hashtag_goes(channel: Channel, server: FakeBluesky) -> None:
    said = server.writes(TOM, "#kettles")
    channel.pull()
    server.deletes(said)
    channel.pull()
    channel.pull()
    assert said in channel.deleted
