"""Every operation of the API, in the order of the document."""

from __future__ import annotations

from hub.api import channels, conversations, events, media, outbox, replies
from hub.api.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    channels.list_channels,
    channels.get_channel,
    channels.list_channel_kinds,
    channels.create_channel,
    channels.check_channel,
    channels.pull_channel,
    channels.read_channel_again,
    channels.pause_channel,
    channels.resume_channel,
    conversations.list_conversations,
    conversations.get_conversation,
    conversations.list_messages,
    replies.reply,
    replies.note,
    media.create_media,
    outbox.list_outbox,
    outbox.get_outbox_item,
    outbox.retry,
    outbox.mark_sent,
    outbox.cancel,
    events.list_events,
)
