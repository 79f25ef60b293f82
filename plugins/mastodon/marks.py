"""What was last told of a status that is watched, short enough for a cursor. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from . import mapping
from .details import standing
from .mapping import MALFORMED, Raw

MISSING = "?"
"""In place of the revision: it was not there when it was last looked at."""

SETTLED_AFTER = 150
"""Seconds after which a like that was seen to come or go is told once more: told at once it may look like the echo of
what an agent did in the same moment."""

ANSWERS_EVERY = 600
"""Seconds between two readings of one thread whose number of answers changes."""

_LETTERS = {"like": "l", "boost": "b", "bookmark": "m"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """came_as: how it came to us. seen: its revision, as a fingerprint. done: what our account had done to it, a letter
    each; done_at: since when that is to be told once more. answers: how many the server counted when its thread was
    last read, answers_at: when that was. polled: how its poll stood, as a fingerprint. Instants are epoch seconds, 0:
    never.
    """

    came_as: str
    seen: str
    done: str = ""
    done_at: int = 0
    answers: int = 0
    answers_at: int = 0
    polled: str = ""

    @property
    def is_missing(self) -> bool:
        return self.seen == MISSING

    def dump(self) -> str:
        numbers = (str(number or "") for number in (self.done_at, self.answers, self.answers_at))
        return " ".join((self.came_as, self.seen, self.done, *numbers, self.polled)).rstrip()

    def says(self, status: Raw) -> bool:
        """Whether the status is still as it was told, and nothing of it is to be told once more."""
        now = (_seen(status), _done(status), standing(status))
        return not self.done_at and (self.seen, self.done, self.polled) == now

    def has_other_answers(self, status: Raw, now: int) -> bool:
        """Whether its thread is to be read again."""
        return _answers(status) != self.answers and now - self.answers_at >= ANSWERS_EVERY

    def read_thread(self, status: Raw, now: int) -> Mark:
        return replace(self, answers=_answers(status), answers_at=now)


def read_mark(kept: str) -> Mark:
    """A mark out of a cursor. Raises ValueError."""
    came_as, seen, done, done_at, answers, answers_at, polled = (kept.split(" ") + [""] * 6)[:7]
    return Mark(
        came_as=came_as,
        seen=seen,
        done=done,
        done_at=int(done_at or 0),
        answers=int(answers or 0),
        answers_at=int(answers_at or 0),
        polled=polled,
    )


def mark_of(status: Raw, came_as: str, before: Mark | None, now: int) -> Mark:
    """The mark of a status that is told now, after the one it had `before`. Raises like mapping.incoming."""
    told = Mark(
        came_as=came_as,
        seen=_seen(status),
        done=_done(status),
        answers=_answers(status),
        polled=standing(status),
    )
    if before is None:
        return told
    told = replace(told, answers=before.answers, answers_at=before.answers_at)
    if before.done != told.done:
        return replace(told, done_at=now)
    waits = before.done_at and now - before.done_at < SETTLED_AFTER
    return replace(told, done_at=before.done_at if waits else 0)


def is_as_told(mark: Mark, status: Raw) -> bool:
    """The same for a status that may be malformed: then there is nothing to tell."""
    try:
        return mark.says(status)
    except MALFORMED:
        return True


def _seen(status: Raw) -> str:
    return mapping.fingerprint(mapping.revision(status))


def _done(status: Mapping[str, object]) -> str:
    return "".join(_LETTERS[name] for name in mapping.done(status))


def _answers(status: Raw) -> int:
    told = status.get("replies_count")
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else 0
