from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.http import retry_after

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EPOCH_IN_A_MINUTE = int(NOW.timestamp()) + 60


@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [
        ("Retry-After", "60", 60),
        ("retry-after", " 60 ", 60),
        ("Retry-After", "1.5", 1.5),
        ("Retry-After", "0", 0),
        ("Retry-After", "-5", 0),
        ("Retry-After", "999999999", 3600),
        ("Retry-After", "Mon, 02 Mar 2026 09:01:00 GMT", 60),
        ("Retry-After", "Monday, 02-Mar-26 09:01:00 GMT", 60),
        ("Retry-After", "Mon, 02 Mar 2026 10:01:00 +0100", 60),
        ("Retry-After", "Mon, 02 Mar 2026 09:01:00 -0000", 60),
        ("Retry-After", "Mon, 02 Mar 2020 09:01:00 GMT", 0),
        ("Retry-After", "Mon, 02 Mar 2096 09:01:00 GMT", 3600),
        ("X-RateLimit-Reset", "2026-03-02T09:01:00.000000Z", 60),
        ("X-RateLimit-Reset", "2026-03-02T10:01:00+01:00", 60),
        ("X-RateLimit-Reset", "2026-03-02T09:01:00", 60),
        ("X-RateLimit-Reset", "2026-03-01T09:01:00Z", 0),
        ("X-RateLimit-Reset", str(EPOCH_IN_A_MINUTE), 60),
        ("X-Ratelimit-Reset", "60", 60),
        ("X-Ratelimit-Reset", "60.0", 60),
        ("ratelimit-reset", str(EPOCH_IN_A_MINUTE), 60),
        ("ratelimit-reset", str(EPOCH_IN_A_MINUTE - 3000), 0),
        ("ratelimit-reset", str(EPOCH_IN_A_MINUTE * 1000), 60),
        ("x-rate-limit-reset", str(EPOCH_IN_A_MINUTE + 90_000), 3600),
        ("RateLimit", '"default";r=0;t=60', 60),
        ("RateLimit", "limit=100, remaining=0, reset=60", 60),
    ],
)
def test_the_server_says_when_to_come_back(name: str, value: str, seconds: float) -> None:
    at = retry_after({name: value}, NOW)
    assert at == NOW + timedelta(seconds=seconds)
    assert at is not None
    assert at.tzinfo is UTC


def test_retry_after_goes_before_a_reset() -> None:
    assert retry_after({"X-RateLimit-Reset": "600", "Retry-After": "60"}, NOW) == NOW + timedelta(seconds=60)
    assert retry_after({"X-RateLimit-Reset": "600", "Retry-After": "soon"}, NOW) == NOW + timedelta(seconds=600)


@pytest.mark.parametrize("value", ["", "soon", "١٢", "1e9", "nan", "inf", "Mon, 99 Mar 2026 09:01:00 GMT", "0x10"])
def test_what_nobody_understands_says_nothing(value: str) -> None:
    assert retry_after({"Retry-After": value, "X-RateLimit-Reset": value}, NOW) is None
    assert retry_after({}, NOW) is None


@given(
    name=st.sampled_from(["Retry-After", "X-RateLimit-Reset", "RateLimit"]),
    value=st.text(max_size=60) | st.integers().map(str),
)
@settings(deadline=None)
def test_no_words_of_a_server_break_us_or_stop_us_for_longer_than_an_hour(name: str, value: str) -> None:
    at = retry_after({name: value}, NOW)
    assert at is None or NOW <= at <= NOW + timedelta(hours=1)
