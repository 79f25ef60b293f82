"""Following a newest-first list without holes: what to ask for next, and what an answer brings. Pure.

`min_id` gives the page immediately above an id, so a burst leaves no hole; `since_id` would. Ids are opaque: Mastodon's
are numbers, others' ULIDs, so they are compared for equality only. Servers that answer `min_id` inclusively, not at
all, or with their oldest page (an id of another server's format) are found out by what the page holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

OVERLAP = 10
"""Items that are read again each time: lists get late inserts."""

KNOWN = 120
MOST_HISTORY_PAGES = 10
NAMELESS = "?"
"""Begins what stands for an item without an id; nothing can be asked for by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a list: its id, and when it happened (epoch seconds, 0 where that cannot be read)."""

    id: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far one list was read.

    known: the newest ids met, newest first. newest_at: when the newest happened, 0 before the first answer.
    below: reading downwards under this id; until: as far down as to what happened then. pages: of that way down.
    """

    known: tuple[str, ...] = ()
    newest_at: int = 0
    below: str | None = None
    until: int = 0
    pages: int = 0

    @property
    def is_walking(self) -> bool:
        """Whether the first way down, or one into a gap, has not ended."""
        return self.below is not None or not self.newest_at

    @property
    def ended(self) -> Walk:
        """The same for a list that may not be read: there is nothing to walk through."""
        return replace(self, below=None, newest_at=self.newest_at or 1)

    @property
    def params(self) -> dict[str, str]:
        """What to ask for next; empty for the newest page."""
        if self.below is not None:
            return {"max_id": self.below}
        named = [id for id in self.known if not id.startswith(NAMELESS)]
        return {"min_id": named[: OVERLAP + 1][-1]} if named else {}

    def took(self, entries: Sequence[Entry]) -> Step:
        """Go on after an answer to `params`."""
        fresh = tuple(entry.id for entry in entries if entry.id not in set(self.known))
        if self.below is not None:
            return self._down(entries, fresh)
        return self._up(entries, fresh) if self.known else self._first(entries, fresh)

    def _first(self, entries: Sequence[Entry], fresh: tuple[str, ...]) -> Step:
        # Where there was nothing, everything is new: then the way down has no end but the last item.
        until = 1 if self.newest_at else 0
        newest_at = max(_newest(entries), 1)
        walk = replace(self, known=fresh[:KNOWN], newest_at=newest_at, below=_last(entries), until=until, pages=1)
        return Step(walk=walk, fresh=fresh, more=walk.below is not None)

    def _down(self, entries: Sequence[Entry], fresh: tuple[str, ...]) -> Step:
        # One known item may be the one we asked below of: some servers answer inclusively.
        met_known = len(entries) - len(fresh) > 1
        reached = self.until > 0 and (met_known or any(0 < entry.at < self.until for entry in entries))
        done = not fresh or reached or (self.until == 0 and self.pages + 1 >= MOST_HISTORY_PAGES)
        walk = replace(
            self,
            known=(*self.known, *fresh)[:KNOWN],
            below=None if done else _last(entries),
            pages=0 if done else self.pages + 1,
        )
        # A gap that is closed may have been none, and there is more above.
        return Step(walk=walk, fresh=fresh, more=not done or self.until > 0)

    def _up(self, entries: Sequence[Entry], fresh: tuple[str, ...]) -> Step:
        if not fresh:
            return Step(walk=self, fresh=(), more=False)
        newest = _newest(entries)
        connected = len(fresh) < len(entries)
        if not connected and 0 < newest < self.newest_at:
            # Older than all we know: the server does not understand our ids. Start anew, as with a new account.
            return Step(walk=Walk(), fresh=(), more=True, lost=True)
        walk = replace(self, known=(*fresh, *self.known)[:KNOWN], newest_at=max(newest, self.newest_at))
        if not connected:
            # Nothing we know is left, or the server ignores `min_id`: what lies between has to be read downwards.
            walk = replace(walk, below=_last(entries), until=max(self.newest_at, 1), pages=1)
        return Step(walk=walk, fresh=fresh, more=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one answer brought: the way on, the ids that are new, newest first, and whether to ask again at once."""

    walk: Walk
    fresh: tuple[str, ...]
    more: bool
    lost: bool = False


def to_json(walk: Walk) -> list[Any]:
    return [list(walk.known), walk.newest_at, walk.below, walk.until, walk.pages]


def from_json(kept: Any) -> Walk:
    """Raises TypeError and ValueError when it is none."""
    known, newest_at, below, until, pages = kept
    return Walk(
        known=tuple(map(str, known)),
        newest_at=int(newest_at),
        below=None if below is None else str(below),
        until=int(until),
        pages=int(pages),
    )


def _newest(entries: Iterable[Entry]) -> int:
    return max((entry.at for entry in entries), default=0)


def _last(entries: Sequence[Entry]) -> str | None:
    named = [entry.id for entry in entries if not entry.id.startswith(NAMELESS)]
    return named[-1] if named else None
