"""Items of a list before they are read as messages: their ids, dates and statuses, as far as they have them. Pure."""

from __future__ import annotations

from typing import Any

from .mapping import MALFORMED, Raw, fingerprint, instant, name_of
from .walk import NAMELESS, Entry


def entry_of(item: Any) -> Entry:
    """An item by its id and date; one without an id is named by what it says."""
    try:
        id = name_of(item["id"])
    except MALFORMED:
        id = NAMELESS + fingerprint(repr(item))
    try:
        at = int(instant(item["created_at"]).timestamp())
    except MALFORMED:
        at = 0
    return Entry(id=id, at=at)


def status_of(item: Any) -> Raw | None:
    """The status a notification is about; none where it is deleted, or somebody else's boost."""
    status = item.get("status") if isinstance(item, dict) else None
    return status if isinstance(status, dict) and not status.get("reblog") else None


def is_broken(item: Any) -> bool:
    """Whether it is no notification at all."""
    return not isinstance(item, dict) or not isinstance(item.get("status"), dict | None)


def is_answer(item: Any) -> bool:
    """Whether a post of ours answers something."""
    return isinstance(item, dict) and bool(item.get("in_reply_to_id")) and not item.get("reblog")


def type_of(item: Any) -> str:
    """The kind of a notification, empty where it has none."""
    return str(item.get("type") or "") if isinstance(item, dict) else ""


def id_of(status: Raw) -> str:
    """The id of a status, or what stands for it."""
    return entry_of(status).id


def parent_of(status: Raw) -> str:
    """The id of what a status answers, empty where it answers nothing, or nothing that can be asked for."""
    try:
        return name_of(status.get("in_reply_to_id"))
    except MALFORMED:
        return ""
