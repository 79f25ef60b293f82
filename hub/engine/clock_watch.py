"""Notices when somebody sets the wall clock: it then goes another way than the monotonic one."""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.kernel.clock import Clock

STEP_SECONDS = 2.0
"""Smaller differences are the usual corrections of a time server."""


class ClockWatch:
    """Compares the two clocks from look to look."""

    def __init__(self, wall: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._steady = steady
        self._last = (wall(), steady())

    def step(self) -> float:
        """By how many seconds the wall clock was set since the last look; 0 when it just went on."""
        wall, steady = self._last
        self._last = (self._wall(), self._steady())
        drift = (self._last[0] - wall).total_seconds() - (self._last[1] - steady)
        return drift if abs(drift) > STEP_SECONDS else 0.0
