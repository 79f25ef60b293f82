"""Named points on both sides of every commit and every network call, where tests make a process die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

Reach = Callable[[str], None]
"""Called with the name of each point that is passed."""

POINTS = (
    "hook.accepted",
    "hook.kept",
    "pull.claimed",
    "pull.fetched",
    "pull.stored",
    "send.claimed",
    "send.planned",
    "send.plan_stored",
    "send.begun",
    "send.answered",
    "send.settled",
    "resolve.claimed",
    "resolve.answered",
    "resolve.settled",
    "reply.stored",
    "observe.told",
    "observe.moved",
    "search.read",
    "search.kept",
)


def pass_by(point: str) -> None:
    """What a point does outside tests: nothing."""


def crash_at(environ: Mapping[str, str]) -> Reach:
    """Read HUB_CRASH_AT, `name` or `name:3` for the third passing; the process dies there as by kill -9.

    With HUB_STOP_AT it stands still there until somebody wakes it by SIGCONT.
    """
    stops = environ.get("HUB_STOP_AT", "")
    wanted, _, count = (stops or environ.get("HUB_CRASH_AT", "")).partition(":")
    if not wanted:
        return pass_by
    left = int(count or 1)

    def reach(point: str) -> None:
        nonlocal left
        if point == wanted:
            left -= 1
            if left == 0 and stops:
                os.kill(os.getpid(), signal.SIGSTOP)
            elif left == 0:
                os._exit(137)

    return reach
