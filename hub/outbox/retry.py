"""What happens to an item after a failed try: the error decides, time and chance are given. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.errors import (
    Absent,
    AuthExpired,
    Budget,
    ConnectorError,
    Gone,
    HubError,
    Misconfigured,
    NotFound,
    OutOfOrder,
    PluginFault,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from hub.outbox.model import State

GIVE_UP_AFTER = timedelta(hours=24)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)
_SETTLING_SECONDS = 10
_LOOK_UP_FOR = timedelta(hours=1)

_FINAL = (Rejected, NotFound, Gone, Misconfigured, ScopeMissing, Budget, Absent)

# The network is away, the plugin died or is kept out, our own database is locked: none of them has looked.
_NO_ANSWER = (Unavailable, RateLimited, AuthExpired, PluginFault, OutOfOrder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The next state, and when it is due. `quiet_until`: the channel must be left alone before then."""

    state: State
    due_at: datetime
    quiet_until: datetime | None = None
    reason: str = ""


def after_failed_send(
    error: HubError, *, tries: int, first_tried_at: datetime, now: datetime, chance: float
) -> Verdict:
    """Decide after a send that raised.

    Only an error that says so surely (Unavailable, RateLimited, AuthExpired) queues the item again; everything
    unclear stays `sending` until it is resolved.
    """
    if isinstance(error, _FINAL):
        return Verdict(state=State.FAILED, due_at=now)
    if isinstance(error, (RateLimited, Unavailable)) and now - first_tried_at >= GIVE_UP_AFTER:
        return Verdict(state=State.FAILED, due_at=now, reason="gave_up")
    if isinstance(error, RateLimited):
        until = _bounded(error.retry_at, now) or now + _pause(tries, chance)
        return Verdict(state=State.QUEUED, due_at=until, quiet_until=until)
    if isinstance(error, AuthExpired):
        return Verdict(state=State.QUEUED, due_at=now)
    if isinstance(error, Unavailable):
        return Verdict(state=State.QUEUED, due_at=_bounded(error.retry_at, now) or now + _pause(tries, chance))
    # The network may still be working on what it has: look only after it had time to finish.
    return Verdict(state=State.SENDING, due_at=now + timedelta(seconds=_SETTLING_SECONDS))


def after_no_arrival(*, tries: int, first_tried_at: datetime, now: datetime, chance: float) -> Verdict:
    """Decide after the network said that it surely has not got it: like a network that was away, with its pauses."""
    return after_failed_send(
        Unavailable("not_arrived"), tries=tries, first_tried_at=first_tried_at, now=now, chance=chance
    )


def of_repeated(verdict: Verdict) -> Verdict:
    """The same for a part that is sent again and again under one id: given up, it may have arrived at any try."""
    return replace(verdict, state=State.UNKNOWN) if verdict.reason == "gave_up" else verdict


def after_failed_look_up(error: HubError, *, since: datetime, now: datetime) -> Verdict:
    """Decide after a reconcile that raised: what kept us from asking is no answer, everything else is `unknown`."""
    if not isinstance(error, _NO_ANSWER) or now - since >= _LOOK_UP_FOR:
        return Verdict(state=State.UNKNOWN, due_at=now)
    retry_at = error.retry_at if isinstance(error, ConnectorError) else None
    return Verdict(state=State.SENDING, due_at=_bounded(retry_at, now) or now + timedelta(seconds=30))


def _pause(tries: int, chance: float) -> timedelta:
    """Exponential with full jitter, never under a second."""
    longest = min(_FIRST_PAUSE * (1 << min(tries, 16)), _LONGEST_PAUSE)
    return max(longest * chance, timedelta(seconds=1))


def _bounded(retry_at: datetime | None, now: datetime) -> datetime | None:
    """A network's own time, not in the past and not absurdly far."""
    if retry_at is None:
        return None
    return min(max(retry_at, now + timedelta(seconds=1)), now + _LONGEST_PAUSE)
