"""A network that tells the same by webhook and when it is asked, and a plugin that some deliveries are too much for."""

from __future__ import annotations

import json
from collections.abc import Iterable

from hub.channels.connect import add_channel, remove_channel
from hub.channels.webhook import store
from hub.channels.webhook.intake import Taken, take_in
from hub.connector import Accepted, Author, Connector, Delivery, Features, Incoming, Kind, Page
from hub.inbox.pull import Pulled, claim_due, pull_leased
from hub.kernel.hub import Hub
from hub.testing.clock import START
from hub.testing.fake import FakeNetwork
from tests.desk import Desk, plug_in

POISON = "poison"
"""Words on which the plugin breaks down."""


class PostOffice(Desk):
    """A desk at such a channel. What is in `told` can be asked for."""

    def __init__(self, hub: Hub, fake: FakeNetwork) -> None:
        super().__init__(hub, fake)
        self.told: list[str] = []
        self.portions: set[int] = set()
        """How many deliveries the plugin was handed at a time."""
        self.is_broken = False
        """Whether the plugin breaks down whatever it is asked."""
        self.is_mended = False
        """Whether it can bear what was poison."""
        remove_channel(hub, self.channel_id)
        plug_in(hub.plugins, connector_of(self, fake))
        added = add_channel(hub, self.connectors, kind="posted", name="Shop", team_id=self.team, values={})
        self.channel_id = added.id
        with hub.database.reading() as session:
            self.hook = store.hook_of(session, added.id) or ""

    def is_sent(self, text: str, *, name: str = "") -> Taken:
        """Somebody says something, and the network posts it under a name of its own for the delivery."""
        body = json.dumps({"id": text, "text": text}).encode()
        return take_in(self.hub, self.connectors, self.hook, headers={"webhook-id": name or text}, body=body)

    def works_until_quiet(self, *, pulls: int = 20) -> list[Pulled]:
        """What an engine does as time passes: a pull whenever one is due, with the pauses that failures ask for."""
        done = []
        for _ in range(pulls):
            done += [pull_leased(self.hub, self.connectors, lease) for lease in claim_due(self.hub, "worker")]
            self.hub.clock.tick(3700)  # type: ignore[attr-defined]
        return done

    def waiting(self) -> int:
        with self.hub.database.reading() as session:
            return store.count_waiting(session, self.channel_id, most=1_000_000)


def connector_of(office: PostOffice, fake: FakeNetwork) -> type[Connector]:
    class Posted(fake.connector_class(kind="posted")):  # type: ignore[misc]
        features = Features(webhook=True)

        def receive(self, delivery: Delivery) -> Accepted:
            return Accepted(id=delivery.headers["webhook-id"])

        def pull(self, cursor: str | None) -> Page:
            deliveries = self.context.deliveries()
            office.portions.add(len(deliveries))
            texts = [json.loads(delivery.body)["text"] for delivery in deliveries]
            if office.is_broken or (not office.is_mended and any(POISON in text for text in texts)):
                raise ZeroDivisionError("a bug in the plugin")
            numbers = tuple(delivery.number for delivery in deliveries)
            return Page(cursor=str(len(office.told)), messages=messages([*texts, *office.told]), deliveries=numbers)

    return Posted


def messages(texts: Iterable[str]) -> tuple[Incoming, ...]:
    """One message by each text, which is its id as well."""
    lena = Author(id="lena", name="Lena Brandt")
    return tuple(
        Incoming(remote_id=text, revision="1", kind=Kind.MENTION, author=lena, text=text, created_at=START)
        for text in texts
    )
