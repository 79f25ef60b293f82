"""An agent's desk for flow tests: one channel on a fake network, and the whole line from a mention to its answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from hub.channels.connect import add_channel, keeper
from hub.channels.connectors import SECONDS, Connectors, InlineConnectors
from hub.channels.host import Host
from hub.channels.model import Channel
from hub.channels.store import channel as read_channel
from hub.channels.upload_files import UploadFiles
from hub.connector import Connector, Context, Features, Visibility
from hub.inbox.model import Line, Message
from hub.inbox.pull import Pulled, pull_now
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations, messages
from hub.kernel.hub import Hub
from hub.kernel.plugins import Found, Plugins
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem
from hub.outbox.resolve import resolve_due
from hub.outbox.send import send_due
from hub.testing.fake import FakeNetwork

_TEAM = "INSERT INTO teams (name, created_at) VALUES (:name, :now) RETURNING id"
_AGENT = """
    INSERT INTO agents (email, name, role, created_at) VALUES (:email, :name, 'agent', :now) RETURNING id"""


def plug_in(plugins: Plugins, *connectors: type[Connector]) -> None:
    """Make connector classes known as if a plugin had brought them."""
    for connector in connectors:
        plugins.connectors[connector.kind] = connector
        plugins.found.append(Found(name=connector.kind, distribution="tests", version="1", kinds=(connector.kind,)))


def inline(hub: Hub, *, seconds: Mapping[str, float] = SECONDS) -> Connectors:
    """Connectors that run in this process, given what children would be given."""

    def context(kind: str) -> Context:
        return Context(
            http=hub.door,
            clock=hub.clock,
            log=logging.getLogger(kind),
            data=Path(hub.config.data),
            uploads=UploadFiles(hub.config.media),
        )

    return InlineConnectors(hub.plugins, Host(hub.plugins, context), seconds=seconds, remember=keeper(hub))


class Desk:
    """Who sits here pulls, reads, answers, waits; methods say what happens, properties what is to be seen."""

    worker = "desk"

    def __init__(self, hub: Hub, fake: FakeNetwork, *, features: Features | None = None) -> None:
        self.hub = hub
        self.fake = fake
        plug_in(hub.plugins, fake.connector_class(features=features))
        self.connectors = inline(hub)
        with hub.database.transaction() as session:
            self.team = session.insert(_TEAM, name="Care DACH", now=hub.clock())
            self.agent = session.insert(_AGENT, email="ana@brightwater.example", name="Ana Kovač", now=hub.clock())
        self.channel_id = add_channel(
            hub, self.connectors, kind="fake", name="@brightwater", team_id=self.team, values={"token": "s3cret"}
        ).id

    @property
    def channel(self) -> Channel:
        with self.hub.database.reading() as session:
            return read_channel(session, self.channel_id)

    def pulls(self) -> Pulled:
        return pull_now(self.hub, self.connectors, self.worker, self.channel_id)

    def lines(self, *, only_open: bool = False) -> list[Line]:
        with self.hub.database.reading() as session:
            return conversations.lines(session, teams=None, only_open=only_open)

    def texts(self) -> list[str]:
        """Every message of every conversation, oldest first."""
        with self.hub.database.reading() as session:
            found = [
                message
                for line in conversations.lines(session, teams=None, limit=500)
                for message in messages.of_conversation(session, line.conversation.id)
            ]
        return [message.text for message in sorted(found, key=lambda message: (message.created_at, message.id))]

    def conversation(self) -> list[Message]:
        """The messages of the newest conversation, oldest first."""
        with self.hub.database.reading() as session:
            return messages.of_conversation(session, self.lines()[0].conversation.id)[::-1]

    def answers(
        self,
        text: str,
        *,
        key: str | None = None,
        visibility: Visibility | None = None,
        conversation_id: int = 0,
        attachments: tuple[str, ...] = (),
        quote: bool = False,
        send_at: datetime | None = None,
    ) -> int:
        return queue_reply(
            self.hub,
            Draft(
                conversation_id=conversation_id or self.lines()[0].conversation.id,
                agent_id=self.agent,
                text=text,
                client_key=key or self.hub.token(),
                visibility=visibility,
                attachments=attachments,
                quote=quote,
                send_at=send_at,
            ),
        )

    def waits(self, seconds: float) -> None:
        """Time passes, and the engine does what has become due."""
        self.hub.clock.tick(seconds)  # type: ignore[attr-defined]
        self.works()

    def works(self) -> None:
        send_due(self.hub, self.connectors, self.worker)

    def resolves(self) -> None:
        resolve_due(self.hub, self.connectors, self.worker)

    def item(self, outbox_id: int) -> OutboxItem:
        with self.hub.database.reading() as session:
            return outbox.item(session, outbox_id)
