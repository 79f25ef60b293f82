"""The message that something is done to at its network, as much of it as a connector needs."""

from __future__ import annotations

from hub.channels import store as channels
from hub.connector import Author, Target
from hub.customers import store as customers
from hub.errors import Conflict
from hub.inbox.model import Direction, Message
from hub.inbox.store import messages
from hub.kernel.database import Session
from hub.outbox import store as outbox


def target_of(session: Session, message: Message | None) -> Target:
    """Raises Conflict when there is no message that the network knows."""
    if message is None or message.remote_id is None:
        raise Conflict("the network does not know this message", reason="nothing_to_answer")
    raw, root_id = messages.told_of(session, message.id)
    return Target(
        remote_id=message.remote_id,
        revision=message.revision,
        root_id=root_id,
        author=_author(session, message),
        visibility=message.visibility,
        permalink=message.permalink,
        must_mention=_named(session, message),
        is_ours=message.direction is Direction.OUT,
        raw=raw,
    )


def _author(session: Session, message: Message) -> Author:
    if message.direction is Direction.OUT:
        # The network may not have told our own message back yet.
        return channels.channel(session, message.channel_id).account
    if message.identity_id is None:
        raise Conflict("the network does not know this message", reason="nothing_to_answer")
    identity = customers.identity(session, message.identity_id)
    return Author(
        id=identity.remote_id, handle=identity.handle, name=identity.name, url=identity.url, trust=identity.trust
    )


def _named(session: Session, message: Message) -> tuple[Author, ...]:
    """Who has to be named; in a message of ours those who were, so that a change of it names them still."""
    if message.direction is Direction.IN or message.outbox_id is None:
        return message.reply.must_mention
    sent = outbox.item(session, message.outbox_id).request
    return sent.target.must_mention if sent.mentions is None else sent.mentions
