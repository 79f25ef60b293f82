"""Answers somebody: checks that it can be sent as it is, stores the message and its outbox item in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec

from hub.channels.model import Channel
from hub.connector import Author, Features, Kind, Measure, Outgoing, Target, Visibility
from hub.errors import Conflict, Invalid
from hub.events import ReplyQueued
from hub.inbox import uploads
from hub.inbox.answerable import Answerable, find_answerable, usual_audience
from hub.inbox.model import Conversation, UploadRow
from hub.inbox.refresh import refresh
from hub.inbox.store import conversations, replies
from hub.inbox.target import target_of
from hub.inbox.version import Version, demand_seen
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem

UNDO_SECONDS = 10
"""How long a reply waits, so that it can be taken back."""

LONGEST_TEXT = 100_000

FURTHEST = timedelta(days=366)
"""How far ahead a reply may be put off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an agent is about to send. `client_key` names one press of the button: pressed twice, it counts once.

    visibility: None means the usual one of the message. target_id: our id of that message; None means the last one.
    attachments: the ids of uploads. mentions: the remote ids of those who are named, of the ones the network told;
    None: all. quote: it quotes the message in a post of our own instead of answering under it.
    seen: what the agent has seen of the conversation; None: whatever there is. send_at: when it is to leave.
    """

    conversation_id: int
    agent_id: int
    text: str
    client_key: str
    target_id: int | None = None
    visibility: Visibility | None = None
    language: str | None = None
    content_warning: str = ""
    attachments: tuple[str, ...] = ()
    mentions: tuple[str, ...] | None = None
    quote: bool = False
    seen: Version | None = None
    send_at: datetime | None = None

    @property
    def mark(self) -> str:
        """Names all that is asked for: two drafts under one key are the same press only where it is the same."""
        asked = (
            self.agent_id,
            self.text.replace("\r\n", "\n").strip(),
            self.target_id,
            self.visibility,
            self.language,
            self.content_warning,
            self.attachments,
            self.mentions,
            self.quote,
            None if self.send_at is None else self.send_at.astimezone(UTC),
        )
        return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


def queue_reply(hub: Hub, draft: Draft, *, undo: timedelta = timedelta(seconds=UNDO_SECONDS)) -> int:
    """Queue a reply and return its outbox id; it leaves when the time to `undo` it is over.

    Raises Invalid at the field at fault (empty, too long, a wider audience than the message answered), Conflict when
    the message cannot be answered or something was said since (`stale`), Absent for an unknown conversation.
    """
    mark = draft.mark
    if draft.attachments:
        draft = replace(draft, attachments=_fitting(hub, draft))
    with hub.database.transaction() as session:
        pressed = outbox.by_client_key(session, draft.client_key)
        if pressed is not None:
            return _same(session, pressed, draft, mark)
        conversation = conversations.conversation(session, draft.conversation_id)
        demand_seen(session, conversation.id, draft.seen)
        answerable = find_answerable(hub, session, conversation, target_id=draft.target_id)
        if answerable.target is None or answerable.send_through is None:
            raise Conflict("cannot be answered", reason=answerable.why_not)
        outgoing = compose(hub, session, answerable, draft)
        outbox_id = _store(hub, session, conversation, answerable, outgoing, draft, undo, mark)
    hub.reach("reply.stored")
    return outbox_id


def measure(hub: Hub, session: Session, answerable: Answerable, draft: Draft) -> Measure:
    """Count a draft in the network's own units; quick and offline."""
    if answerable.target is None or answerable.send_through is None:
        return Measure(errors=(answerable.why_not,))
    return _measure(hub, answerable.send_through, _outgoing(hub, session, answerable, draft))


def compose(hub: Hub, session: Session, answerable: Answerable, draft: Draft) -> Outgoing:
    """Freeze a draft into what is sent. Raises Invalid when the network would not take it."""
    text = draft.text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("text", "empty")
    if len(text) > LONGEST_TEXT:
        raise Invalid("text", "too_long", limit=LONGEST_TEXT)
    if draft.send_at is not None and draft.send_at > hub.clock() + FURTHEST:
        raise Invalid("send_at", "too_far", days=FURTHEST.days)
    outgoing = _outgoing(hub, session, answerable, draft)
    if answerable.target and outgoing.visibility.is_wider_than(answerable.target.visibility):
        raise Invalid("visibility", "wider_than_parent")
    if answerable.send_through is not None:
        impossible = answerable.target.reply.impossible if answerable.target else ()
        _demand_features(hub, answerable.send_through, outgoing, impossible)
        found = _measure(hub, answerable.send_through, outgoing)
        if found.errors:
            raise Invalid("text", found.errors[0])
    return outgoing


def _demand_features(hub: Hub, channel: Channel, outgoing: Outgoing, impossible: Collection[str]) -> None:
    """Refuse what that network, or the message answered, does not take before it does. Raises Invalid at the field."""
    features = hub.plugins.connector(channel.kind).features
    if outgoing.attachments and ("pictures" in impossible or not features.attachments):
        raise Invalid("attachments", "not_taken")
    most = most_pictures(features, channel)
    if len(outgoing.attachments) > most:
        raise Invalid("attachments", "too_many", most=most)
    if outgoing.quote and ("quote" in impossible or not features.quotes):
        raise Invalid("quote", "not_a_choice")


def most_pictures(features: Features, channel: Channel) -> int:
    """How many pictures go with one post: as that server says, else as its kind of network does."""
    return channel.limits.get("attachments", features.attachments) if features.attachments else 0


def _fitting(hub: Hub, draft: Draft) -> tuple[str, ...]:
    """The pictures of a draft in the size its network takes; made before the transaction, since it takes a while."""
    with hub.database.reading() as session:
        if outbox.by_client_key(session, draft.client_key) is not None:
            return draft.attachments
        conversation = conversations.conversation(session, draft.conversation_id)
        answerable = find_answerable(hub, session, conversation, target_id=draft.target_id)
        pictures = _picked(session, draft)
    most = answerable.send_through.limits.get("attachment_bytes", 0) if answerable.send_through else 0
    return uploads.fitted(hub, draft.agent_id, pictures, most) if most else draft.attachments


def _picked(session: Session, draft: Draft) -> tuple[UploadRow, ...]:
    place = {"agent_id": draft.agent_id, "conversation_id": draft.conversation_id}
    return uploads.picked(session, draft.attachments, **place)


def _measure(hub: Hub, channel: Channel, outgoing: Outgoing) -> Measure:
    return hub.plugins.connector(channel.kind).measure(outgoing, channel.limits)


def _outgoing(hub: Hub, session: Session, answerable: Answerable, draft: Draft) -> Outgoing:
    target = target_of(session, answerable.target)
    usual = usual_audience(answerable.target) if answerable.target else target.visibility
    if answerable.send_through is not None and answerable.send_through.id != answerable.channel.id:
        moved = hub.plugins.connector(answerable.channel.kind).companion_target(target)
        if moved is None:
            raise Conflict("the companion channel does not know this message", reason="no_companion_target")
        target = moved
    return Outgoing(
        text=draft.text.replace("\r\n", "\n").strip(),
        target=target,
        visibility=draft.visibility or usual,
        language=draft.language,
        content_warning=draft.content_warning,
        attachments=tuple(row.upload for row in _picked(session, draft)),
        mentions=_mentions(target, draft),
        quote=draft.quote,
    )


def _mentions(target: Target, draft: Draft) -> tuple[Author, ...] | None:
    """Who is named: the author always, of the others those that were chosen."""
    if draft.mentions is None:
        return None
    named = {*draft.mentions, target.author.id}
    return tuple(author for author in target.must_mention if author.id in named)


def _store(
    hub: Hub,
    session: Session,
    conversation: Conversation,
    answerable: Answerable,
    outgoing: Outgoing,
    draft: Draft,
    undo: timedelta,
    mark: str,
) -> int:
    now = hub.clock()
    sender = answerable.send_through or answerable.channel
    due_at = now + undo if draft.send_at is None else max(draft.send_at, now + undo)
    outbox_id = outbox.add(
        session,
        channel_id=sender.id,
        conversation_id=conversation.id,
        agent_id=draft.agent_id,
        key=hub.token(),
        client_key=draft.client_key,
        client_mark=mark,
        request=outgoing,
        due_at=due_at,
        send_at=draft.send_at,
        now=now,
    )
    replies.add_reply(
        session,
        channel_id=sender.id,
        thread_id=conversation.thread_id,
        conversation_id=conversation.id,
        agent_id=draft.agent_id,
        outbox_id=outbox_id,
        parent_remote_id=outgoing.target.remote_id,
        text=outgoing.text,
        visibility=outgoing.visibility,
        language=outgoing.language,
        content_warning=outgoing.content_warning,
        attachments=tuple(map(uploads.as_attachment, outgoing.attachments)),
        kind=Kind.QUOTE if outgoing.quote else Kind.REPLY,
        now=now,
    )
    uploads.attach(
        session,
        outgoing.attachments,
        agent_id=draft.agent_id,
        conversation_id=conversation.id,
        outbox_id=outbox_id,
    )
    conversations.mark_read(session, conversation.id, now=now)
    refresh(session, conversation.id)
    log.append(
        session,
        ReplyQueued(channel_id=sender.id, conversation_id=conversation.id, outbox_id=outbox_id),
        at=now,
    )
    return outbox_id


def _same(session: Session, pressed: OutboxItem, draft: Draft, mark: str) -> int:
    """The button was pressed twice: one reply. Anything else under the same key is a mistake of the caller."""
    conversation = conversations.conversation(session, draft.conversation_id)
    if pressed.conversation_id != conversation.id or not outbox.is_marked(session, pressed.id, mark):
        raise Conflict("something else was sent under this key already", reason="already_sent")
    return pressed.id
