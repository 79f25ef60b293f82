"""Slows down whoever tries too often, and never shuts anybody out for good: a bucket that leaks.

Every try fills a named bucket by one; it leaks at a steady rate; a full one refuses until there is room again. The
buckets are rows, so that several web processes count together.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.errors import TooMany
from hub.kernel.database import Session
from hub.people.store import limits as store

_WHOLE = 1000
"""Buckets count in thousandths, because they leak between whole tries."""

_FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many tries at once, and how many seconds until one more is free."""

    burst: int
    seconds_each: float


def take(session: Session, name: str, limit: Limit, *, now: datetime) -> None:
    """Count one try. Raises TooMany with the seconds until the next one is free; a refused try is not counted."""
    spent, since = store.read(session, name, at=now)
    left = level(spent, (now - since).total_seconds(), limit)
    if left + _WHOLE > limit.burst * _WHOLE:
        over = left + _WHOLE - limit.burst * _WHOLE
        raise TooMany(over / _WHOLE * limit.seconds_each)
    store.write(session, name, spent=left + _WHOLE, at=now)


def level(spent: int, elapsed: float, limit: Limit) -> int:
    """What is in a bucket `elapsed` seconds after `spent` was; a clock that went back lets nothing leak."""
    leaked = int(max(0.0, elapsed) * _WHOLE / limit.seconds_each)
    return max(0, spent - leaked)


def empty(session: Session, name: str) -> None:
    """Forget the tries of somebody who proved to be the right one."""
    store.empty(session, name)


def forget(session: Session, *, now: datetime) -> int:
    """Drop buckets that have long run dry; for the sweep."""
    return store.forget(session, before=now - _FORGET_AFTER)


def account_bucket(subject: str, email: str) -> str:
    """Name the bucket of an account without keeping the address, known to us or not."""
    return f"{subject}:account:{_digest(email)}"


def address_bucket(subject: str, address: str) -> str:
    """Name the bucket of an IP address; an IPv6 network of 64 bits is one household and counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"{subject}:address:{_digest(address)}"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return f"{subject}:address:{_digest(str(ipaddress.ip_network((int(parsed), 64), strict=False)))}"
    return f"{subject}:address:{_digest(str(getattr(parsed, 'ipv4_mapped', None) or parsed))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
