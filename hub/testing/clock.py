"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning in March: the same one in every test."""


class FrozenClock:
    """Tells the same aware UTC instant until `tick` moves it; pass it wherever a `Clock` is taken."""

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._now = start.astimezone(UTC)

    def __call__(self) -> datetime:
        return self._now

    def tick(self, seconds: float = 1.0) -> datetime:
        """Move on by `seconds` (a negative number is a step back of the wall clock) and return the new instant."""
        self._now += timedelta(seconds=seconds)
        return self._now
