"""What can have happened, as the event log keeps it: one frozen dataclass each, ids and facts only, no texts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    channel_id: int | None = None
    conversation_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Event):
    """A new message came in. `history` when it is old stock of a first pull."""

    message_id: int
    direction: str
    history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChanged(Event):
    """A message was edited, deleted or moderated at the network."""

    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten(Event):
    """A colleague wrote a note beside a conversation; message_id is the note's."""

    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRead(Event):
    """Somebody opened a conversation and its unread mark is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationChanged(Event):
    """What is shown of a conversation changed without a message: a reply failed or is tried again, the votes of a poll
    were counted anew, the picture of an emoji came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyQueued(Event):
    outbox_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplySettled(Event):
    """A reply reached an end: state is sent, failed, unknown or cancelled."""

    outbox_id: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyMoved(Event):
    """A reply changed state on its way: sending, or queued again."""

    outbox_id: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChanged(Event):
    """A channel was connected, paused, resumed, removed, or its health changed."""

    state: str


KINDS: dict[str, type[Event]] = {
    "message_received": MessageReceived,
    "message_changed": MessageChanged,
    "note_written": NoteWritten,
    "conversation_read": ConversationRead,
    "conversation_changed": ConversationChanged,
    "reply_queued": ReplyQueued,
    "reply_moved": ReplyMoved,
    "reply_settled": ReplySettled,
    "channel_changed": ChannelChanged,
}
