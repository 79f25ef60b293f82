"""What stands beside a Mastodon status's words: custom emoji and polls, as its API tells them and as they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_plugins.mastodon.details import emoji, emoji_of, poll_of, standing
from hub_plugins.mastodon.marks import Mark, read_mark

from hub.connector import Choice, Emoji, Poll
from hub.testing.clock import FrozenClock
from tests.plugins import mastodon_fixtures as fixtures
from tests.plugins.mastodon_channel import Channel
from tests.plugins.mastodon_server import ME, FakeMastodon

BLOB = {"shortcode": "blob", "url": "https://m.example/b.gif", "static_url": "https://m.example/b.png"}
QUESTION = {
    "id": "7",
    "expires_at": "2026-11-24T10:00:00.000Z",
    "expired": False,
    "multiple": False,
    "votes_count": 3,
    "voters_count": 3,
    "options": [{"title": "Hard", "votes_count": 2}, {"title": "Soft :blob:", "votes_count": 1}],
    "voted": True,
    "own_votes": [1],
    "emojis": [BLOB],
}

clock, dialect, server, channel = fixtures.clock, fixtures.dialect, fixtures.server, fixtures.read_channel


# --- emoji --------------------------------------------------------------------------------------------------------


def test_of_an_emoji_that_moves_the_picture_that_stands_still_is_told() -> None:
    assert emoji([BLOB]) == (Emoji(code="blob", url="https://m.example/b.png"),)
    assert emoji([{"shortcode": "blob", "url": "https://m.example/b.gif"}])[0].url == "https://m.example/b.gif"


def test_the_emoji_of_a_poll_and_of_what_is_quoted_come_along() -> None:
    def one(code: str) -> dict[str, str]:
        return {"shortcode": code, "url": f"https://m.example/{code}.png"}

    status = {
        "emojis": [one("a")],
        "poll": {"emojis": [one("b"), one("a")]},
        "quote": {"state": "accepted", "quoted_status": {"emojis": [one("c")]}},
    }
    assert [each.code for each in emoji_of(status)] == ["a", "b", "c"]
    assert [each.code for each in emoji_of({**status, "quote": {"emojis": [one("d")]}})] == ["a", "b", "d"]


ODD: list[Any] = [None, "x", 7, {}, {"shortcode": "a"}, [None, 7, "x", [], {"shortcode": 5, "url": "u"}, {"url": "u"}]]


@pytest.mark.parametrize("told", ODD, ids=repr)
def test_emoji_that_are_none_are_left_out(told: Any) -> None:
    assert emoji(told) == ()
    assert emoji_of({"emojis": told, "poll": told, "quote": told}) == ()


def test_the_emoji_of_a_message_and_of_its_author_arrive_with_it(channel: Channel, server: FakeMastodon) -> None:
    question = server.says("hello :blob:")
    author = {**server.statuses[question]["account"], "display_name": "Lena :blob:", "emojis": [BLOB]}
    server.statuses[question] |= {"emojis": [BLOB], "account": author}
    channel.pull()
    message = channel.messages[question]
    assert (message.text, message.emoji) == ("hello :blob:", emoji([BLOB]))
    assert (message.author.name, message.author.emoji) == ("Lena :blob:", emoji([BLOB]))


# --- polls --------------------------------------------------------------------------------------------------------


def test_a_poll_is_told_with_its_votes() -> None:
    assert poll_of({"poll": QUESTION}) == Poll(
        choices=(Choice(text="Hard", votes=2), Choice(text="Soft :blob:", votes=1, is_ours=True)),
        voters=3,
        ends_at=datetime(2026, 11, 24, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"multiple": True, "votes_count": 5}, {"takes_several": True, "voters": 3}),
        ({"multiple": True, "voters_count": None}, {"takes_several": True, "voters": None}),
        ({"voters_count": None}, {"voters": 3}),
        ({"expired": True}, {"has_ended": True}),
        ({"expires_at": None}, {"ends_at": None}),
        ({"expires_at": "soon"}, {"ends_at": None}),
        ({"options": [{"title": "a", "votes_count": None}]}, {"choices": (Choice(text="a"),)}),
        ({"options": [{"title": "a", "votes_count": "9"}, {}, 7], "own_votes": 5}, {"choices": (Choice(text="a"),)}),
    ],
)
def test_what_a_server_tells_of_a_poll(told: dict[str, Any], expected: dict[str, Any]) -> None:
    poll = poll_of({"poll": {**QUESTION, **told}})
    assert {name: getattr(poll, name) for name in expected} == expected


@pytest.mark.parametrize("told", [None, 7, "x", [], {}, {"options": []}, {"options": [7]}, {"options": "ab"}], ids=repr)
def test_what_is_no_poll_is_none(told: Any) -> None:
    assert poll_of({"poll": told}) is None
    assert standing({"poll": told}) == ""


def test_a_mark_keeps_how_a_poll_stood() -> None:
    mark = Mark(came_as="mention", seen="abc", polled="1234abcd")
    assert read_mark(mark.dump()) == mark
    assert read_mark("mention abc") == Mark(came_as="mention", seen="abc")
    assert read_mark("mention abc l 5 6 7").polled == ""


def test_a_poll_stands_in_the_text_by_its_choices_and_in_the_html_not_at_all(
    channel: Channel, server: FakeMastodon
) -> None:
    question = server.says("Which?")
    server.statuses[question] |= {"poll": QUESTION}
    channel.pull()
    message = channel.messages[question]
    assert message.text == "Which?\n\n- Hard\n- Soft :blob:"
    assert "Hard" not in (message.html or "")
    assert message.poll == poll_of({"poll": QUESTION})


def test_other_votes_are_told_as_the_same_revision_and_the_same_votes_are_not(
    channel: Channel, server: FakeMastodon
) -> None:
    question = server.says("Which?")
    server.statuses[question] |= {"poll": QUESTION}
    channel.pull()
    revision = channel.messages[question].revision
    assert channel.pull() == []
    server.statuses[question] |= {"poll": {**QUESTION, "votes_count": 4, "voters_count": 4}}
    assert channel.pull() == [question]
    assert channel.messages[question].revision == revision
    assert channel.messages[question].poll is not None
    assert channel.messages[question].poll.voters == 4
    assert channel.pull() == []


def test_the_end_of_a_poll_is_told_by_its_notification(
    channel: Channel, server: FakeMastodon, clock: FrozenClock
) -> None:
    question = server.says("Which?")
    server.statuses[question] |= {"poll": QUESTION}
    channel.pull()
    clock.tick(timedelta(days=30).total_seconds())
    ended = {**QUESTION, "expired": True}
    server.statuses[question] |= {"poll": ended}
    server.notifies("poll", question)
    assert channel.pull() == [question]
    message = channel.messages[question]
    assert (message.poll, message.addressed) == (poll_of({"poll": ended}), True)


@pytest.mark.parametrize("by_notification", [True, False])
def test_a_poll_in_a_post_of_ours_is_told_as_that_post_and_no_message(
    channel: Channel, server: FakeMastodon, by_notification: bool
) -> None:
    post = server.writes(ME, "Hard or soft?")
    server.statuses[post] |= {"poll": QUESTION}
    channel.pull()
    assert channel.posts == {}
    ended = {**QUESTION, "expired": True}
    server.statuses[post] |= {"poll": ended}
    if by_notification:
        server.notifies("poll", post)
    assert channel.pull() == []
    assert channel.posts[post].poll == poll_of({"poll": ended})
    assert channel.posts[post].text == "Hard or soft?"
    channel.posts.clear()
    assert channel.pull() == []
    assert channel.posts == {}


def test_an_answer_tells_how_the_poll_above_it_stands(channel: Channel, server: FakeMastodon) -> None:
    post = server.writes(ME, "Hard or soft?")
    server.statuses[post] |= {"poll": QUESTION}
    answer = server.says("Hard!", parent=post)
    channel.pull()
    above = channel.messages[answer].post
    assert above is not None
    assert above.poll == poll_of({"poll": QUESTION})
