"""Bluesky's JSON as the words of the contract. Pure.

Lexicons: app.bsky.feed.defs#postView, app.bsky.notification.listNotifications#notification. What a post is follows from
its record, never from the reason of a notification: an answer that names us too comes as a mention.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.connector import Author, Incoming, Kind, Post, ReplyRules, Skipped
from hub.kernel.html import text_of

from .record_keys import did_of, is_reserved, read_uri
from .rich_text import mentioned, to_html
from .showing import attachments_of, embedded_html, is_detached, quoted_uri

POST = "app.bsky.feed.post"
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading an item that is not as it should be raises."""

Raw = Mapping[str, Any]
_NO_HANDLE = "handle.invalid"
_SHOWN_LABELS = {
    "porn": "porn",
    "sexual": "sexual",
    "nudity": "nudity",
    "graphic-media": "graphic media",
    "!warn": "!",
}
_ACTS = {"like": "like", "repost": "boost", "bookmarked": "bookmark"}
_NOT_SHOWN = frozenset({"!no-unauthenticated", "bot"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Our account."""

    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known around a post: how it came (the reason of a notification, or `context`), and what it hangs on.

    hidden: whether we folded it away below a post of ours; None where that is not known.
    """

    came_as: str = "context"
    post: Post | None = None
    hidden: bool | None = None


CONTEXT = Setting()


def author_of(profile: Raw, me: Me) -> Author:
    """A profile as an author. Its handle may move or be invalid; the DID stays."""
    did, handle = str(profile["did"]), str(profile.get("handle") or "")
    return Author(
        id=did,
        handle="" if handle in ("", _NO_HANDLE) else f"@{handle}",
        name=str(profile.get("displayName") or ""),
        url=f"https://bsky.app/profile/{did}",
        avatar=_text(profile.get("avatar")),
        is_us=did == me.did,
        is_bot="bot" in _labels(profile),
    )


def incoming(view: Raw, me: Me, setting: Setting) -> Incoming:
    """One post. Raises KeyError, TypeError, ValueError or AttributeError when it cannot be read."""
    record, author = view["record"], author_of(view["author"], me)
    uri, cid = read_uri(view["uri"]), str(view["cid"])
    text, embedded = written(record), embedded_html(view.get("embed"))
    reply, acts = refs(record), _acts(view, me, setting)
    return Incoming(
        remote_id=str(uri),
        revision=cid,
        kind=kind(view, me),
        kind_raw=setting.came_as,
        author=author,
        text=_whole(text, embedded) if not author.is_us else text,
        html=to_html(text, record.get("facets")) + embedded,
        created_at=sort_at(view),
        global_id=str(uri),
        parent_id=reply.parent if reply else None,
        root_id=reply.root if reply else None,
        post=setting.post,
        addressed=is_addressed(view, me, setting),
        language=_language(record),
        content_warning=warning_of(view),
        attachments=tuple(attachments_of(view.get("embed"))),
        permalink=permalink(uri.did, uri.key),
        done=tuple(word for word, is_on in acts.items() if is_on),
        undone=tuple(word for word, is_on in acts.items() if not is_on),
        correlation=uri.key if author.is_us and is_reserved(uri.key) else None,
        reply=rules(view, me),
        raw={"reason": setting.came_as, "post": view},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """What an answer hangs on, as at-uris."""

    parent: str
    root: str


def refs(record: Raw) -> Refs | None:
    """What a post answers; None when it answers nothing. Raises ValueError where it names what can be no post."""
    reply = record.get("reply")
    if not isinstance(reply, dict):
        return None
    parent, root = str(reply["parent"]["uri"]), str(reply["root"]["uri"])
    # One name that the server cannot read would have it refuse all that are asked for with it.
    return Refs(parent=str(read_uri(parent)), root=str(read_uri(root)))


def is_post(item: Any) -> bool:
    """Whether an item of a list is a post, rather than a like or what nobody can read."""
    record = item.get("record") if isinstance(item, dict) else None
    return isinstance(record, dict) and record.get("$type") == POST


def kind(view: Raw, me: Me) -> Kind:
    """What a post is to us, by its record."""
    record, reply = view["record"], refs(view["record"])
    if reply and did_of(reply.parent) == me.did:
        return Kind.REPLY
    if did_of(quoted_uri(record)) == me.did:
        return Kind.QUOTE
    if me.did in mentioned(record.get("facets")):
        return Kind.MENTION
    return Kind.REPLY if reply else Kind.MENTION


def is_addressed(view: Raw, me: Me, setting: Setting) -> bool:
    """Whether a post is meant for us: we were told of it, or it stands under a post of ours, quotes or names us."""
    record, reply = view["record"], refs(view["record"])
    if str(view["author"]["did"]) == me.did:
        return False
    if setting.came_as in ("mention", "reply", "quote", "tag"):
        return True
    if reply and me.did in (did_of(reply.parent), did_of(reply.root)):
        return True
    return did_of(quoted_uri(record)) == me.did or me.did in mentioned(record.get("facets"))


def is_ours(view: Raw, me: Me) -> bool:
    return str(view["author"]["did"]) == me.did


def as_post(view: Raw) -> Post:
    """A post as what a thread hangs on."""
    uri = read_uri(view["uri"])
    text = _whole(written(view["record"]), embedded_html(view.get("embed")))
    return Post(remote_id=str(uri), text=text, link=permalink(uri.did, uri.key), created_at=sort_at(view))


def rules(view: Raw, me: Me) -> ReplyRules:
    """Whether it can be answered now, and what else it does not take. The server would take an answer all the same, and
    show it to nobody."""
    impossible = tuple(_impossible(view, me))
    viewer = _dict(view.get("viewer"))
    author = _dict(_dict(view.get("author")).get("viewer"))
    if author.get("blockedBy") or author.get("blocking") or author.get("blockingByList"):
        return ReplyRules(allowed=False, why_not="blocked", impossible=impossible)
    if viewer.get("replyDisabled"):
        return ReplyRules(allowed=False, why_not="closed", impossible=impossible)
    return ReplyRules(impossible=impossible)


def _impossible(view: Raw, me: Me) -> Iterator[str]:
    """We may fold away what stands below our posts, and take our posts out of others' quotes; nothing else."""
    reply = refs(view["record"])
    if me.did not in (did_of(reply.root) if reply else "", did_of(quoted_uri(view["record"]))):
        yield from ("hide", "unhide")
    if _dict(view.get("viewer")).get("embeddingDisabled"):
        yield "quote"


def folded(root: Raw) -> frozenset[str]:
    """The answers that the author of a thread folded away below it."""
    hidden = _dict(_dict(root.get("threadgate")).get("record")).get("hiddenReplies")
    return frozenset(each for each in hidden if isinstance(each, str)) if isinstance(hidden, list) else frozenset()


def warning_of(view: Raw) -> str:
    """The labels that its author, the author's profile or a moderation service put on it."""
    named = [label for of in (view, view.get("author"), view.get("record")) for label in _labels(_dict(of))]
    words = (_SHOWN_LABELS.get(name, name) for name in named if name not in _NOT_SHOWN)
    return ", ".join(dict.fromkeys(words))


def written(record: Raw) -> str:
    text = record["text"]
    if not isinstance(text, str):
        raise TypeError("a post whose text is none")
    return text


def sort_at(view: Raw) -> datetime:
    """When it counts as written: its author says when, but not later than the server saw it."""
    indexed, created = view.get("indexedAt"), _dict(view.get("record")).get("createdAt")
    instants = [instant(each) for each in (created, indexed) if isinstance(each, str)]
    return min(instants)


def permalink(did: str, key: str) -> str:
    return f"https://bsky.app/profile/{did}/post/{key}"


def skipped(item: Any, error: Exception) -> Skipped:
    return Skipped(reason=f"{type(error).__name__}: {error}", raw=json.dumps(item, ensure_ascii=False, default=str))


def instant(written: str) -> datetime:
    """An ISO 8601 date as aware UTC. Raises ValueError and TypeError."""
    read = datetime.fromisoformat(written)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _whole(text: str, embedded: str) -> str:
    return "\n\n".join(filter(None, (text, text_of(embedded) if embedded else "")))


def _labels(of: Raw) -> Iterator[str]:
    told = of.get("labels")
    told = told.get("values") if isinstance(told, dict) else told
    for label in told if isinstance(told, list) else ():
        if isinstance(label, dict) and label.get("val") and not label.get("neg"):
            yield str(label["val"])


def _language(record: Raw) -> str | None:
    langs = record.get("langs")
    return str(langs[0]) if isinstance(langs, list) and langs and isinstance(langs[0], str) else None


def _acts(view: Raw, me: Me, setting: Setting) -> Mapping[str, bool]:
    """What our account has and has not done to a post, as far as the server tells: a notification does not."""
    acts = {}
    if isinstance(view.get("viewer"), dict):
        # Records of ours are named where there are any; of bookmarks a server that keeps none says nothing.
        told = {"like": None, "repost": None, **view["viewer"]}
        acts = {word: bool(told[name]) for name, word in _ACTS.items() if name in told}
    if did_of(quoted_uri(view["record"])) == me.did:
        acts["hide"] = is_detached(view.get("embed"))
    elif setting.hidden is not None:
        acts["hide"] = setting.hidden
    return acts


def _dict(value: Any) -> Raw:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
