"""How much one fetch may cost: time, bytes, redirects, and turns at one host."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

Monotonic = Callable[[], float]

HEADER_BYTES = 64 * 1024
TURNS_PER_HOST = 2
_STOP_SECONDS = 0.5
"""How soon a stream notices that it shall stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What one fetch may cost in all.

    seconds: from the first look-up to the last byte, redirects and waiting for a turn included.
    bytes: of the body, counted after decompression.
    redirects: followed for GET, HEAD and OPTIONS; others follow none. With 0 the redirect itself is the answer.
    silence: how long nothing may come, for a stream that stays open for hours; None: as long as the whole may take.
    """

    seconds: float = 20.0
    bytes: int = 5_000_000
    redirects: int = 3
    silence: float | None = None


class DeadlinePassed(TimeoutError):
    """The whole fetch took too long, however lively the other side was."""


class TooMuch(Exception):
    """The other side sent more than we take."""


class Guard:
    """One fetch's remaining time, room for headers, and whether a byte of the request may have left.

    `remaining` is asked before every single read and write: a timeout per read would let a slow drip go on for ever.
    """

    def __init__(
        self,
        seconds: float,
        monotonic: Monotonic,
        *,
        silence: float | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._silence = silence
        self._stop = stop
        self._header_room: int | None = None
        self.sent = False

    def remaining(self) -> float:
        """Return the seconds left. Raises DeadlinePassed when there are none."""
        left = self._end - self._monotonic()
        if left <= 0:
            raise DeadlinePassed("the fetch took too long")
        return left

    def listen(self, quiet_for: float) -> float:
        """Return how long to wait for the next byte before asking again, when none came for so long.

        Raises DeadlinePassed when that is too long, no time is left, or somebody wants it to stop.
        """
        left = self.remaining()
        if self._stop is not None and self._stop.is_set():
            raise DeadlinePassed("it was stopped")
        if self._silence is not None:
            left = min(left, self._silence - quiet_for)
            if left <= 0:
                raise DeadlinePassed("nothing came for too long")
        return left if self._stop is None else min(left, _STOP_SECONDS)

    def expect_headers(self) -> None:
        self._header_room = HEADER_BYTES

    def headers_complete(self) -> None:
        self._header_room = None

    def received(self, count: int) -> None:
        """Count what came. Raises TooMuch when the headers never end."""
        if self._header_room is not None:
            self._header_room -= count
            if self._header_room < 0:
                raise TooMuch("headers")


class Turn:
    """The right to ask one host now. Given back once, however often `end` is called."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back

    def end(self) -> None:
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


class Turns:
    """Lets two fetches at a time reach one host; others wait, and their waiting counts."""

    def __init__(self, at_once: int = TURNS_PER_HOST) -> None:
        self._at_once = at_once
        self._busy: Counter[str] = Counter()
        self._changed = threading.Condition()

    def take(self, host: str, guard: Guard) -> Turn:
        """Wait for a turn at `host`. Raises DeadlinePassed when none came free in time."""
        with self._changed:
            while self._busy[host] >= self._at_once:
                self._changed.wait(guard.remaining())
            self._busy[host] += 1
        return Turn(lambda: self._give_back(host))

    def _give_back(self, host: str) -> None:
        with self._changed:
            self._busy[host] -= 1
            if not self._busy[host]:
                del self._busy[host]
            self._changed.notify_all()
