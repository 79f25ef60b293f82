"""Hashtags that are watched on Mastodon: what is said under them comes in as if it had named us."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.connector import Kind
from hub.testing.clock import FrozenClock
from tests.plugins import mastodon_fixtures as fixtures
from tests.plugins.mastodon_channel import Channel
from tests.plugins.mastodon_server import LENA, ME, TOKEN, TOM, FakeMastodon

clock, dialect, server = fixtures.clock, fixtures.dialect, fixtures.server
TAGGED = "/api/v1/timelines/tag/brightwater"


@pytest.fixture
def channel(server: FakeMastodon, clock: FrozenClock, tmp_path: Path) -> Iterator[Channel]:
    """A channel that watches two hashtags; an older post stands under one of them."""
    server.writes(LENA, "#brightwater, long ago", hashtags=["brightwater"])
    made = Channel(server.url, TOKEN, tmp_path, server.server.address, clock=clock, tags="#Brightwater, kettles")
    made.pull()
    yield made
    made.close()


def test_what_is_said_under_a_hashtag_from_then_on_comes_in(channel: Channel, server: FakeMastodon) -> None:
    assert channel.messages == {}
    one = server.writes(LENA, "My #brightwater leaks", hashtags=["brightwater"])
    other = server.writes(TOM, "Which #kettles last?", hashtags=["kettles"])
    server.writes(TOM, "Look, a #cat", hashtags=["cat"])
    assert channel.pull() == [one, other]
    message = channel.messages[one]
    assert (message.addressed, message.kind, message.kind_raw) == (True, Kind.MENTION, "tag")
    assert channel.pull() == []


def test_more_than_a_page_of_it_leaves_no_hole(channel: Channel, server: FakeMastodon) -> None:
    said = [server.writes(LENA, f"{number} #brightwater", hashtags=["brightwater"]) for number in range(95)]
    assert sorted(channel.pull()) == sorted(said)


def test_our_own_posts_and_what_named_us_anyway_come_once(channel: Channel, server: FakeMastodon) -> None:
    server.writes(ME, "#brightwater is here", hashtags=["brightwater"])
    named = server.writes(LENA, "@brightwater #brightwater", hashtags=["brightwater"], heard_as="mention")
    assert channel.pull() == [named]
    assert channel.messages[named].kind_raw == "mention"


def test_an_edit_under_a_hashtag_is_noticed(channel: Channel, server: FakeMastodon) -> None:
    said = server.writes(LENA, "#brightwater leaks", hashtags=["brightwater"])
    channel.pull()
    server.edits(said, "#brightwater does not leak")
    assert channel.pull() == [said]
    assert channel.messages[said].addressed


def test_a_server_that_keeps_hashtags_to_itself_is_warned_of_and_the_rest_works(
    channel: Channel, server: FakeMastodon
) -> None:
    for _ in range(4):
        server.refuses("GET", TAGGED, 401, "This API requires an authenticated user")
    assert "cannot_read_tags" in channel.connector.check().warnings
    question = server.says("Hello")
    assert channel.pull() == [question]


def test_without_hashtags_nobody_is_asked_for_them(server: FakeMastodon, clock: FrozenClock, tmp_path: Path) -> None:
    made = Channel(server.url, TOKEN, tmp_path, server.server.address, clock=clock)
    made.pull()
    made.close()
    assert not [arrival for arrival in server.server.arrivals if "/timelines/" in arrival.path]
