"""How far a channel was read, as the cursor keeps it. Pure.

Notifications are sorted by a date that their authors write, so a late one may come below known ones: the list is read
down to two days below the newest, or to where two pages in a row hold nothing new; once a day slowly through a
fortnight.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import tags
from .tags import Tagged

VERSION = 1
WATCHED = 300
"""Messages that are looked at again for edits and deletions."""

COUNTED = 60
MOST_WAITING = 40
MOST_CONVOS = 60
NEWEST = 10
AT_ONCE = 25
"""Posts that a server gives in one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A way down the list of notifications that has not ended.

    below: where to go on. until: as far down as to that date (epoch seconds), 0 for all. quiet: pages in a row that
    held nothing new.
    """

    below: str
    until: int = 0
    quiet: int = 0
    pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """How far direct messages were read. log: where the log of events goes on, empty at first. off_until: not to be
    tried again before then (epoch seconds), since the app password does not reach that far. last: of each conversation
    the newest message of somebody else, which ours is taken to answer."""

    log: str = ""
    off_until: int = 0
    last: Mapping[str, str] = field(default_factory=dict)

    def heard(self, last: Mapping[str, str]) -> Chat:
        kept = {**{id: each for id, each in self.last.items() if id not in last}, **last}
        return replace(self, last=dict(list(kept.items())[-MOST_CONVOS:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Everything that is remembered between pulls.

    newest_at: the date of the newest notification. watched: what was told, newest first, each with how it came and
    the end of its cid. counts: how many answers our own posts had. waiting: posts whose threads are still to be read.
    turn: who of the watched comes next. deep, deep_at, deep_pages: the daily way down.
    """

    newest_at: int = 0
    walk: Walk | None = None
    history: bool = True
    watched: Mapping[str, str] = field(default_factory=dict)
    turn: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    deep: str | None = None
    deep_at: int = 0
    deep_pages: int = 0
    chat: Chat = Chat()
    tagged: Tagged = field(default_factory=Tagged)

    def watching(self, marks: Mapping[str, str]) -> Progress:
        """Watch these as well; what was watched longest is let go."""
        kept = {**marks, **{uri: mark for uri, mark in self.watched.items() if uri not in marks}}
        return replace(self, watched=dict(list(kept.items())[:WATCHED]))

    def due(self) -> tuple[list[str], Progress]:
        """Whom to look at now: the newest, and of the others those whose turn it is."""
        uris = [uri for uri in self.watched if uri.startswith("at://")]
        newest, others = uris[:NEWEST], uris[NEWEST:]
        room = AT_ONCE - len(newest)
        turn = self.turn if self.turn < len(others) else 0
        return newest + others[turn : turn + room], replace(self, turn=turn + room)

    def waits_for(self, uris: Iterable[str]) -> Progress:
        return replace(self, waiting=tuple(dict.fromkeys((*uris, *self.waiting)))[:MOST_WAITING])

    def counting(self, counts: Mapping[str, int]) -> Progress:
        kept = {**counts, **{uri: count for uri, count in self.counts.items() if uri not in counts}}
        return replace(self, counts=dict(list(kept.items())[:COUNTED]))

    def dump(self) -> str:
        walk, chat = self.walk, self.chat
        kept = {
            "v": VERSION,
            "newest_at": self.newest_at,
            "walk": walk and [walk.below, walk.until, walk.quiet, walk.pages],
            "history": self.history,
            "watched": list(self.watched.items()),
            "turn": self.turn,
            "counts": list(self.counts.items()),
            "waiting": self.waiting,
            "deep": [self.deep, self.deep_at, self.deep_pages],
            "tagged": tags.dump(self.tagged),
            "chat": [chat.log, chat.off_until, list(chat.last.items())],
        }
        return json.dumps(kept, separators=(",", ":"))


def read_cursor(cursor: str | None) -> Progress:
    """Read a cursor. One that is unknown or damaged means starting anew: what comes twice changes nothing."""
    try:
        kept = json.loads(cursor or "{}")
        if kept.get("v") != VERSION:
            return Progress()
        deep, deep_at, deep_pages = kept["deep"]
        return Progress(
            newest_at=int(kept["newest_at"]),
            walk=_walk(kept["walk"]),
            history=bool(kept["history"]),
            watched={str(uri): str(mark) for uri, mark in kept["watched"]},
            turn=int(kept["turn"]),
            counts={str(uri): int(count) for uri, count in kept["counts"]},
            waiting=tuple(map(str, kept["waiting"])),
            deep=None if deep is None else str(deep),
            deep_at=int(deep_at),
            deep_pages=int(deep_pages),
            chat=_chat(kept["chat"]),
            tagged=tags.load(kept.get("tagged", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Progress()


def _walk(kept: Any) -> Walk | None:
    if kept is None:
        return None
    below, until, quiet, pages = kept
    return Walk(below=str(below), until=int(until), quiet=int(quiet), pages=int(pages))


def _chat(kept: Any) -> Chat:
    log, off_until, last = kept
    return Chat(log=str(log), off_until=int(off_until), last={str(id): str(each) for id, each in last})
