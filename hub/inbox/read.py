"""What a person sees of a conversation: its messages with what happens to our replies, and what is around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.customers import store as customers
from hub.customers.model import Identity
from hub.events import ConversationRead
from hub.inbox.model import Conversation, Line, Message, ShownPost
from hub.inbox.reply import Answerable, find_answerable
from hub.inbox.store import conversations, messages, threads
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One message on the page. `delivery` is what became of a reply written here; `is_context` marks others'."""

    message: Message
    delivery: OutboxItem | None
    is_context: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A conversation as its page shows it, oldest message first. `earlier`: where older messages go on, if any."""

    conversation: Conversation
    line: Line
    identity: Identity
    post: ShownPost | None
    utterances: tuple[Utterance, ...]
    answerable: Answerable
    earlier: int | None


def read_conversation(hub: Hub, session: Session, conversation: Conversation, *, before: int | None = None) -> Reading:
    """Everything the page shows, in a handful of statements. `before`: the message id an earlier page ended at."""
    own = messages.of_conversation(session, conversation.id, before=before, limit=PAGE + 1)
    more, own = len(own) > PAGE, own[:PAGE]
    context = _context(session, conversation, own)
    deliveries = _deliveries(session, own)
    shown = sorted([*own, *context], key=lambda message: (message.created_at, message.id))
    return Reading(
        conversation=conversation,
        line=conversations.line(session, conversation.id),
        identity=customers.identity(session, conversation.identity_id),
        post=threads.post_of(session, conversation.thread_id),
        utterances=tuple(
            Utterance(
                message=message,
                delivery=deliveries.get(message.outbox_id or 0),
                is_context=message.conversation_id != conversation.id,
            )
            for message in shown
        ),
        answerable=find_answerable(hub, session, conversation),
        earlier=own[-1].id if more else None,
    )


def mark_read(hub: Hub, session: Session, conversation: Conversation) -> None:
    """Somebody of us looked: the unread mark goes, for everybody."""
    now: datetime = hub.clock()
    if conversation.unread and conversations.mark_read(session, conversation.id, now=now):
        log.append(
            session, ConversationRead(channel_id=conversation.channel_id, conversation_id=conversation.id), at=now
        )


def _context(session: Session, conversation: Conversation, own: list[Message]) -> list[Message]:
    parents = [message.parent_remote_id for message in own if message.parent_remote_id]
    ids = [message.remote_id for message in own if message.remote_id]
    if not (parents or ids):
        return []
    return messages.around(session, conversation.thread_id, conversation.id, parents=parents, own=ids)


def _deliveries(session: Session, own: list[Message]) -> Mapping[int, OutboxItem]:
    wanted = sorted({message.outbox_id for message in own if message.outbox_id})
    return {item.id: item for item in outbox.items(session, wanted)} if wanted else {}
