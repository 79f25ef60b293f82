"""What the API answers with: one struct for each thing, made from the words of its subject. Instants are in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from hub.channels.connect import error_of
from hub.channels.model import Channel as ChannelModel
from hub.channels.model import ChannelState, Trouble
from hub.connector import Kind, Moderation, Trust, Visibility
from hub.inbox.model import ConversationState, Direction, Line, Origin
from hub.inbox.model import Message as MessageModel
from hub.inbox.read import Reading
from hub.kernel.html import safe_link
from hub.kernel.texts import describe, describe_why_not
from hub.outbox.model import OutboxItem as ItemModel
from hub.outbox.model import State


class Fault(Struct, frozen=True, kw_only=True):
    """Why something did not work: `code` and `reason` for programs, `detail` for people."""

    code: str
    reason: str
    detail: str


class Person(Struct, frozen=True, kw_only=True):
    """Who wrote something. trust: `claimed` where the name is only the author's own word."""

    name: str
    handle: str
    trust: Trust


class Account(Struct, frozen=True, kw_only=True):
    """Who we are on a network."""

    handle: str
    name: str
    url: str | None


class Channel(Struct, frozen=True, kw_only=True):
    """One connected account or blog. limits: what its network takes, by unit. warnings: machine words."""

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


class Post(Struct, frozen=True, kw_only=True):
    """What people answer: a post or an article."""

    title: str
    text: str
    link: str | None
    created_at: datetime | None


class Answering(Struct, frozen=True, kw_only=True):
    """Whether a conversation can be answered now, and if not, why. message_id: which message an answer answers."""

    allowed: bool
    why_not: str
    detail: str
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


class Message(Struct, frozen=True, kw_only=True):
    """One utterance: theirs (`in`), ours (`out`) or a note among us (`note`).

    html: clean; null where `text` is all there is. deleted_at: gone at the network, kept here.
    outbox_id: the item that brings or brought it out, for what was written here.
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
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    moderation: Moderation | None
    permalink: str | None
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


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
    """A reply on its way. send_at: when it is meant to leave, null for at once. act: what is done to the message answered instead of a reply, such as `like`.

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


def channel(found: ChannelModel) -> Channel:
    return Channel(
        id=found.id,
        kind=found.kind,
        name=found.name,
        team_id=found.team_id,
        state=found.state,
        title=found.title,
        account=Account(handle=found.account.handle, name=found.account.name, url=safe_link(found.account.url)),
        can_send=found.can_send,
        limits=found.limits,
        warnings=found.warnings,
        pulled_at=found.pulled_at,
        next_pull_at=found.next_pull_at,
        failing_since=found.failing_since,
        trouble=trouble(found.trouble),
        created_at=found.created_at,
    )


def conversation(line: Line, version: str) -> Conversation:
    found = line.conversation
    return Conversation(
        id=found.id,
        channel=ChannelName(id=found.channel_id, kind=line.channel_kind, name=line.channel_name),
        author=Person(name=line.name, handle=line.handle, trust=line.trust),
        state=found.state,
        kind=found.kind,
        visibility=found.visibility,
        language=found.language,
        post_title=line.post_title,
        snippet=found.snippet,
        last_direction=found.last_direction,
        last_at=found.last_at,
        unread=found.unread,
        version=version,
        created_at=found.created_at,
    )


def detail(reading: Reading, version: str, offered: Iterable[Visibility]) -> ConversationDetail:
    """offered: whom the channel that answers can reach."""
    why_not = reading.answerable.why_not
    target = reading.answerable.target
    worded = describe_why_not(why_not) if why_not else None
    return ConversationDetail(
        conversation=conversation(reading.line, version),
        post=None
        if reading.post is None
        else Post(
            title=reading.post.title,
            text=reading.post.text,
            link=safe_link(reading.post.link),
            created_at=reading.post.created_at,
        ),
        answerable=Answering(
            allowed=not why_not,
            why_not=why_not,
            detail=f"{worded.title}. {worded.advice}".rstrip() if worded else "",
            message_id=target.id if target else None,
            visibilities=tuple(offered),
        ),
    )


def message(found: MessageModel) -> Message:
    return Message(
        id=found.id,
        direction=found.direction,
        origin=found.origin,
        kind=found.kind,
        author=Person(name=found.author_name, handle=found.author_handle, trust=found.author_trust),
        agent_id=found.agent_id,
        outbox_id=found.outbox_id,
        remote_id=found.remote_id,
        parent_remote_id=found.parent_remote_id,
        visibility=found.visibility,
        language=found.language,
        content_warning=found.content_warning,
        text=found.text,
        html=found.html,
        attachments=tuple(
            Attachment(kind=each.kind, url=safe_link(each.url), media_type=each.media_type, description=each.alt)
            for each in found.attachments
        ),
        moderation=found.moderation,
        permalink=safe_link(found.permalink),
        created_at=found.created_at,
        edited_at=found.edited_at,
        deleted_at=found.deleted_at,
    )


def outbox_item(found: ItemModel) -> OutboxItem:
    request = found.request
    return OutboxItem(
        id=found.id,
        state=found.state,
        channel_id=found.channel_id,
        conversation_id=found.conversation_id,
        agent_id=found.agent_id,
        act=found.act,
        text=request.text,
        visibility=request.visibility,
        language=request.language,
        content_warning=request.content_warning,
        due_at=found.due_at,
        send_at=found.send_at,
        tries=found.tries,
        receipts=tuple(
            None
            if receipt is None
            else Receipt(
                remote_id=receipt.remote_id, permalink=safe_link(receipt.permalink), at=receipt.at, held=receipt.held
            )
            for receipt in found.parts
        ),
        trouble=trouble(found.trouble),
        created_at=found.created_at,
        settled_at=found.settled_at,
    )


def trouble(found: Trouble | None) -> Fault | None:
    if found is None:
        return None
    wording = describe(error_of(found))
    return Fault(code=found.code, reason=found.reason, detail=f"{wording.title}. {wording.advice}".rstrip())
