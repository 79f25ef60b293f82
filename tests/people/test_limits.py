from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import TooMany
from hub.kernel.hub import Hub
from hub.people import limits
from hub.people.limits import Limit
from hub.testing.clock import FrozenClock

LIMIT = Limit(burst=3, seconds_each=10)


def take(hub: Hub, name: str = "bucket") -> None:
    with hub.database.transaction() as session:
        limits.take(session, name, LIMIT, now=hub.clock())


def test_a_bucket_lets_a_burst_through_and_then_one_at_a_time(hub: Hub, frozen_clock: FrozenClock) -> None:
    for _ in range(3):
        take(hub)
    with pytest.raises(TooMany) as refused:
        take(hub)
    assert refused.value.retry_after == 10
    frozen_clock.tick(9)
    with pytest.raises(TooMany) as refused:
        take(hub)
    assert refused.value.retry_after == 1
    frozen_clock.tick(1)
    take(hub)


def test_refused_tries_do_not_push_the_next_one_away(hub: Hub, frozen_clock: FrozenClock) -> None:
    for _ in range(3):
        take(hub)
    for _ in range(100):
        with pytest.raises(TooMany):
            take(hub)
    frozen_clock.tick(10)
    take(hub)


def test_a_clock_that_goes_back_neither_empties_nor_fills_a_bucket(hub: Hub, frozen_clock: FrozenClock) -> None:
    for _ in range(3):
        take(hub)
    frozen_clock.tick(-3600)
    with pytest.raises(TooMany):
        take(hub)


def test_buckets_do_not_know_each_other_and_are_forgotten(hub: Hub, frozen_clock: FrozenClock) -> None:
    for _ in range(3):
        take(hub, "one")
    take(hub, "another")
    frozen_clock.tick(2 * 24 * 3600)
    with hub.database.transaction() as session:
        assert limits.forget(session, now=frozen_clock()) == 2


@given(st.lists(st.floats(min_value=0, max_value=1000), max_size=50))
def test_no_more_tries_pass_than_burst_and_rate_allow(pauses: list[float]) -> None:
    spent, passed, elapsed = 0, 0, 0.0
    for pause in pauses:
        left = limits.level(spent, pause, LIMIT)
        elapsed += pause
        spent = left
        if left + 1000 <= LIMIT.burst * 1000:
            spent, passed = left + 1000, passed + 1
    # Each step may round a thousandth in favour of the one who tries.
    assert passed <= LIMIT.burst + elapsed / LIMIT.seconds_each + len(pauses) / 1000


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("", "203.0.113.7", False),
    ],
)
def test_an_address_is_counted_by_household(one: str, other: str, same: bool) -> None:
    assert (limits.address_bucket("x", one) == limits.address_bucket("x", other)) is same
    assert "203" not in limits.address_bucket("x", one)
