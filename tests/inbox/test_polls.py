"""Polls: as they stood when they were read. Votes are nothing that anybody said."""

from __future__ import annotations

import dataclasses

import pytest

from hub.connector import Choice, Poll, Post
from hub.events import ConversationChanged
from hub.inbox.polls import read_poll, shares, write_poll
from hub.inbox.store import conversations
from hub.inbox.store.threads import post_of
from hub.inbox.version import demand_seen, version_of
from hub.kernel import log
from hub.testing.clock import FrozenClock
from hub.testing.fake import US, FakeNetwork
from tests.desk import Desk


def poll(*votes: int | None, voters: int | None = None, **more: bool) -> Poll:
    names = ("Hard", "Soft", "No idea")
    choices = tuple(Choice(text=name, votes=count) for name, count in zip(names, votes, strict=False))
    return Poll(choices=choices, voters=voters, **more)  # type: ignore[arg-type]


def test_other_votes_are_no_edit_and_nothing_unread(desk: Desk, fake: FakeNetwork, frozen_clock: FrozenClock) -> None:
    fake.says("Hard or soft?", id="m", poll=poll(1, 2))
    desk.pulls()
    with desk.hub.database.transaction() as session:
        conversations.mark_read(session, desk.lines()[0].conversation.id, now=desk.hub.clock())
    with desk.hub.database.reading() as session:
        found = conversations.conversation(session, desk.lines()[0].conversation.id)
        seen = version_of(session, found)
        first = log.read(session, after=log.START, limit=100)[-1]
    before = desk.conversation()[0]
    frozen_clock.tick(600)
    fake.says("Hard or soft?", id="m", poll=poll(3, 2))
    assert (desk.pulls().new, desk.pulls().changed) == (0, 0)
    after = desk.conversation()[0]
    assert after.poll == poll(3, 2)
    assert after.polled_at == desk.hub.clock()
    assert dataclasses.replace(after, poll=before.poll, polled_at=before.polled_at) == before
    assert after.edited_at is None
    line = desk.lines()[0].conversation
    assert (line.unread, line.last_at) == (0, found.last_at)
    with desk.hub.database.transaction() as session:
        demand_seen(session, found.id, seen)
    with desk.hub.database.reading() as session:
        news = [each.event for each in log.read(session, after=first.position, limit=100)]
    assert [event for event in news if isinstance(event, ConversationChanged)] == [
        ConversationChanged(channel_id=desk.channel_id, conversation_id=found.id)
    ]
    assert len(news) == len([event for event in news if type(event).__name__ != "MessageChanged"])


def test_the_same_votes_tell_nobody(desk: Desk, fake: FakeNetwork, frozen_clock: FrozenClock) -> None:
    fake.says("Hard or soft?", id="m", poll=poll(1, 2))
    desk.pulls()
    before = desk.conversation()[0]
    frozen_clock.tick(600)
    fake.says("Hard or soft?", id="m", poll=poll(1, 2))
    desk.pulls()
    assert desk.conversation()[0] == before


def test_an_edit_brings_its_votes_along(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("Hard?", id="m", poll=poll(1, 2))
    fake.says("Hard or soft?", id="m", revision="2", edited_at=desk.hub.clock(), poll=poll(0, 0))
    desk.pulls()
    message = desk.conversation()[0]
    assert (message.text, message.poll) == ("Hard or soft?", poll(0, 0))
    assert message.edited_at is not None


def test_a_message_that_is_told_without_its_poll_keeps_what_was_counted(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("Hard or soft?", id="m", poll=poll(1, 2))
    fake.says("Hard or soft?", id="m")
    desk.pulls()
    assert desk.conversation()[0].poll == poll(1, 2)


def test_votes_for_a_poll_of_ours_do_not_undo_what_we_know_of_it(desk: Desk, fake: FakeNetwork) -> None:
    fake.says("Which?", id="q")
    fake.says("Hard or soft?", id="m", by=US, parent="q", poll=poll(0, 0))
    desk.pulls()
    fake.says("Hard or soft?", id="m", by=US, parent="q", poll=poll(4, 1, has_ended=True))
    desk.pulls()
    message = desk.conversation()[-1]
    assert message.poll == poll(4, 1, has_ended=True)
    assert desk.lines()[0].conversation.state == "waiting"


def test_a_post_above_a_thread_is_counted_anew_and_an_unknown_one_ignored(
    desk: Desk, fake: FakeNetwork, frozen_clock: FrozenClock
) -> None:
    post = Post(remote_id="p", text="Hard or soft?", poll=poll(1, 2))
    fake.says("Hard!", parent="p", post=post)
    desk.pulls()
    frozen_clock.tick(60)
    fake.recounts(dataclasses.replace(post, poll=poll(5, 2))).recounts(Post(remote_id="other", poll=poll(9)))
    desk.pulls()
    with desk.hub.database.reading() as session:
        shown = post_of(session, desk.conversation()[0].thread_id)
        known = session.all("SELECT remote_id FROM posts")
    assert shown is not None
    assert (shown.poll, shown.polled_at, shown.text) == (poll(5, 2), desk.hub.clock(), "Hard or soft?")
    assert [row["remote_id"] for row in known] == ["p"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (poll(1, 2), (33, 67)),
        (poll(0, 0), (None, None)),
        (poll(None, None), (None, None)),
        (poll(3, None), (100, None)),
        (poll(3, 4, voters=5, takes_several=True), (60, 80)),
        (poll(3, 4, voters=0, takes_several=True), (43, 57)),
        (poll(3, 9, voters=5, takes_several=True), (33, 100)),
    ],
)
def test_shares_are_of_people_where_each_may_take_several(told: Poll, expected: tuple[int | None, ...]) -> None:
    assert shares(told) == expected


def test_what_cannot_be_is_not_kept() -> None:
    odd = Poll(choices=tuple(Choice(text="a\nb\u202e" * 200, votes=-number) for number in range(200)), voters=2**70)
    kept = read_poll(write_poll(odd))
    assert kept is not None
    assert (len(kept.choices), kept.voters, kept.choices[0].votes, kept.choices[1].votes) == (50, None, 0, None)
    assert all(len(choice.text) <= 300 and choice.text.isprintable() for choice in kept.choices)
    assert write_poll(Poll(choices=())) is None
