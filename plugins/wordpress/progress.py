"""Where the next pull goes on: the cursor of a WordPress channel. Pure.

Comments are listed newest id first. Ids only grow, so a walk from the newest down to the highest id known finds every
new comment, imported and backdated ones too; a date would not, and WordPress tells no date of modification. What can
change later (edits, moderation, late approval, deletion) is found by reading again: the newest page at every pull, and
one older slice of what is known, in turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

VERSION = 1
PAGE = 100
STEP = 90
"""Slices overlap by ten: what is deleted between two requests moves the rest up."""

MAX_SEEN = 1_600
"""Comments that are watched for changes. With ids of 20 digits they take 61 KB; a cursor may take 64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One answer of the list of comments: the ids in it, and whether the list ends there."""

    offset: int
    ids: tuple[int, ...]
    ends: bool

    def misses(self, known: Iterable[int]) -> list[int]:
        """Known ids that should have been in this slice."""
        low = 0 if self.ends else min(self.ids, default=0)
        above = max(self.ids, default=0) if self.offset else None
        listed = set(self.ids)
        return [id for id in known if id >= low and (above is None or id <= above) and id not in listed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """high: every comment up to this id was met. top, offset: of the walk under way. sweep: the older slice next in
    turn. history: the first walk has not ended. seen: id to revision of the newest comments."""

    high: int = 0
    top: int = 0
    offset: int = 0
    sweep: int = STEP
    history: bool = True
    seen: Mapping[int, str] = field(default_factory=dict)

    def walked(self, slice: Slice) -> Progress:
        """Go on below this slice, or end the walk when it reached what is known."""
        top = max(self.top, self.high, *slice.ids, 0)
        if slice.ends or any(id <= self.high for id in slice.ids):
            return replace(self, high=top, top=0, offset=0, history=False)
        return replace(self, top=top, offset=slice.offset + STEP)

    def swept(self, slice: Slice) -> Progress:
        """Turn to the next older slice, or back to the first when everything watched was read again."""
        done = slice.ends or (bool(slice.ids) and min(slice.ids) <= self.oldest_seen)
        return replace(self, sweep=STEP if done else slice.offset + STEP)

    def saw(self, revisions: Mapping[int, str], gone: Iterable[int] = ()) -> Progress:
        """Remember the newest of these and forget the gone."""
        seen = {**self.seen, **revisions}
        for id in gone:
            seen.pop(id, None)
        return replace(self, seen={id: seen[id] for id in sorted(seen, reverse=True)[:MAX_SEEN]})

    @property
    def oldest_seen(self) -> int:
        return min(self.seen, default=0)

    @property
    def forgets(self) -> bool:
        """Whether ids older than the oldest seen were known once."""
        return len(self.seen) >= MAX_SEEN

    def dump(self) -> str:
        """The cursor: JSON of at most 64 KB."""
        kept = {
            "v": VERSION,
            "high": self.high,
            "top": self.top,
            "offset": self.offset,
            "sweep": self.sweep,
            "history": self.history,
            "seen": self.seen,
        }
        return json.dumps(kept, separators=(",", ":"))


def read_cursor(cursor: str | None) -> Progress:
    """Read a cursor. One that is unknown or damaged means starting anew: what comes twice changes nothing."""
    try:
        kept = json.loads(cursor or "{}")
        if kept.get("v") != VERSION:
            return Progress()
        return Progress(
            high=int(kept["high"]),
            top=int(kept["top"]),
            offset=int(kept["offset"]),
            sweep=int(kept["sweep"]),
            history=bool(kept["history"]),
            seen={int(id): str(revision) for id, revision in kept["seen"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Progress()
