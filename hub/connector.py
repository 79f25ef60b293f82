"""The contract between Hubbub and a connector, and its words.

A connector is one account on one network. Hubbub makes an instance per channel in a child process, asks it to
`check` itself and to `pull` pages, and hands it replies to `send`. Everything that crosses the contract is frozen,
typed and validated on the way. All instants are aware UTC; all ids are the network's own stable ones.
docs/write-a-connector.md builds one step by step.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from hub.kernel.clock import Clock
    from hub.kernel.http import Door

API_VERSION = 1
"""The version of this contract. A plugin built for another one is listed by `hub plugins` and not loaded."""

Instant = Annotated[datetime, Meta(tz=True)]
"""An aware point in time; a naive one is refused where it crosses the contract."""

Limits = Mapping[str, int]
"""Unit to limit as this server has it, found by `check`: {"graphemes": 500}."""


class Kind(StrEnum):
    MENTION = "mention"
    REPLY = "reply"
    COMMENT = "comment"
    DIRECT = "direct"
    QUOTE = "quote"


class Visibility(StrEnum):
    """Who can read it, from wide to narrow. A reply is never wider than the message it answers."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    DIRECT = "direct"

    def is_wider_than(self, other: Visibility) -> bool:
        order = list(Visibility)
        return order.index(self) < order.index(other)


class Moderation(StrEnum):
    APPROVED = "approved"
    HELD = "held"
    SPAM = "spam"
    TRASH = "trash"


class Trust(StrEnum):
    """What stands behind an author's name: the network's own account, or only the author's word."""

    NETWORK = "network"
    CLAIMED = "claimed"


class DeletedBy(StrEnum):
    AUTHOR = "author"
    MODERATION = "moderation"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A remote person. `id` is the network's stable id (DID, actor URI, numeric id), never the handle."""

    id: str
    handle: str = ""
    name: str = ""
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
class Post:
    """What people answer: a post or article of ours (or another's), shown above the conversation."""

    remote_id: str
    title: str = ""
    text: str = ""
    link: str | None = None
    created_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRules:
    """What may be done on this message now.

    why_not: a short machine word when `allowed` is false (`closed`, `read_only`, `blocked`), worded for people by us.
    must_mention: who has to be named in the text to be notified.
    """

    allowed: bool = True
    why_not: str = ""
    must_mention: tuple[Author, ...] = ()
    until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One utterance as the network tells it, ours or another's.

    remote_id: unique on this channel; with `revision` the ingest key.
    revision: the network's edit time, cid or a hash of the content; an equal one changes nothing.
    parent_id, root_id: the message answered, and what the thread hangs on; None where the network does not tell.
    addressed: false for what is pulled only as context; it opens no conversation.
    correlation: the id reserved by `plan`, when the network hands it back (rkey, txnId, Message-ID).
    text: plain text. html: as the network sent it; cleaned by us. raw: the item as received, kept for later.
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
    attachments: tuple[Attachment, ...] = ()
    edited_at: Instant | None = None
    date_guessed: bool = False
    permalink: str | None = None
    moderation: Moderation | None = None
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
    """One item that could not be read: goes to the dead letters with its raw form; the page goes on."""

    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one pull found, and where the next one goes on.

    cursor: opaque JSON of the connector's own, at most 64 KB; stored in one transaction with the messages.
    more: true when pulling again at once brings more.
    history: true when this is old stock (the first pull): it is stored, but raises no alarm.
    pull_after: seconds the network asks us to wait before the next pull.
    """

    cursor: str
    messages: tuple[Incoming, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    more: bool = False
    history: bool = False
    pull_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The message a reply answers, as much of it as a connector needs."""

    remote_id: str
    revision: str = ""
    root_id: str | None = None
    author: Author
    visibility: Visibility = Visibility.PUBLIC
    permalink: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One reply to be sent, frozen when the agent pressed send."""

    text: str
    target: Target
    visibility: Visibility = Visibility.PUBLIC
    language: str | None = None
    content_warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How full a text is in the network's own units: {"graphemes": (352, 500)}. `errors` say why it cannot be sent."""

    units: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    parts: int = 1
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One visible write. `reserved` is the id we chose for it beforehand, where the network takes one."""

    text: str
    reserved: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a reply goes out; stored before the first write and never changed after it."""

    outgoing: Outgoing
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of one part's posting. `held` when it waits for the network's moderation."""

    remote_id: str
    at: Instant
    permalink: str | None = None
    revision: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something done to a message that is not a reply: `name` is one of the connector's features.actions."""

    name: str
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a connection test found: who we are there, and what this account and server can do.

    warnings: short machine words (`cannot_moderate`), worded for people by us.
    """

    account: Author
    title: str = ""
    limits: Limits = field(default_factory=dict)
    can_send: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What this kind of connector can do; the contract kit proves each claim and refuses silent ones.

    send: it answers. reconcile: it can look up whether a send arrived. reserves: it sends under an id we choose.
    threads: it tells parents. edits, deletes: it notices them. actions: what `act` takes.
    """

    send: bool = False
    reconcile: bool = False
    reserves: bool = False
    threads: bool = False
    edits: bool = False
    deletes: bool = False
    actions: frozenset[str] = frozenset()
    visibilities: tuple[Visibility, ...] = (Visibility.PUBLIC,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a connector is given to work with. It holds no door to the hub's own database."""

    http: Door
    clock: Clock
    log: logging.Logger
    data: Path
    """A folder the plugin may keep files in, below HUB_DATA."""


def setting(
    label: str,
    *,
    help: str = "",
    secret: bool = False,
    kind: str = "text",
    default: Any = dataclasses.MISSING,
    choices: Mapping[str, str] | None = None,
) -> Any:
    """Declare one field of a connector's Settings: the form, the CLI option and the redaction follow from it.

    kind: text, url, number, choice, channel (the id of another channel, which must be able to send).
    secret: encrypted at rest, never shown again.
    """
    metadata = {"label": label, "help": help, "secret": secret, "kind": kind, "choices": dict(choices or {})}
    return field(default=default, metadata=metadata)


class Connector(ABC):
    """One account on one network. The constructor does no I/O; an instance is used by one thread at a time.

    A subclass declares `kind`, `label`, `Settings` and `features`, and implements what it declares. Failures are
    raised as the errors of hub.errors; anything else counts as a bug of the plugin.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    Settings: ClassVar[type[Any]]
    features: ClassVar[Features] = Features()
    api_version: ClassVar[int] = API_VERSION

    def __init__(self, settings: Any, context: Context) -> None:
        self.settings = settings
        self.context = context

    @abstractmethod
    def check(self) -> Check:
        """Test the connection within ten seconds. Called before a channel is saved and on demand."""

    @abstractmethod
    def pull(self, cursor: str | None) -> Page:
        """Return the next page after `cursor`; None is the first pull. An unknown cursor means a safe re-scan."""

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        """Count the text in the network's units. Pure, offline, quick: it runs at every keystroke."""
        return Measure()

    @classmethod
    def companion_target(cls, target: Target) -> Target | None:
        """Name the same message as the channel knows it that answers for this one; None where it cannot be told."""
        return None

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        """Freeze how the reply goes out, with reserved ids made from `key`. May read, never writes."""
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text, reserved=key),))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        """Make ONE visible write, without retries of its own. `previous` is the receipt of the part before."""
        raise NotImplementedError(f"{self.kind} declares no send")

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        """Look whether a part arrived. None: surely not. Ambiguous: cannot tell."""
        raise NotImplementedError(f"{self.kind} declares no reconcile")

    def act(self, action: Action) -> None:
        """Do one of `features.actions`. Doing it twice is the same as once."""
        raise NotImplementedError(f"{self.kind} declares no actions")

    def close(self) -> None:
        """Give back what the instance holds."""
