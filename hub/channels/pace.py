"""When to pull next: quick while something is open, slow while quiet, slower still while failing. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

QUICK = timedelta(seconds=15)
SLOWEST = timedelta(minutes=30)
_QUIET_SHARE = 10
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(hours=1)
_ASKED_LONGEST = timedelta(hours=24)


def after_success(
    now: datetime, *, has_open: bool, found_at: datetime | None, asked: float | None, more: bool
) -> datetime:
    """The next pull after one that worked.

    has_open: a conversation waits for us here. found_at: when this channel last brought something new.
    asked: seconds the network wants to be left alone. more: there is more to fetch at once.
    """
    if more:
        return now
    quiet = now - found_at if found_at else SLOWEST * _QUIET_SHARE
    pause = QUICK if has_open else max(QUICK, min(quiet / _QUIET_SHARE, SLOWEST))
    wanted = min(timedelta(seconds=asked or 0), _ASKED_LONGEST)
    return now + max(pause, wanted)


def rest_until(now: datetime, asked: float | None) -> datetime:
    """Until when a network that asked for a pause is left alone, whatever news there is."""
    return now + min(timedelta(seconds=asked or 0), _ASKED_LONGEST)


def after_failure(now: datetime, *, failures: int, retry_at: datetime | None, chance: float) -> datetime:
    """The next pull after one that failed: doubling pauses with jitter, or when the network said."""
    pause = min(_FIRST_PAUSE * (1 << min(failures, 12)), _LONGEST_PAUSE)
    jittered = now + pause * (0.5 + chance / 2)
    if retry_at is None:
        return jittered
    return min(max(retry_at, now + timedelta(seconds=1)), now + _ASKED_LONGEST)
