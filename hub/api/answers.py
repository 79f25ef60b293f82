"""What the API answers with: one struct for each thing, made from the words of its subject. Instants are in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from hub.channels.model import ChannelState
from hub.connector import DeletedBy, Kind, Moderation, Trust, Visibility
from hub.inbox.model import ConversationState, Direction, Origin
from hub.outbox.model import State


class Fault(Struct, frozen=True, kw_only=True):
    """Why something did not work: `code` and `reason` for programs, `detail` for people."""

    code: str
    reason: str
    detail: str


class Emoji(Struct, frozen=True, kw_only=True):
    """A small picture that people see instead of `:code:` in a text. url: at the network; it shows who asks for it."""

    code: str
    url: str


class Person(Struct, frozen=True, kw_only=True):
    """Who wrote something. trust: `claimed` where the name is only the author's own word. emoji: those of the name."""

    name: str
    emoji: tuple[Emoji, ...]
    handle: str
    trust: Trust


class Account(Struct, frozen=True, kw_only=True):
    """Who we are on a network."""

    handle: str
    name: str
    url: str | None


class Channel(Struct, frozen=True, kw_only=True):
    """One connected account or blog. limits: what its network takes, by unit. warnings: machine words.

    webhook_address: where another system posts to it; null where nothing is posted, and for who may not set it up.
    """

    id: int
    kind: str
    name: str
    team_id: int
    state: ChannelState
    title: str
    account: Account
    can_send: bool
    limits: Mapping[str, int]
    warnings: tuple[str, ...]
    pulled_at: datetime | None
    next_pull_at: datetime
    failing_since: datetime | None
    trouble: Fault | None
    webhook_address: str | None
    created_at: datetime


class ChannelList(Struct, frozen=True, kw_only=True):
    items: tuple[Channel, ...]


class ChannelName(Struct, frozen=True, kw_only=True):
    """As much of a channel as a list of conversations shows."""

    id: int
    kind: str
    name: str


class Conversation(Struct, frozen=True, kw_only=True):
    """One person's exchange with us in one thread. version: send it as `seen_version` when you answer."""

    id: int
    channel: ChannelName
    author: Person
    state: ConversationState
    kind: Kind
    visibility: Visibility
    language: str | None
    post_title: str
    snippet: str
    last_direction: Direction
    last_at: datetime
    unread: int
    version: str
    created_at: datetime


class ConversationList(Struct, frozen=True, kw_only=True):
    """A page of conversations, newest activity first. next: where the next page goes on, null at the end."""

    items: tuple[Conversation, ...]
    next: str | None


class Choice(Struct, frozen=True, kw_only=True):
    """One of the answers of a poll. votes: null while the network keeps it to itself. is_ours: our account took it."""

    text: str
    votes: int | None
    is_ours: bool


class Poll(Struct, frozen=True, kw_only=True):
    """A poll as it stood at `counted_at`. voters: null where the network does not tell how many took part.

    takes_several: each of them may take more than one choice. ends_at: null where it has no end.
    """

    choices: tuple[Choice, ...]
    voters: int | None
    takes_several: bool
    ends_at: datetime | None
    has_ended: bool
    counted_at: datetime | None


class Post(Struct, frozen=True, kw_only=True):
    """What people answer: a post or an article."""

    title: str
    text: str
    emoji: tuple[Emoji, ...]
    poll: Poll | None
    link: str | None
    created_at: datetime | None


class Answering(Struct, frozen=True, kw_only=True):
    """Whether a conversation can be answered now, and if not, why. message_id: which message an answer answers.

    is_request: its author so far only asks to be heard; an answer accepts that.
    """

    allowed: bool
    why_not: str
    detail: str
    is_request: bool
    message_id: int | None
    visibilities: tuple[Visibility, ...]


class ConversationDetail(Struct, frozen=True, kw_only=True):
    """One conversation, what it hangs on, and whether it can be answered."""

    conversation: Conversation
    post: Post | None
    answerable: Answering


class Attachment(Struct, frozen=True, kw_only=True):
    """A picture, film, sound or file at the network. url: null where its address is none to be followed."""

    kind: str
    url: str | None
    media_type: str | None
    description: str


class Mention(Struct, frozen=True, kw_only=True):
    """Somebody to be named in an answer, so that they learn of it. id: at the network."""

    id: str
    handle: str
    name: str


class Message(Struct, frozen=True, kw_only=True):
    """One utterance: theirs (`in`), ours (`out`) or a note among us (`note`).

    html: clean; null where `text` is all there is. deleted_at: gone at the network, kept here. deleted_by: why; what is
    `blocked`, `account` (its author's is suspended, switched off or gone) or `unavailable` may come back.
    outbox_id: the item that brings or brought it out, for what was written here.
    quote: it quotes a message in a post of its own instead of standing under it.
    mentions: whom an answer to it names, the author included where its network wants it; a reply may leave others out.
    emoji: those of text, warning and poll, which have them as `:code:`. poll: its choices stand in `text` as well.
    """

    id: int
    direction: Direction
    origin: Origin
    kind: Kind
    author: Person
    agent_id: int | None
    outbox_id: int | None
    remote_id: str | None
    parent_remote_id: str | None
    visibility: Visibility
    language: str | None
    content_warning: str
    quote: bool
    mentions: tuple[Mention, ...]
    text: str
    html: str | None
    emoji: tuple[Emoji, ...]
    poll: Poll | None
    attachments: tuple[Attachment, ...]
    moderation: Moderation | None
    permalink: str | None
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_by: DeletedBy | None


class MessageList(Struct, frozen=True, kw_only=True):
    """A page of messages, newest first. version: of the conversation. next: where older ones go on."""

    items: tuple[Message, ...]
    version: str
    next: str | None


class Receipt(Struct, frozen=True, kw_only=True):
    """Proof that a part stands at the network. held: it waits for moderation there."""

    remote_id: str
    permalink: str | None
    at: datetime
    held: bool


class OutboxItem(Struct, frozen=True, kw_only=True):
    """A reply on its way. send_at: when it is meant to leave, null for at once.

    act: what is done to the message answered instead of a reply, such as `like`.
    receipts: one for each part, null for what has not arrived yet; empty until it is planned.
    """

    id: int
    state: State
    channel_id: int
    conversation_id: int | None
    agent_id: int | None
    act: str
    text: str
    visibility: Visibility
    language: str | None
    content_warning: str
    due_at: datetime
    send_at: datetime | None
    tries: int
    receipts: tuple[Receipt | None, ...]
    trouble: Fault | None
    created_at: datetime
    settled_at: datetime | None


class OutboxList(Struct, frozen=True, kw_only=True):
    """A page of outbox items, newest first. next: where the next page goes on, null at the end."""

    items: tuple[OutboxItem, ...]
    next: str | None
