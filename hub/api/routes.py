"""Every operation of the API, in the order of the document."""

from __future__ import annotations

from hub.api import conversations, events, outbox, replies
from hub.api.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    conversations.list_conversations,
    conversations.get_conversation,
    conversations.list_messages,
    replies.reply,
    replies.note,
    outbox.list_outbox,
    outbox.get_outbox_item,
    outbox.retry,
    outbox.mark_sent,
    outbox.cancel,
    events.list_events,
)
