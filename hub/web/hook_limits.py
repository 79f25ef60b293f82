"""Slows down who posts to addresses that are none, or with signatures that do not fit; a sender of ours never waits.

Counted in this process, not in the database: whoever fails shall not make us write. Several web processes count each
for itself, so that many of them let so many times as much through. Only failures count.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from hub.people.limits import Limit, address_bucket, level

UNKNOWN = Limit(burst=30, seconds_each=10)
"""Posts of one IP address to addresses that are none."""

UNSIGNED = Limit(burst=30, seconds_each=10)
"""Refused posts of one IP address to one channel."""

GOOD_SECONDS = 3600.0
"""For so long after a good delivery nothing that comes the same way is held up: it may be the sender's again."""

MOST_KEPT = 4096
"""So many of each are remembered, those that were used last."""

_WHOLE = 1000
_FOUND = (401, 410)

Kept = TypeVar("Kept")


class FailureLimits:
    """Used by one thread, the event loop's. `hook` is what stands behind /hooks/, `peer` an IP address."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._spent: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._found: OrderedDict[str, bool] = OrderedDict()
        self._good: OrderedDict[str, float] = OrderedDict()

    def wait(self, hook: str, peer: str) -> float:
        """Seconds until this peer may post to this address again; 0 for at once.

        An address that was found here once is open to everybody who has not failed there: others who share an IP
        address with somebody who guesses, behind one proxy or in one house, are not held up.
        """
        if hook not in self._found:
            return self._over(address_bucket("unknown", peer), UNKNOWN)
        return 0.0 if self.is_good(hook, peer) else self._over(_way(hook, peer), UNSIGNED)

    def is_good(self, hook: str, peer: str) -> bool:
        """Whether something good came the same way within the last hour."""
        return self._monotonic() - self._good.get(_way(hook, peer), float("-inf")) < GOOD_SECONDS

    def note(self, hook: str, peer: str, status: int) -> None:
        """Count what became of a post: 404 and 401 as failures, 2xx as good; other answers say nothing about it."""
        if status == 404:
            return self._count(address_bucket("unknown", peer), UNKNOWN)
        if status in _FOUND or status < 300:
            _keep(self._found, hook, True)
        if status == 401:
            self._count(_way(hook, peer), UNSIGNED)
        if status < 300:
            self._spent.pop(_way(hook, peer), None)
            _keep(self._good, _way(hook, peer), self._monotonic())
        return None

    def __len__(self) -> int:
        return len(self._spent) + len(self._found) + len(self._good)

    def _over(self, name: str, limit: Limit) -> float:
        over = self._level(name, limit) + _WHOLE - limit.burst * _WHOLE
        return max(0.0, over / _WHOLE * limit.seconds_each)

    def _count(self, name: str, limit: Limit) -> None:
        """Never beyond a full bucket: many that were under way at once push the next try no further away."""
        _keep(self._spent, name, (min(self._level(name, limit) + _WHOLE, limit.burst * _WHOLE), self._monotonic()))

    def _level(self, name: str, limit: Limit) -> int:
        spent, since = self._spent.get(name, (0, 0.0))
        return level(spent, self._monotonic() - since, limit)


def _way(hook: str, peer: str) -> str:
    return address_bucket(f"unsigned:{hook}", peer)


def _keep(kept: OrderedDict[str, Kept], name: str, value: Kept) -> None:
    kept[name] = value
    kept.move_to_end(name)
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
