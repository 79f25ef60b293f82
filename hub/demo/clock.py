"""The story's own time: it stands where the story is."""

from __future__ import annotations

from datetime import datetime, timedelta


class StoryClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        self._now = instant

    def wait(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
