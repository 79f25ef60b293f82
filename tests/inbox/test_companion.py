"""A channel that can only be read, answered through one that posts; what we said there is not a stranger's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.channels.connect import add_channel
from hub.connector import Author, Connector, Features, ReplyRules, Target, setting
from hub.errors import Conflict
from hub.inbox.pull import pull_now
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeNetwork, FakeSettings
from tests.desk import Desk, inline, plug_in


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings(FakeSettings):
    answers_through: int | None = setting("Answers through", kind="channel", default=None)


STRANGER = Author(id="claims to be us", name="Brightwater")


class Reader:
    """A fake channel that tells the comments of another network and cannot post; its ids are theirs with a prefix."""

    def __init__(self, desk: Desk, clock: FrozenClock, *, answers_through: str) -> None:
        self.hub, self.network = desk.hub, FakeNetwork(clock)
        plug_in(desk.hub.plugins, _reading(self.network))
        self.connectors = inline(desk.hub)
        self.id = add_channel(
            desk.hub,
            self.connectors,
            kind="reader",
            name="Comments",
            team_id=desk.team,
            values={"token": "t", "answers_through": answers_through},
        ).id
        self.agent = desk.agent

    def pulls(self) -> int:
        return pull_now(self.hub, self.connectors, "reader", self.id).new

    def answers(self, text: str) -> int:
        with self.hub.database.reading() as session:
            line = conversations.lines(session, teams=None, channel_id=self.id)[0]
        draft = Draft(conversation_id=line.conversation.id, agent_id=self.agent, text=text, client_key=text)
        return queue_reply(self.hub, draft)


def test_a_comment_read_in_a_feed_is_answered_through_the_companion(desk: Desk, frozen_clock: FrozenClock) -> None:
    reader = _reader(desk, frozen_clock)
    reader.network.says("how long does it last?", id="feed:c1", reply=ReplyRules(allowed=False, why_not="read_only"))
    reader.pulls()
    reader.answers("about ninety days")
    desk.waits(11)
    assert [(arrival.parent, arrival.text) for arrival in desk.fake.arrivals] == [("c1", "about ninety days")]


def test_our_own_answer_that_comes_back_in_the_feed_is_not_a_new_comment(desk: Desk, frozen_clock: FrozenClock) -> None:
    reader = _reader(desk, frozen_clock)
    reader.network.says("how long does it last?", id="feed:c1")
    reader.pulls()
    reader.answers("about ninety days")
    desk.waits(11)
    reader.network.says("about ninety days", id="feed:a1", by=STRANGER)
    reader.network.says("thanks", id="feed:c2", parent="feed:a1")
    assert reader.pulls() == 1


def test_without_a_companion_it_says_that_it_can_only_be_read(desk: Desk, frozen_clock: FrozenClock) -> None:
    reader = _reader(desk, frozen_clock, answers_through="")
    reader.network.says("how long does it last?", id="feed:c1")
    reader.pulls()
    with pytest.raises(Conflict) as refused:
        reader.answers("about ninety days")
    assert refused.value.params["reason"] == "read_only"


def _reader(desk: Desk, clock: FrozenClock, *, answers_through: str | None = None) -> Reader:
    return Reader(desk, clock, answers_through=str(desk.channel_id) if answers_through is None else answers_through)


def _reading(network: FakeNetwork) -> type[Connector]:
    base = network.connector_class(features=Features(), kind="reader")

    class Reading(base):  # type: ignore[misc, valid-type]
        Settings = ReaderSettings

        @classmethod
        def companion_target(cls, target: Target) -> Target | None:
            found = target.remote_id.removeprefix("feed:")
            return Target(remote_id=found, author=target.author) if found != target.remote_id else None

    return Reading
