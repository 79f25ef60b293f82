"""Which channels are due, who may pull them, and what became of a pull."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.channels.model import ChannelState, Trouble
from hub.channels.store.troubles import trouble_columns
from hub.errors import LeaseLost
from hub.kernel.database import Moment, Row, Session

_PULL_SOON = "UPDATE channels SET next_pull_at = :now WHERE id = :id AND next_pull_at > :now"

# Not for one that fails: it keeps its growing pauses, or news that come often would have it asked each second.
_WAKE = """
    UPDATE channels SET woken_at = :now,
        next_pull_at = CASE WHEN rest_until > :now AND rest_until < next_pull_at THEN rest_until
                            WHEN rest_until > :now OR next_pull_at < :now THEN next_pull_at ELSE :now END
    WHERE id IN {ids wanted} AND state = 'active' AND failures = 0"""

_TO_HEAR = (
    "SELECT id, kind, settings, sealed FROM channels WHERE state = 'active' AND kind IN {texts kinds} ORDER BY id"
)

# A claim counts as long as its worker beats; a worker of another boot or one silent for 20 s holds nothing.
# Deliveries that wait make a channel due, whatever its pace: a wake-up call written beside them could be overwritten.
_CLAIM_DUE = """
    UPDATE channels SET claimed_by = :worker, fence = fence + 1, pulls = pulls + 1, woken_at = NULL
    WHERE id IN (
        SELECT id FROM channels
        WHERE state = 'active' AND id NOT IN {ids without}
          AND (next_pull_at <= :now AND (quiet_until IS NULL OR quiet_until <= :now)
               OR failures = 0 AND id IN (SELECT channel_id FROM deliveries WHERE read_at IS NULL))
          AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = channels.claimed_by
                          AND workers.epoch = :epoch AND workers.beat_ms > :silent_ms)
        ORDER BY next_pull_at LIMIT :limit {skip_locked})
    RETURNING id, fence, pulls"""

_CLAIM_ONE = """
    UPDATE channels SET claimed_by = :worker, fence = fence + 1, pulls = pulls + 1, woken_at = NULL
    WHERE id = :id AND state = 'active'
      AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = channels.claimed_by
                      AND workers.epoch = :epoch AND workers.beat_ms > :silent_ms)
    RETURNING id, fence, pulls"""

_HOLD = "UPDATE channels SET fence = fence WHERE id = :id AND claimed_by = :worker AND fence = :fence"

_PULLED = """
    UPDATE channels SET cursor = :cursor, pulled_at = :now, rest_until = :rest_until,
        next_pull_at = CASE WHEN woken_at IS NULL THEN :next_pull_at
                            WHEN CAST(:rest_until AS BIGINT) > :now THEN CAST(:rest_until AS BIGINT) ELSE :now END,
        found_at = CASE WHEN :found = 1 THEN :now ELSE found_at END,
        failures = 0, failing_since = NULL, error_code = NULL, error_reason = NULL, error_detail = NULL
    WHERE id = :id"""

# A pause is a person's: whatever a call that was under way brings, it ends when somebody ends it.
_FAILED = """
    UPDATE channels SET state = CASE WHEN state = 'paused' THEN state ELSE :state END,
        failures = failures + 1, next_pull_at = :next_pull_at,
        failing_since = COALESCE(failing_since, :now),
        error_code = :code, error_reason = :reason, error_detail = :detail
    WHERE id = :id AND state <> 'removed'"""

_RELEASE = "UPDATE channels SET claimed_by = NULL WHERE id = :id AND claimed_by = :worker AND fence = :fence"

# A minute is more than the clocks of two nodes differ, and less than it matters.
_BRING_FORWARD = """
    UPDATE channels SET next_pull_at = :now, quiet_until = NULL
    WHERE state = 'active' AND (next_pull_at > :now OR quiet_until > :now)
      AND (pulled_at > :soon OR failing_since > :soon OR created_at > :soon)"""

_QUIET = """
    UPDATE channels SET quiet_until = :until WHERE id = :id AND (quiet_until IS NULL OR quiet_until < :until)"""

SILENT_MS = 20_000
"""A worker that has not beaten for so long holds no claims any more."""


def pull_soon(session: Session, channel_id: int, *, now: datetime) -> None:
    session.run(_PULL_SOON, id=channel_id, now=now)


def wake(session: Session, channel_ids: Sequence[int], *, now: datetime) -> None:
    """There is news: pull at once, or when the network's own pause is over; again after a pull that is under way."""
    session.run(_WAKE, wanted=list(channel_ids), now=now)


def to_hear(session: Session, kinds: Sequence[str]) -> dict[int, str]:
    """The active channels of kinds that listen, each with a mark that changes with its settings."""
    return {
        row["id"]: hashlib.sha256(f"{row['settings']}\n{row['sealed']}".encode()).hexdigest()
        for row in session.all(_TO_HEAR, kinds=list(kinds))
    }


def claim_due(
    session: Session, *, worker: str, moment: Moment, now: datetime, limit: int, without: Sequence[int] = ()
) -> list[Row]:
    """Claim channels whose pull is due, `without` some; rows of id, fence and the number of this leased pull."""
    return session.all(_CLAIM_DUE, worker=worker, now=now, limit=limit, without=without, **_silent(moment))


def claim(session: Session, channel_id: int, *, worker: str, moment: Moment) -> Row | None:
    """Claim one channel now, due or not; None when another worker has it or it is not active."""
    return session.one(_CLAIM_ONE, id=channel_id, worker=worker, **_silent(moment))


def _silent(moment: Moment) -> dict[str, object]:
    return {"epoch": moment.epoch, "silent_ms": moment.ms - SILENT_MS}


def hold(session: Session, channel_id: int, *, worker: str, fence: int) -> None:
    """Make sure the claim is still ours before writing what it brought. Raises LeaseLost."""
    if session.run(_HOLD, id=channel_id, worker=worker, fence=fence) != 1:
        raise LeaseLost(channel_id=channel_id)


def note_pull(
    session: Session,
    channel_id: int,
    *,
    cursor: str,
    found: bool,
    next_pull_at: datetime,
    rest_until: datetime,
    now: datetime,
) -> None:
    """A page is stored. rest_until: before then no wake-up call counts, since the network asked for a pause."""
    session.run(
        _PULLED,
        id=channel_id,
        cursor=cursor,
        found=int(found),
        next_pull_at=next_pull_at,
        rest_until=rest_until,
        now=now,
    )


def note_failure(
    session: Session,
    channel_id: int,
    *,
    state: ChannelState,
    trouble: Trouble,
    next_pull_at: datetime,
    now: datetime,
) -> None:
    session.run(
        _FAILED,
        id=channel_id,
        state=state.value,
        next_pull_at=next_pull_at,
        now=now,
        **trouble_columns(trouble),
    )


def release(session: Session, channel_id: int, *, worker: str, fence: int) -> None:
    session.run(_RELEASE, id=channel_id, worker=worker, fence=fence)


def bring_forward(session: Session, *, now: datetime) -> int:
    """After the clock was set back: pull at once what was put off by a time that is yet to come."""
    return session.run(_BRING_FORWARD, now=now, soon=now + timedelta(minutes=1))


def keep_quiet(session: Session, channel_id: int, *, until: datetime) -> None:
    """The network asked for silence: neither pull nor send before then."""
    session.run(_QUIET, id=channel_id, until=until)
