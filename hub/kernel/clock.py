"""The time people see. Leases use the database's own clock (kernel/database), never this one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns now as an aware UTC instant."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def system_clock() -> datetime:
    return datetime.now(UTC)


def to_micros(instant: datetime) -> int:
    """The stored form of an instant on both engines: microseconds since 1970 UTC."""
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def from_micros_or_none(micros: int | None) -> datetime | None:
    """The instant of a column that may be empty."""
    return None if micros is None else from_micros(micros)


def uptime_ns() -> int:
    """Nanoseconds since the machine was started, the same for all its processes; nobody can set it.

    On Linux it goes on while the machine sleeps: what was to be done before that must be known to be late.
    """
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
