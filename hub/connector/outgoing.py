"""What we tell a network: replies and how they go out, actions, and the proof that they arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.connector.incoming import Author
from hub.connector.words import Instant, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The message a reply answers or an action is done to, as much of it as a connector needs.

    root_id: what names its thread, as it was told; the first message where nothing was.
    must_mention: who has to be named to be notified, as the network told. is_ours: we wrote it (edit, delete).
    """

    remote_id: str
    revision: str = ""
    root_id: str | None = None
    author: Author
    visibility: Visibility = Visibility.PUBLIC
    permalink: str | None = None
    must_mention: tuple[Author, ...] = ()
    is_ours: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that goes with a reply; its bytes come from `context.uploads`. Made anew by us: it carries no EXIF."""

    id: str
    media_type: str
    size: int
    alt: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One reply to be sent, frozen when the agent pressed send.

    mentions: who has to be named in the text, chosen by the agent among target.must_mention; None: all of them.
    quote: true when it quotes the target in a post of our own instead of answering under it.
    """

    text: str
    target: Target
    visibility: Visibility = Visibility.PUBLIC
    language: str | None = None
    content_warning: str = ""
    attachments: tuple[Upload, ...] = ()
    mentions: tuple[Author, ...] | None = None
    quote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How full a text is in the network's own units: {"graphemes": (352, 500)}. `errors` say why it cannot be sent.

    parts: how many posts it becomes. texts: those posts' texts for the preview, when there are several.
    """

    units: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    parts: int = 1
    texts: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One visible write. `reserved` is the id we chose for it beforehand, where the network takes one.

    repeatable: the network knows it again by `reserved`, so that sending it twice is the same as once: after a lost
    answer it is simply sent again.
    """

    text: str
    reserved: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    repeatable: bool = False


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
    """Something done to a message that is not a reply: `name` is one of the connector's features.actions.

    text: the new text, for `edit`.
    """

    name: str
    target: Target
    text: str = ""
