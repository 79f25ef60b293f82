"""Where the next pull goes on: the cursor of a Mastodon channel. Pure.

Two lists are followed, our notifications and our own posts. What was told can change without a notice (an edit, a
deletion, a visibility that excludes us), so the newest of it is watched: read again, in turn.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .marks import read_mark
from .tags import Tagged
from .walk import Walk, from_json, to_json

VERSION = 1
MOST_WATCHED = 400
HOT = 10
"""The newest of the watched are read at every pull, the others in turn."""

MOST_WAITING = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """heard, said: the two lists. history: the first way through them has not ended.

    watched: id to what was told of it (marks.Mark), oldest first. turn: how many of them were read in this round.
    waiting: statuses whose thread is still to be read. sweep: where the slow second reading of older notifications
    goes on (None: at the top), swept_at: when it last did (epoch seconds), swept: its pages so far.
    merged: how many times the server said that it let filtered ones in, as far as that was looked after; hurries: it is
    being looked after, so that the second reading does not pause. conversed_at: when the direct conversations were
    looked through (epoch seconds). tagged: the list of the hashtags we watch.
    """

    heard: Walk = field(default_factory=Walk)
    said: Walk = field(default_factory=Walk)
    history: bool = True
    watched: Mapping[str, str] = field(default_factory=dict)
    turn: int = 0
    waiting: tuple[str, ...] = ()
    sweep: str | None = None
    swept_at: int = 0
    swept: int = 0
    merged: str = ""
    conversed_at: int = 0
    hurries: bool = False
    tagged: Tagged = field(default_factory=Tagged)

    def watching(self, marks: Mapping[str, str]) -> Progress:
        """Watch these as well; the oldest are let go."""
        kept = {id: mark for id, mark in self.watched.items() if id not in marks}
        kept.update(marks)
        return replace(self, watched=dict(list(kept.items())[-MOST_WATCHED:]))

    def marked(self, marks: Mapping[str, str], forgotten: Iterable[str] = ()) -> Progress:
        """Note how watched ones were found, without making them newer, and let some go."""
        gone = set(forgotten)
        return replace(self, watched={id: marks.get(id, mark) for id, mark in self.watched.items() if id not in gone})

    def due(self, count: int) -> tuple[tuple[str, ...], Progress]:
        """At most `count` of the watched to look at now: the hot ones, then some of the others in turn."""
        newest_first = list(reversed(list(self.watched)))
        hot, others = newest_first[: min(HOT, max(1, count // 2))], newest_first[min(HOT, max(1, count // 2)) :]
        if not others:
            return tuple(hot[:count]), self
        start = self.turn % len(others)
        chosen = others[start : start + count - len(hot)]
        turn = 0 if start + len(chosen) >= len(others) else start + len(chosen)
        return (*hot, *chosen), replace(self, turn=turn)

    def waits_for(self, ids: Iterable[str]) -> Progress:
        """Read these threads when there is time; the newest asked for come first."""
        return replace(self, waiting=tuple(dict.fromkeys((*ids, *self.waiting)))[:MOST_WAITING])

    def dump(self) -> str:
        """The cursor: JSON, under 64 KB."""
        kept = {
            "v": VERSION,
            "heard": to_json(self.heard),
            "said": to_json(self.said),
            "history": self.history,
            "watched": list(self.watched.items()),
            "turn": self.turn,
            "waiting": self.waiting,
            "sweep": [self.sweep, self.swept_at, self.swept],
            "merged": [self.merged, self.hurries],
            "conversed_at": self.conversed_at,
            "tagged": [self.tagged.tags, to_json(self.tagged.walk)],
        }
        return json.dumps(kept, separators=(",", ":"))


def read_cursor(cursor: str | None) -> Progress:
    """Read a cursor. One that is unknown or damaged means starting anew: what comes twice changes nothing."""
    try:
        kept = json.loads(cursor or "{}")
        if kept.get("v") != VERSION:
            return Progress()
        below, at, pages = kept["sweep"]
        merged, hurries = kept.get("merged", ("", False))
        tags, tagged = kept.get("tagged", ((), to_json(Walk())))
        return Progress(
            heard=from_json(kept["heard"]),
            said=from_json(kept["said"]),
            history=bool(kept["history"]),
            watched={str(id): read_mark(mark).dump() for id, mark in kept["watched"]},
            turn=int(kept["turn"]),
            waiting=tuple(map(str, kept["waiting"])),
            sweep=None if below is None else str(below),
            swept_at=int(at),
            swept=int(pages),
            merged=str(merged),
            hurries=bool(hurries),
            conversed_at=int(kept.get("conversed_at", 0)),
            tagged=Tagged(tags=tuple(map(str, tags)), walk=from_json(tagged)),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Progress()
