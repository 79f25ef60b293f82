"""What changes on Mastodon without a notice: likes taken back there, and answers that leave our name out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hub_plugins.mastodon.marks import ANSWERS_EVERY, SETTLED_AFTER, Mark, read_mark

from hub.connector import Kind, Visibility
from hub.testing.clock import FrozenClock
from tests.plugins import mastodon_fixtures as fixtures
from tests.plugins.mastodon_channel import Channel
from tests.plugins.mastodon_server import LENA, ME, TOM, Dialect, FakeMastodon

WEEK = timedelta(days=7)


clock, dialect, server, channel = fixtures.clock, fixtures.dialect, fixtures.server, fixtures.read_channel


def contexts(server: FakeMastodon) -> int:
    return sum(arrival.path.endswith("/context") for arrival in server.server.arrivals)


# --- what was done to a message -----------------------------------------------------------------------------------


def test_a_like_that_comes_and_goes_in_another_app_is_told(channel: Channel, server: FakeMastodon) -> None:
    question = server.says("Hello")
    channel.pull()
    server.statuses[question] |= {"favourited": True, "reblogged": False}
    assert channel.pull() == [question]
    assert (channel.messages[question].done, channel.messages[question].undone) == (("like",), ("boost",))
    server.statuses[question] |= {"favourited": False}
    assert channel.pull() == [question]
    assert (channel.messages[question].done, channel.messages[question].undone) == ((), ("like", "boost"))


def test_a_like_taken_back_is_told_once_more_when_it_cannot_be_an_echo_any_more(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    question = server.says("Hello")
    channel.pull()
    server.statuses[question] |= {"favourited": True}
    channel.pull()
    channel.pull()
    clock.tick(SETTLED_AFTER)
    assert channel.pull() == [question]
    assert channel.pull() == []


@pytest.mark.parametrize(
    ("visibility", "impossible"),
    [
        (Visibility.PUBLIC, ()),
        (Visibility.UNLISTED, ()),
        (Visibility.FOLLOWERS, ("boost", "unboost", "quote")),
        (Visibility.DIRECT, ("boost", "unboost", "quote")),
    ],
)
def test_what_was_not_said_in_public_is_neither_boosted_nor_quoted(
    channel: Channel, server: FakeMastodon, visibility: Visibility, impossible: tuple[str, ...]
) -> None:
    question = server.says("Hello", visibility=visibility)
    channel.pull()
    assert channel.messages[question].reply.impossible == impossible


@pytest.mark.parametrize("dialect", [Dialect(quotes=False), Dialect()], indirect=True)
def test_no_quote_is_offered_where_the_server_or_the_author_takes_none(channel: Channel, server: FakeMastodon) -> None:
    question = server.says("Hello")
    server.denied = {question}
    channel.pull()
    assert channel.messages[question].reply.impossible == ("quote",)


# --- answers nobody told us of ------------------------------------------------------------------------------------


def test_an_answer_to_a_new_post_of_ours_that_leaves_our_name_out_arrives(
    channel: Channel, server: FakeMastodon
) -> None:
    post = server.writes(ME, "We measured the water.")
    channel.pull()
    answer = server.writes(LENA, "And in Leipzig?", parent=post)
    channel.pull()
    channel.pull()
    message = channel.messages[answer]
    assert (message.addressed, message.kind) == (True, Kind.REPLY)
    assert message.post is not None
    assert message.post.text == "We measured the water."


def test_an_answer_to_our_answer_that_leaves_our_name_out_arrives(channel: Channel, server: FakeMastodon) -> None:
    question = server.says("Is that normal?")
    channel.pull()
    ours = server.native_reply(question, "It is.")
    channel.pull()
    answer = server.writes(TOM, "Thanks", parent=ours)
    aside = server.writes(LENA, "Good to know", parent=answer)
    channel.pull()
    channel.pull()
    assert (channel.messages[answer].addressed, channel.messages[aside].addressed) == (True, False)


def test_an_answer_that_named_us_is_told_once(channel: Channel, server: FakeMastodon) -> None:
    post = server.writes(ME, "We measured the water.")
    channel.pull()
    answer = server.says("And in Leipzig?", parent=post)
    told = [*channel.pull(), *channel.pull(), *channel.pull()]
    assert told == [answer]


def test_a_thread_whose_answers_grow_is_read_every_ten_minutes(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    post = server.writes(ME, "We measured the water.")
    channel.pull()
    for number in range(5):
        server.writes(LENA, f"Answer {number}", parent=post)
        channel.pull()
    assert contexts(server) == 1
    clock.tick(ANSWERS_EVERY)
    channel.pull()
    channel.pull()
    assert contexts(server) == 2
    assert sum(message.addressed for message in channel.messages.values()) == 5


def test_old_answers_stay_where_they_are(channel: Channel, server: FakeMastodon, clock: FrozenClock) -> None:
    post = server.writes(ME, "We measured the water.", at=clock() - WEEK)
    old = server.writes(LENA, "And?", parent=post, at=clock() - WEEK * 2)
    channel.pull()
    channel.pull()
    assert not channel.messages[old].addressed


def test_a_post_of_ours_that_nobody_answered_leaves_without_a_word(channel: Channel, server: FakeMastodon) -> None:
    post = server.writes(ME, "We measured the water.")
    channel.pull()
    server.deletes(post)
    channel.pull()
    assert channel.deleted == {}
    assert post not in (channel.cursor or "").partition('"watched"')[2].partition('"turn"')[0]


# --- the mark -----------------------------------------------------------------------------------------------------


def test_a_mark_is_read_back() -> None:
    full = Mark(came_as="mention", seen="0123456789ab", done="lbm", done_at=1_700_000_000, answers=7, answers_at=9)
    assert read_mark(full.dump()) == full
    assert read_mark("own 0123456789ab") == Mark(came_as="own", seen="0123456789ab")
