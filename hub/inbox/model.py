"""Conversations and their messages, as the pages and the use cases see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.connector import (
    Attachment,
    DeletedBy,
    Emoji,
    Kind,
    Moderation,
    Poll,
    ReplyRules,
    Trust,
    Upload,
    Visibility,
)


class ConversationState(StrEnum):
    """open: somebody waits for us. waiting: we answered. resolved: nothing is to be done. snoozed: later."""

    OPEN = "open"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Direction(StrEnum):
    """in: theirs. out: ours. note: among us, never at a network."""

    IN = "in"
    OUT = "out"
    NOTE = "note"


class Origin(StrEnum):
    """Where a message was written: by another, in Hubbub, or by us in the network's own app."""

    REMOTE = "remote"
    HUB = "hub"
    NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One identity's exchange with us in one thread."""

    id: int
    channel_id: int
    team_id: int
    thread_id: int
    identity_id: int
    state: ConversationState
    kind: Kind
    visibility: Visibility
    language: str | None
    snippet: str
    emoji: tuple[Emoji, ...]
    last_direction: Direction
    last_at: datetime
    unread: int
    version: int
    created_at: datetime

    def __hash__(self) -> int:
        # Lists keep what they made of it: all fields would be gone through for each row of each page.
        return hash(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A conversation as the list shows it."""

    conversation: Conversation
    name: str
    name_emoji: tuple[Emoji, ...]
    handle: str
    trust: Trust
    channel_kind: str
    channel_name: str
    post_title: str

    @property
    def emoji(self) -> tuple[Emoji, ...]:
        """Those of the name and of the words."""
        return (*self.name_emoji, *self.conversation.emoji)

    def __hash__(self) -> int:
        return hash(self.conversation.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One utterance in a conversation or around it. `html` is clean; None means `text` is all there is.

    done: what our account has done to it at the network ("like", "boost"), as far as we know.
    poll: as it stood at `polled_at`. emoji: those of text, warning and poll.
    """

    id: int
    channel_id: int
    conversation_id: int | None
    thread_id: int
    remote_id: str | None
    parent_remote_id: str | None
    revision: str
    identity_id: int | None
    agent_id: int | None
    outbox_id: int | None
    direction: Direction
    origin: Origin
    kind: Kind
    visibility: Visibility
    language: str | None
    content_warning: str
    text: str
    html: str | None
    emoji: tuple[Emoji, ...]
    poll: Poll | None
    polled_at: datetime | None
    attachments: tuple[Attachment, ...]
    moderation: Moderation | None
    done: tuple[str, ...]
    reply: ReplyRules
    permalink: str | None
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_by: DeletedBy | None
    date_guessed: bool
    author_name: str = ""
    author_emoji: tuple[Emoji, ...] = ()
    author_handle: str = ""
    author_trust: Trust = Trust.NETWORK

    def __hash__(self) -> int:
        return hash(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPost:
    """The post or article a thread hangs on."""

    title: str
    text: str
    emoji: tuple[Emoji, ...]
    poll: Poll | None
    polled_at: datetime | None
    link: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRow:
    """A picture somebody of us brought to send. `outbox_id`: the reply it goes with, None while it waits for one."""

    id: str
    agent_id: int
    name: str
    alt: str
    media_type: str
    size: int
    width: int
    height: int
    created_at: datetime
    outbox_id: int | None = None

    @property
    def upload(self) -> Upload:
        """The same as connectors get it."""
        return Upload(
            id=self.id,
            media_type=self.media_type,
            size=self.size,
            alt=self.alt,
            width=self.width,
            height=self.height,
        )
