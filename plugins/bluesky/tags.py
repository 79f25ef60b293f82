"""What is said under the hashtags we watch, whether or not it names us.

app.bsky.feed.searchPosts: newest first, by an index that lags. So each look reads down to an hour below the newest it
knew, and what was told before is known by its address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .items import date_of
from .mapping import Me, Raw
from .reading import Listing

TAG = "tag"
"""How what is said under a hashtag came to us."""

_MOST_PAGES = 3
_LATE = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How far one hashtag was read: from when on it counts, and the newest that was there (epoch seconds)."""

    tag: str
    begun_at: int
    newest_at: int

    @property
    def until(self) -> int:
        return max(self.begun_at, self.newest_at - _LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """All that are watched; one is looked at in each pull, in turn."""

    watches: tuple[Watch, ...] = ()

    def of(self, tags: Sequence[str], now: int) -> Tagged:
        """The same for these; those that were not watched before are followed from now on."""
        known = [watch for watch in self.watches if watch.tag in tags]
        fresh = [tag for tag in tags if tag not in {watch.tag for watch in known}]
        return Tagged(watches=(*known, *(Watch(tag=tag, begun_at=now, newest_at=now) for tag in fresh)))

    def after(self, watch: Watch) -> Tagged:
        """The turn passes to the next."""
        return Tagged(watches=(*self.watches[1:], watch))


def read_down(page: Callable[[str | None], Listing], watch: Watch, me: Me, now: int) -> tuple[list[Raw], Watch]:
    """Posts of others under one hashtag since the last look, newest first, and how far that went; 300 at most."""
    found, below, newest_at = list[Raw](), None, watch.newest_at
    for _ in range(_MOST_PAGES):
        listing = page(below)
        items = [(item, date_of(item)) for item in listing.items if isinstance(item, dict)]
        found += [item for item, at in items if at >= watch.until and _is_wanted(item, watch.tag, me)]
        newest_at = max([newest_at, *(at for _, at in items if at <= now)])
        below = listing.below
        if below is None or any(at < watch.until for _, at in items):
            break
    return found, replace(watch, newest_at=newest_at)


def _is_wanted(view: Raw, tag: str, me: Me) -> bool:
    """Whether it is another's, of nobody we muted or blocked, and really under that hashtag: a search finds more."""
    record, author = view.get("record"), view.get("author")
    if not isinstance(record, Mapping) or not isinstance(author, Mapping) or author.get("did") == me.did:
        return False
    viewer = author.get("viewer")
    if isinstance(viewer, Mapping) and (viewer.get("muted") or viewer.get("blocking") or viewer.get("blockedBy")):
        return False
    return tag in {each.casefold() for each in _tags(record)} or f"#{tag}" in str(record.get("text")).casefold()


def _tags(record: Raw) -> Iterator[str]:
    told = record.get("tags")
    yield from (each for each in (told if isinstance(told, list) else ()) if isinstance(each, str))
    for facet in _dicts(record.get("facets")):
        for feature in _dicts(facet.get("features")):
            if isinstance(feature.get("tag"), str):
                yield str(feature["tag"])


def _dicts(items: Any) -> list[Raw]:
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def dump(tagged: Tagged) -> list[list[Any]]:
    return [[watch.tag, watch.begun_at, watch.newest_at] for watch in tagged.watches]


def load(kept: Any) -> Tagged:
    """Raises ValueError and TypeError when it is none."""
    return Tagged(
        watches=tuple(Watch(tag=str(tag), begun_at=int(begun), newest_at=int(newest)) for tag, begun, newest in kept)
    )
