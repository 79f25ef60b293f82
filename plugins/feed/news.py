"""Which entries of a feed are news, compared with what the cursor remembers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.kernel.clock import to_micros

from .cursor import Cursor, Seen, seen_as, with_seen
from .document import Entry, Feed, Unread
from .identity import Identity, identify, is_comment

RENAMED_SHARE = 0.8
RENAMED_FROM = 5
"""A feed of so many entries, of which more than this share is suddenly unknown, has changed its naming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry with its names."""

    entry: Entry
    identity: Identity
    seen: Seen
    is_comment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What to tell now, oldest first, and what to remember then. `left`: the rest is told by the next pull."""

    items: tuple[Item, ...]
    unread: tuple[Unread, ...]
    cursor: Cursor
    is_old_stock: bool = False
    left: bool = False


def news(feed: Feed, cursor: Cursor, now: datetime, *, comments: bool) -> News:
    """Find the new and the changed entries. `comments`: the feed's address says that all of them are comments.

    Where most entries come under new names although they are not younger than what we know, the naming has changed:
    those are old stock. Entries that are the same but for the name are not told again.
    """
    named = _named(feed.entries, comments)
    known = cursor.entries()
    fresh, changed = _sorted_out(named, known)
    old = [item for item in fresh if _is_not_after(item, cursor.newest)]
    is_renaming = (
        len(known) > 0 and len(named) >= RENAMED_FROM and len(fresh) > RENAMED_SHARE * len(named) and bool(old)
    )
    told = [*(old if is_renaming else fresh), *changed]
    left = len(told) < len(fresh) + len(changed)
    later = {item.seen.id for item in fresh} - {item.seen.id for item in told}
    broken = {_unread_as(unread).id: unread for unread in feed.unread}
    here = [item.seen for item in named if item.seen.id not in later] + [_unread_as(unread) for unread in feed.unread]
    return News(
        items=tuple(told),
        unread=tuple(unread for name, unread in broken.items() if name not in known),
        cursor=with_seen(cursor, _remembered(known, here), _newest(told, now)),
        is_old_stock=is_renaming,
        left=left,
    )


def knows(items: Iterable[Item], cursor: Cursor) -> Callable[[str], bool]:
    """Tell of an id whether an entry of it is here or was there before."""
    here = {item.identity.remote_id for item in items}
    before = cursor.entries()
    return lambda remote_id: remote_id in here or seen_as(remote_id, "", "").id in before


def _named(entries: Iterable[Entry], comments: bool) -> list[Item]:
    """One item for each name, oldest first: of several entries with one id the latest counts (RFC 4287, 4.1.1)."""
    latest: dict[str, Item] = {}
    for entry in sorted(entries, key=_latest_time):
        as_comment = comments or is_comment(entry)
        identity = identify(entry, as_comment=as_comment)
        seen = seen_as(identity.remote_id, identity.revision, identity.fingerprint)
        latest[seen.id] = Item(entry=entry, identity=identity, seen=seen, is_comment=as_comment)
    return sorted(latest.values(), key=lambda item: item.entry.published or 0.0)


def _latest_time(entry: Entry) -> float:
    return entry.updated or entry.published or 0.0


def _sorted_out(named: list[Item], known: dict[str, Seen]) -> tuple[list[Item], list[Item]]:
    """The new and the changed items; one that only got a new name in place of a lost one is neither."""
    here = {item.seen.id for item in named}
    lost = {seen.fingerprint for seen in known.values() if seen.fingerprint and seen.id not in here}
    unknown = [item for item in named if item.seen.id not in known]
    fresh = [item for item in unknown if item.seen.fingerprint not in lost]
    changed = [item for item in named if item.seen.id in known and known[item.seen.id].revision != item.seen.revision]
    return fresh, changed


def _remembered(known: dict[str, Seen], here: list[Seen]) -> dict[str, Seen]:
    """What was here last is remembered longest."""
    present = {seen.id: seen for seen in here}
    return {name: seen for name, seen in known.items() if name not in present} | present


def _unread_as(unread: Unread) -> Seen:
    """An item nobody could read goes to the dead letters once, not at every pull."""
    return seen_as(f"unread:{unread.raw}", "", "")


def _is_not_after(item: Item, newest: int) -> bool:
    return item.entry.published is None or item.entry.published * 1_000_000 <= newest


def _newest(told: list[Item], now: datetime) -> int:
    times = [int(item.entry.published * 1_000_000) for item in told if item.entry.published is not None]
    return min(max(times, default=0), to_micros(now))
