"""When a server says to come back, in every form that networks use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=1)
"""A server that says more is asked again after an hour all the same."""

_RESETS = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?", re.ASCII)
_DRAFT = re.compile(r"(?:^|[;,\s])(?:t|reset)=([0-9]{1,10})", re.ASCII)
# No network lets anybody wait for thirty years: a larger number is a date.
_EPOCH_FROM = 1_000_000_000
_EPOCH_MILLISECONDS_FROM = 100_000_000_000


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when to try again, aware UTC, from `now` to an hour later; None when the server does not say.

    For answers that said no (429, 503): Retry-After as seconds or HTTP date (RFC 9110, 10.2.3), else a reset header as
    ISO 8601 (Mastodon), epoch seconds (Bluesky, X, GoToSocial) or seconds left (Reddit, IETF draft RateLimit).
    """
    by_name = {name.lower(): value.strip() for name, value in headers.items()}
    at = _retry_after(by_name.get("retry-after", ""), now)
    for name in _RESETS:
        at = at or _reset(by_name.get(name, ""), now)
    draft = _DRAFT.search(by_name.get("ratelimit", ""))
    if at is None and draft is not None:
        at = _in_seconds(float(draft[1]), now)
    return None if at is None else min(max(at, now), now + LONGEST).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many requests a server takes, how many are left, and in how many seconds it takes more, if it says."""

    limit: int
    left: int
    seconds: float | None


def allowance(headers: Mapping[str, str], now: datetime, *, named: str) -> Allowance | None:
    """What is left of a server's allowance by its headers `named`-Limit and `named`-Remaining; None without them."""
    limit, left = _count(headers.get(f"{named}-Limit")), _count(headers.get(f"{named}-Remaining"))
    if limit is None or left is None:
        return None
    until = retry_after({name: value for name, value in headers.items() if name.lower() != "retry-after"}, now)
    return Allowance(limit=limit, left=left, seconds=None if until is None else max(0.0, (until - now).total_seconds()))


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None


def _retry_after(value: str, now: datetime) -> datetime | None:
    if _NUMBER.fullmatch(value):
        return _in_seconds(float(value), now)
    try:
        return _aware(parsedate_to_datetime(value))
    except (ValueError, TypeError, OverflowError):
        return _iso(value)


def _reset(value: str, now: datetime) -> datetime | None:
    if not _NUMBER.fullmatch(value):
        return _iso(value)
    number = float(value)
    if number < _EPOCH_FROM:
        return _in_seconds(number, now)
    seconds = number / 1000 if number >= _EPOCH_MILLISECONDS_FROM else number
    return _in_seconds(seconds - now.timestamp(), now)


def _in_seconds(seconds: float, now: datetime) -> datetime:
    return now + timedelta(seconds=min(max(seconds, 0.0), LONGEST.total_seconds()))


def _iso(value: str) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(value))
    except ValueError:
        return None


def _aware(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
