"""What is read of an item of a list before it is understood: broken ones have to be told apart, too. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hub.connector import DeletedBy, Incoming

from . import mapping
from .mapping import MALFORMED, Me, Raw

NAMELESS = "?"
"""Begins what stands for an item without a uri."""

OURS, BROKEN, NOTHING = "own", "?", "-"
_LETTERS = {"bookmark": "m"}


def is_for_us(item: Any, me: Me) -> bool:
    """Whether a notification is about a post of somebody else; one that nobody can read counts, to be kept aside."""
    if not isinstance(item, dict):
        return True
    if item.get("reason") not in ("mention", "reply", "quote"):
        return mapping.is_post(item) and _addresses(item, me)
    return True


def _addresses(item: Raw, me: Me) -> bool:
    """A kind of notification that is new to us counts when its post is addressed to us by what it says."""
    if item.get("reason") == "subscribed-post":
        return False
    try:
        return mapping.is_addressed(item, me, mapping.CONTEXT)
    except MALFORMED:
        return False


def refs_of(view: Any) -> mapping.Refs | None:
    try:
        return mapping.refs(view["record"])
    except MALFORMED:
        return None


def uri_of(item: Any) -> str:
    uri = item.get("uri") if isinstance(item, dict) else None
    return uri if isinstance(uri, str) else ""


def key_of(item: Any) -> str:
    """By what an item is known again; one without a uri by all it says."""
    return uri_of(item) or NAMELESS + hashlib.sha256(json.dumps(item, default=str).encode()).hexdigest()[:12]


def cid_of(item: Any) -> str:
    return str(item.get("cid") or "")[-8:] if isinstance(item, dict) else ""


def date_of(item: Any) -> int:
    """When a notification is sorted, in epoch seconds; 0 where that cannot be read."""
    try:
        return int(mapping.instant(item["indexedAt"]).timestamp())
    except MALFORMED:
        return 0


def mark_of(message: Incoming, at: int) -> str:
    """What is remembered of a post that was told: how it came, what our account has done to it, the hour, the end of
    its cid. So it is told again when one of these changes, and after an hour: what we liked here and took back in
    another app between two looks shows in nothing else. `at`: epoch seconds."""
    came_as = OURS if message.author.is_us else message.kind_raw
    done = "".join(_LETTERS.get(word, word[0]) for word in message.done) or NOTHING
    return f"{came_as} {done}{at // 3600 % 24} {message.revision[-8:]}"


def mark_of_view(view: Raw, me: Me, setting: mapping.Setting, at: int) -> str:
    """What would be remembered of a post; empty where it cannot be read."""
    try:
        return mark_of(mapping.incoming(view, me, setting), at)
    except MALFORMED:
        return ""


def missing_mark(mark: str, by: DeletedBy) -> str:
    """The same of one that is not to be seen, and why: seen again it is told again."""
    return f"{came_as(mark)} {NOTHING} !{by}"


def broken_mark(item: Any) -> str:
    return f"{BROKEN} {NOTHING} {cid_of(item)}"


def is_missing(mark: str) -> bool:
    return "!" in mark


def is_unclear(mark: str) -> bool:
    """Whether it is worth asking where a missing one is: not of one that is known to be deleted or shut to us."""
    return came_as(mark) != BROKEN and (not is_missing(mark) or mark.endswith(f"!{DeletedBy.UNAVAILABLE}"))


def came_as(mark: str) -> str:
    return mark.partition(" ")[0]
