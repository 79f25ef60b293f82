"""From a mention on Bluesky to the inbox and back: the whole line on the fake server, on both engines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hub_plugins.bluesky import Bluesky

from hub.channels.connect import add_channel, change_channel, read_account, remove_channel
from hub.connector import DeletedBy, Kind, Visibility
from hub.inbox.model import Origin
from hub.kernel.clock import Clock
from hub.kernel.http import Door
from hub.kernel.hub import Hub
from hub.outbox.model import State
from hub.testing.fake import FakeNetwork
from hub.testing.server import FakeServer
from tests.desk import Desk, inline, plug_in
from tests.kernel.http.internet import Internet
from tests.plugins.bluesky_server import LENA, ME, PASSWORD, TOM, FakeBluesky


class BlueskyDesk(Desk):
    """The desk of tests/desk.py on a Bluesky channel."""

    def __init__(self, hub: Hub, server: FakeBluesky) -> None:
        super().__init__(hub, FakeNetwork(hub.clock))
        plug_in(hub.plugins, Bluesky)
        remove_channel(hub, self.channel_id)
        self.values = {"handle": "brightwater.test", "app_password": PASSWORD, "service": server.url}
        self.channel_id = add_channel(
            hub, self.connectors, kind="bluesky", name="", team_id=self.team, values=self.values
        ).id

    def restarts(self) -> None:
        """Every process that ran connectors is another one now."""
        self.connectors.close()
        self.connectors = inline(self.hub)


@pytest.fixture
def server(hub: Hub) -> Iterator[FakeBluesky]:
    clock: Clock = hub.clock
    with FakeBluesky(clock) as server, contextlib.closing(Door(allow=[server.server.address])) as door:
        hub.door = door
        yield server


@pytest.fixture
def desk(hub: Hub, server: FakeBluesky) -> Iterator[BlueskyDesk]:
    desk = BlueskyDesk(hub, server)
    desk.pulls()
    yield desk
    desk.connectors.close()


def test_it_signs_in_once_for_connecting_reading_answering_and_after_restarts(
    server: FakeBluesky, desk: BlueskyDesk
) -> None:
    server.says("How long does it last?")
    desk.pulls()
    desk.restarts()
    outbox_id = desk.answers("Ten weeks.")
    desk.waits(60)
    assert desk.item(outbox_id).state is State.SENT
    server.expires()
    desk.restarts()
    desk.pulls()
    desk.restarts()
    desk.pulls()
    assert (server.sign_ins, server.refreshes) == (1, 1)


def test_another_app_password_begins_another_session(server: FakeBluesky, desk: BlueskyDesk) -> None:
    server.password = "a new one"
    server.ends_session()
    values = {**desk.values, "app_password": "a new one"}
    change_channel(desk.hub, desk.connectors, desk.channel_id, name="@us", team_id=desk.team, values=values)
    desk.pulls()
    assert server.sign_ins == 2


def test_an_answer_below_our_post_is_answered_once_and_comes_back_as_ours(
    server: FakeBluesky, desk: BlueskyDesk
) -> None:
    server.says("How long does it last?")
    desk.pulls()
    outbox_id = desk.answers("Ten weeks.")
    desk.waits(60)
    desk.pulls()
    desk.pulls()
    assert [sent.text for sent in server.arrivals()] == ["Ten weeks."]
    assert desk.item(outbox_id).state is State.SENT
    assert desk.texts() == ["How long does it last?", "Ten weeks."]


def test_a_quote_of_ours_is_watched_as_answers_are_and_other_posts_of_ours_are_none_of_the_inbox(
    server: FakeBluesky, desk: BlueskyDesk
) -> None:
    server.says("How long does it last?")
    desk.pulls()
    desk.answers("They ask this often:", quote=True)
    desk.waits(60)
    server.writes(ME, "A post of ours from the app")
    desk.pulls()
    ours = desk.conversation()[-1]
    assert (ours.origin, ours.text, ours.kind) == (Origin.HUB, "They ask this often:", Kind.QUOTE)
    server.deletes(ours.remote_id or "")
    desk.pulls()
    desk.pulls()
    assert desk.conversation()[-1].deleted_by is DeletedBy.AUTHOR
    assert "A post of ours from the app" not in desk.texts()


def test_an_answer_whose_fate_was_unknown_is_found_and_not_sent_again(server: FakeBluesky, desk: BlueskyDesk) -> None:
    server.says("How long does it last?")
    desk.pulls()
    server.fails(next_sends=["drop"])
    outbox_id = desk.answers("Ten weeks.")
    desk.waits(60)
    assert desk.item(outbox_id).state is not State.SENT
    with desk.hub.database.transaction() as session:  # its deadline passes, which no test can wait for
        session.run("UPDATE outbox SET sending_until_ms = 0")
    desk.resolves()
    assert desk.item(outbox_id).state is State.SENT
    assert len(server.arrivals()) == 1


def test_a_direct_message_is_answered_directly_and_our_answer_from_the_app_joins_the_conversation(
    server: FakeBluesky, desk: BlueskyDesk
) -> None:
    server.writes_directly(LENA, "My order is late.")
    desk.pulls()
    desk.answers("We will look into it.")
    desk.waits(60)
    server.native_reply("dm:convo-lena/m0", "It has left this morning.")
    desk.pulls()
    assert [sent.visibility for sent in server.arrivals()] == [Visibility.DIRECT]
    assert [message.text for message in desk.conversation()] == [
        "My order is late.",
        "We will look into it.",
        "It has left this morning.",
    ]


def test_a_request_is_one_until_it_is_answered_and_its_conversation_stays_one(
    server: FakeBluesky, desk: BlueskyDesk
) -> None:
    server.writes_directly(TOM, "Can you help?", convo="convo-7", status="request")
    desk.pulls()
    assert [message.reply.is_request for message in desk.conversation()] == [True]
    desk.answers("Of course.")
    desk.waits(60)
    server.writes_directly(TOM, "Thank you!", convo="convo-7")
    desk.pulls()
    said = desk.conversation()
    assert [message.text for message in said] == ["Can you help?", "Of course.", "Thank you!"]
    assert not any(message.reply.is_request for message in said)
    assert not any(message.edited_at for message in said)


def test_a_card_survives_the_outbox_and_our_answer_is_known_again(server: FakeBluesky, desk: BlueskyDesk) -> None:
    with FakeServer() as shop:
        shop.on("GET", "/filters").answers(200, "<title>Filters</title>", headers={"Content-Type": "text/html"})
        internet = Internet().host("127.0.0.1", server.server).serve("shop.example", shop)
        with contextlib.closing(internet.door(allow=[server.server.address])) as door:
            desk.hub.door = door
            desk.restarts()
            server.says("Which filter?")
            desk.pulls()
            desk.answers("This one: http://shop.example/filters")
            desk.waits(60)
            desk.pulls()
    assert [posted.record["embed"]["external"]["title"] for posted in server.arrivals()] == ["Filters"]
    assert desk.texts() == ["Which filter?", "This one: http://shop.example/filters"]
    assert desk.conversation()[-1].origin is Origin.HUB


def test_the_session_is_in_the_database_only_sealed(hub: Hub, desk: BlueskyDesk) -> None:
    assert "access-token" in read_account(hub, desk.channel_id).memory.text
    with hub.database.reading() as session:
        row = session.one("SELECT * FROM channels WHERE id = :id", id=desk.channel_id)
    assert row is not None
    assert not [value for value in dict(row).values() if "access-token" in str(value)]
