"""What a network tells us: messages with their authors and what they hang on, and the page that brings them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.connector.words import DeletedBy, Instant, Kind, Moderation, Trust, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Emoji:
    """A small picture that people see instead of `:code:` in a text; `code` is without the colons.

    url: where the picture is, the one that stands still where the network has both. We fetch it, once, and show what
    we made of it; until then, and where it cannot be had, the text keeps its `:code:`.
    """

    code: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A remote person. `id` is the network's stable id (DID, actor URI, numeric id), never the handle.

    emoji: those of `name`; what stands in no name is not kept.
    """

    id: str
    handle: str = ""
    name: str = ""
    emoji: tuple[Emoji, ...] = ()
    url: str | None = None
    avatar: str | None = None
    is_us: bool = False
    is_bot: bool = False
    trust: Trust = Trust.NETWORK


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture, film, sound or file as the network shows it. `kind`: image, video, audio, file."""

    kind: str
    url: str
    media_type: str | None = None
    alt: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the answers of a poll. votes: None while the network keeps it to itself. is_ours: our account took it."""

    text: str
    votes: int | None = None
    is_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What people may choose from, and how it stood when it was read.

    voters: how many took part, None where that is not told. takes_several: each of them may take more than one choice.
    ends_at: None where it has no end. Other numbers are no other revision: tell the message again as it is.
    """

    choices: tuple[Choice, ...]
    voters: int | None = None
    takes_several: bool = False
    ends_at: Instant | None = None
    has_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What people answer: a post or article of ours (or another's), shown above the conversation.

    poll: a message's text has the choices of its poll; a post's has not.
    """

    remote_id: str
    title: str = ""
    text: str = ""
    emoji: tuple[Emoji, ...] = ()
    poll: Poll | None = None
    link: str | None = None
    created_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRules:
    """What may be done on this message now.

    why_not: a short machine word when `allowed` is false (`closed`, `read_only`, `blocked`), worded for people by us.
    must_mention: who has to be named in the text to be notified.
    visibility: who may read an answer unless the agent chooses; None: the same as the message. Never wider than it.
    is_request: its author so far only asks to be heard, as some networks have it for strangers: an answer accepts that.
    impossible: of the connector's actions, and `quote` and `pictures`, those that this message does not take.
    """

    allowed: bool = True
    why_not: str = ""
    must_mention: tuple[Author, ...] = ()
    visibility: Visibility | None = None
    until: Instant | None = None
    is_request: bool = False
    impossible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One utterance as the network tells it, ours or another's.

    remote_id: unique on this channel; with `revision` the ingest key.
    revision: the network's edit time, cid or a hash of the content; an equal one changes nothing.
    parent_id, root_id: the message answered, and what the thread hangs on; None where the network does not tell.
    addressed: false for what is pulled only as context; it opens no conversation.
    done: what is already done to it by our account, in the words of features.actions ("like", "boost").
    undone: what is certainly not done to it, any more or yet; what is in neither stays as it was.
    correlation: the id reserved by `plan`, when the network hands it back (rkey, txnId, Message-ID).
    text: plain text. html: as the network sent it; cleaned by us. raw: the item as received, kept for later.
    emoji: those of the text, the warning and the poll; each stands in all of them as `:code:`.
    poll: `text` has its choices as well, so that they are found; `html` has not, since they are shown with their votes.
    """

    remote_id: str
    revision: str
    kind: Kind
    author: Author
    text: str
    created_at: Instant
    kind_raw: str = ""
    global_id: str | None = None
    parent_id: str | None = None
    root_id: str | None = None
    post: Post | None = None
    addressed: bool = True
    visibility: Visibility = Visibility.PUBLIC
    visibility_raw: str = ""
    html: str | None = None
    language: str | None = None
    content_warning: str = ""
    emoji: tuple[Emoji, ...] = ()
    poll: Poll | None = None
    attachments: tuple[Attachment, ...] = ()
    edited_at: Instant | None = None
    date_guessed: bool = False
    permalink: str | None = None
    moderation: Moderation | None = None
    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    correlation: str | None = None
    reply: ReplyRules = field(default_factory=ReplyRules)
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The network says it is gone. Comes before its create, too: then it leaves a tombstone."""

    remote_id: str
    at: Instant | None = None
    by: DeletedBy = DeletedBy.AUTHOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """One item that could not be read: goes to the dead letters with its raw form; the page goes on.

    field: the setting that led astray, where it was one.
    delivery: the number of the delivery it came with, which can be read again once the cause is mended.
    """

    reason: str
    raw: str
    field: str = ""
    delivery: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one pull found, and where the next one goes on.

    cursor: opaque JSON of the connector's own, at most 64 KB; stored in one transaction with the messages.
    more: true when pulling again at once brings more.
    history: true when this is old stock (the first pull): it is stored, but raises no alarm.
    pull_after: seconds the network asks us to wait before the next pull.
    deliveries: the numbers of those that this page is the end of; they are not handed over again.
    posts: told before above messages, and standing otherwise now, as the votes of a poll do; unknown ones are ignored.
    """

    cursor: str
    messages: tuple[Incoming, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    posts: tuple[Post, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    more: bool = False
    history: bool = False
    pull_after: float | None = None
    deliveries: tuple[int, ...] = ()
