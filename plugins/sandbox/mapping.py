"""From the sandbox network's JSON to the hub's words, and from its refusals to instructions. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.connector import Attachment, Author, Deleted, Incoming, Kind, Post, Receipt, ReplyRules, Skipped, Visibility
from hub.errors import AlreadySent, ConnectorError, Gone, NotFound, Rejected
from hub.kernel.html import text_of

from .model import Arrival, Change, Person, Refused

CURSOR_VERSION = 1
OVERLAP = 10
"""Entries of the log that the next pull reads again: delivery is at least once, and here every pull shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a pull goes on: `after` in the log of the network `born`; `first` while the first walk lasts."""

    born: str
    after: int = 0
    first: bool = False

    def written(self) -> str:
        return json.dumps({"v": CURSOR_VERSION, "born": self.born, "after": self.after, "first": self.first})


def read_cursor(text: str | None, *, born: str, last: int) -> Cursor:
    """The cursor, or a safe re-scan from the start when it is another version's, another network's, or nonsense."""
    if text is None:
        return Cursor(born=born, first=True)
    try:
        read = json.loads(text)
        cursor = Cursor(born=read["born"], after=int(read["after"]), first=bool(read["first"]))
        fits = read["v"] == CURSOR_VERSION and cursor.born == born and 0 <= cursor.after <= last
    except (ValueError, TypeError, KeyError, OverflowError):
        fits = False
    return cursor if fits else Cursor(born=born)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a stretch of the log comes to, each message once and as it is now."""

    messages: tuple[Incoming, ...]
    deleted: tuple[Deleted, ...]
    skipped: tuple[Skipped, ...]


def read_changes(changes: Iterable[Change], account: str) -> Read:
    """Map a stretch of the log; an item that cannot be read is set aside and the others go on."""
    messages: dict[str, Incoming] = {}
    deleted: dict[str, Deleted] = {}
    skipped: dict[str, Skipped] = {}
    for change in changes:
        if change.item is None:
            deleted[change.post_id] = Deleted(remote_id=change.post_id, at=change.at)
            continue
        try:
            messages[change.post_id] = incoming(change.item, account)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raw = json.dumps(change.item, ensure_ascii=False)
            skipped[change.post_id] = Skipped(reason=f"{type(error).__name__}: {error}", raw=raw)
    return Read(messages=tuple(messages.values()), deleted=tuple(deleted.values()), skipped=tuple(skipped.values()))


def incoming(item: Mapping[str, Any], account: str) -> Incoming:
    """One message. Raises KeyError, ValueError, TypeError or AttributeError for an item nobody can read."""
    html = item["html"]
    return Incoming(
        remote_id=_text(item["id"]),
        revision=_text(item["revision"]),
        kind=_kind(item["kind"]),
        kind_raw=_text(item["kind"]),
        author=_author(item["author"], account),
        text=_text(item["text"]) or (text_of(html) if html else ""),
        html=html,
        created_at=_instant(item["created_at"]),
        edited_at=_instant(item["edited_at"]) if item["edited_at"] else None,
        parent_id=item["in_reply_to"],
        root_id=item["root"],
        post=_post(item["post"]) if item["post"] else None,
        addressed=bool(item["addressed"]),
        visibility=_visibility(item["visibility"]),
        visibility_raw=_text(item["visibility"]),
        language=item["language"],
        content_warning=item["warning"],
        attachments=tuple(Attachment(**attachment) for attachment in item["attachments"]),
        done=tuple(item["done"]),
        correlation=item["client_id"],
        reply=_rules(item),
        raw=item,
    )


def author_of(person: Person) -> Author:
    """Our own account as `check` shows it."""
    return Author(id=person.id, handle=person.handle, name=person.name, is_us=True)


def receipt_of(arrival: Arrival) -> Receipt:
    return Receipt(remote_id=arrival.remote_id, at=arrival.at, revision="1")


def instruction(refused: Refused) -> ConnectorError:
    """What the engine does about a refusal."""
    if refused.arrival is not None:
        return AlreadySent(receipt_of(refused.arrival))
    if refused.reason == "gone":
        return Gone("deleted")
    if refused.reason == "missing":
        return NotFound("missing")
    return Rejected(refused.reason)


def _author(item: Mapping[str, Any], account: str) -> Author:
    return Author(
        id=_text(item["id"]),
        handle=_text(item["handle"]),
        name=_text(item["name"]),
        is_us=item["handle"] == account,
    )


def _post(item: Mapping[str, Any]) -> Post:
    return Post(
        remote_id=_text(item["id"]),
        text=_text(item["text"]),
        created_at=_instant(item["created_at"]),
    )


def _kind(raw: str) -> Kind:
    try:
        return Kind(raw)
    except ValueError:
        return Kind.MENTION


def _rules(item: Mapping[str, Any]) -> ReplyRules:
    """Whether it can be answered; what was not said in public is not spread either, as on networks in earnest."""
    is_public = _visibility(item["visibility"]) in (Visibility.PUBLIC, Visibility.UNLISTED)
    impossible = () if is_public else ("boost", "unboost", "quote")
    return ReplyRules(allowed=not item["closed"], why_not="closed" if item["closed"] else "", impossible=impossible)


def _visibility(raw: str) -> Visibility:
    """What we do not know is taken as the narrowest we know, so that no answer is wider."""
    try:
        return Visibility(raw)
    except ValueError:
        return Visibility.DIRECT


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError(f"{value} names no time zone")
    return instant.astimezone(UTC)
