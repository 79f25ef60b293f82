"""Does something to a message at its network that is not a reply: approves a comment, likes a post."""

from __future__ import annotations

from dataclasses import dataclass

from hub.channels import store as channels
from hub.connector import Moderation, Outgoing
from hub.errors import Absent, Invalid
from hub.events import ReplyQueued
from hub.inbox.model import Direction, Message
from hub.inbox.store import messages
from hub.inbox.target import target_of
from hub.kernel import log
from hub.kernel.hub import Hub
from hub.outbox import store as outbox

_MODERATION: dict[Moderation, tuple[str, ...]] = {
    Moderation.HELD: ("approve", "spam", "trash"),
    Moderation.APPROVED: ("hold", "spam", "trash"),
    Moderation.SPAM: ("approve", "trash"),
    Moderation.TRASH: ("restore",),
}
_ON_OUR_OWN = frozenset({"delete", "edit"})
_UNDOING = frozenset({"unlike", "unboost", "unbookmark"})
_ALL_MODERATION = frozenset(name for names in _MODERATION.values() for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody wants done. `client_key` names one press of the button: pressed twice, it counts once."""

    message_id: int
    name: str
    agent_id: int
    client_key: str


def offered(hub: Hub, kind: str, message: Message) -> tuple[str, ...]:
    """What can be done to a message now, as its connector declares and its moderation allows."""
    if message.direction is not Direction.IN or message.deleted_at is not None:
        return ()
    features = hub.plugins.connectors[kind].features if kind in hub.plugins.connectors else None
    known = features.actions if features else frozenset()
    moderating = _MODERATION.get(message.moderation, ()) if message.moderation else ()
    return (*(name for name in moderating if name in known), *sorted(known - _ALL_MODERATION - _ON_OUR_OWN - _UNDOING))


def queue_deed(hub: Hub, deed: Deed) -> int:
    """Queue it and return its outbox id. Raises Invalid for what is not offered, Absent for an unknown message."""
    now = hub.clock()
    with hub.database.transaction() as session:
        pressed = outbox.by_client_key(session, deed.client_key)
        if pressed is not None:
            return pressed.id
        message = messages.message(session, deed.message_id)
        if message is None or message.conversation_id is None:
            raise Absent("no such message", message_id=deed.message_id)
        channel = channels.channel(session, message.channel_id)
        if deed.name not in offered(hub, channel.kind, message):
            raise Invalid("act", "not_a_choice")
        outbox_id = outbox.add(
            session,
            channel_id=channel.id,
            conversation_id=message.conversation_id,
            agent_id=deed.agent_id,
            key=hub.token(),
            client_key=deed.client_key,
            request=Outgoing(text="", target=target_of(session, message), visibility=message.visibility),
            act=deed.name,
            due_at=now,
            now=now,
        )
        log.append(
            session,
            ReplyQueued(channel_id=channel.id, conversation_id=message.conversation_id, outbox_id=outbox_id),
            at=now,
        )
    return outbox_id
