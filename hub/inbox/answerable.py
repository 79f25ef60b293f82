"""Whether a conversation can be answered now: on which message, through which channel, before whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.channels import store as channels
from hub.channels.model import Channel
from hub.connector import DeletedBy, Visibility
from hub.errors import Absent
from hub.inbox.companion import companion_of
from hub.inbox.model import Conversation, Direction, Message
from hub.inbox.store import messages
from hub.kernel.database import Session
from hub.kernel.hub import Hub

_WHY_UNSEEN = {
    DeletedBy.BLOCKED: "blocked_by_author",
    DeletedBy.ACCOUNT: "author_away",
    DeletedBy.UNAVAILABLE: "unseen",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerable:
    """Whether and how a conversation can be answered now. `why_not` is a machine word, empty when it can.

    waits_for: the channel, this one or its companion, that somebody has to sign in again or to correct first.
    """

    target: Message | None
    channel: Channel
    why_not: str = ""
    send_through: Channel | None = None
    waits_for: Channel | None = None

    @property
    def channels(self) -> tuple[int, ...]:
        """The ids of the channels it hangs on: its own, and its companion where that is the one that answers."""
        answering = self.send_through or self.waits_for or self.channel
        return tuple(dict.fromkeys((self.channel.id, answering.id)))


def find_answerable(
    hub: Hub,
    session: Session,
    conversation: Conversation,
    *,
    target_id: int | None = None,
    newest: Sequence[Message] = (),
) -> Answerable:
    """Say whether a conversation can be answered, on which message, through which channel.

    newest: its newest messages, newest first, where they were read already.
    """
    channel = channels.channel(session, conversation.channel_id)
    target = _target(session, conversation, target_id, newest)
    if target is None:
        return Answerable(target=None, channel=channel, why_not="nothing_to_answer")
    why_not = _why_not(target, hub.clock())
    can_post_itself = hub.plugins.connector(channel.kind).features.send
    if why_not and (can_post_itself or why_not != "read_only"):
        return Answerable(target=target, channel=channel, why_not=why_not)
    return _through(hub, session, channel, target)


def _target(
    session: Session, conversation: Conversation, target_id: int | None, newest: Sequence[Message]
) -> Message | None:
    """The message asked for, else the newest one of theirs that is still there."""
    if target_id is not None:
        found = messages.message(session, target_id)
        if found is None or found.conversation_id != conversation.id or found.direction is not Direction.IN:
            raise Absent("no such message in this conversation", message_id=target_id)
        return found
    there = (message for message in newest if message.direction is Direction.IN and message.deleted_at is None)
    return next(there, None) or messages.last_of_theirs(session, conversation.id)


def _why_not(target: Message, now: datetime) -> str:
    if target.deleted_at is not None:
        return _WHY_UNSEEN.get(target.deleted_by or DeletedBy.AUTHOR, "deleted")
    if not target.reply.allowed:
        return target.reply.why_not or "read_only"
    if target.reply.until is not None and target.reply.until <= now:
        return "window_closed"
    return ""


def _through(hub: Hub, session: Session, channel: Channel, target: Message) -> Answerable:
    """Find the channel that posts the answer: this one, or the companion its settings name."""
    sender = channel
    if not hub.plugins.connector(channel.kind).features.send:
        companion = companion_of(channel)
        if companion is None:
            return Answerable(target=target, channel=channel, why_not="read_only")
        try:
            sender = channels.channel(session, companion)
        except Absent:
            return Answerable(target=target, channel=channel, why_not="companion_removed")
    if sender.needs_a_person:
        return Answerable(target=target, channel=channel, why_not=sender.state.value, waits_for=sender)
    if not sender.can_send:
        return Answerable(target=target, channel=channel, why_not="may_not_send")
    return Answerable(target=target, channel=channel, send_through=sender)


def usual_audience(message: Message) -> Visibility:
    """Who may read an answer to it unless somebody chooses otherwise."""
    usual = message.reply.visibility
    return message.visibility if usual is None or usual.is_wider_than(message.visibility) else usual
