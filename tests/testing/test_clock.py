from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hub.testing.clock import FrozenClock


def test_a_frozen_clock_stands_on_a_monday_morning_until_it_is_moved(frozen_clock: FrozenClock) -> None:
    assert frozen_clock() == frozen_clock() == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_tick_moves_the_clock_on_by_seconds(frozen_clock: FrozenClock) -> None:
    before = frozen_clock()
    assert frozen_clock.tick(90) == before + timedelta(seconds=90) == frozen_clock()


def test_a_clock_can_step_back(frozen_clock: FrozenClock) -> None:
    frozen_clock.tick(-3600)
    assert frozen_clock().hour == 8


def test_a_clock_tells_utc_wherever_it_was_set() -> None:
    clock = FrozenClock(datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=2))))
    assert clock().tzinfo is UTC
    assert clock().hour == 7


def test_a_clock_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        FrozenClock(datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - the naive instant is the point
