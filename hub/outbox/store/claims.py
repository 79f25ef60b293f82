"""Who may work on an item now. What a worker writes is refused when its claim is no longer the newest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from hub.channels.model import Trouble
from hub.channels.store import SILENT_MS, trouble_columns
from hub.connector import Plan
from hub.errors import LeaseLost
from hub.kernel.database import Moment, Session
from hub.outbox.model import Claim, OutboxItem
from hub.outbox.store.echoes import text_hash
from hub.outbox.store.items import items

_DUE = """
    SELECT outbox.id FROM outbox JOIN channels ON channels.id = outbox.channel_id
    WHERE outbox.state = 'queued' AND outbox.due_at <= :now AND outbox.channel_id NOT IN {ids without}
      AND channels.state IN ('active', 'removed') AND (channels.quiet_until IS NULL OR channels.quiet_until <= :now)
      AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = outbox.claimed_by
                      AND workers.epoch = :epoch AND workers.beat_ms > :silent_ms)
      AND NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.conversation_id = outbox.conversation_id
                      AND earlier.id < outbox.id AND earlier.state IN ('queued', 'sending')
                      AND (earlier.send_at IS NULL OR earlier.send_at <= :now))
    ORDER BY outbox.due_at, outbox.id LIMIT :limit"""

_CLAIM = """
    UPDATE outbox SET claimed_by = :worker, fence = fence + 1
    WHERE state = 'queued' AND id IN (SELECT id FROM outbox WHERE id IN {ids wanted} AND state = 'queued'
        AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = outbox.claimed_by
                        AND workers.epoch = :epoch AND workers.beat_ms > :silent_ms) {skip_locked})
    RETURNING id"""

_STUCK = """
    UPDATE outbox SET claimed_by = :worker, fence = fence + 1, sending_epoch = :epoch, sending_until_ms = :until_ms
    WHERE id IN (
        SELECT id FROM outbox
        WHERE state = 'sending' AND (sending_epoch <> :epoch OR sending_until_ms <= :ms)
          AND channel_id NOT IN {ids without}
        ORDER BY id LIMIT :limit {skip_locked})
    RETURNING id"""

_PLAN = """
    UPDATE outbox SET plan = :plan, planned_at = :now
    WHERE id = :id AND claimed_by = :worker AND fence = :fence"""

# What stands there is of a plan before, and kept with the earlier tries.
_FORGET_UNSENT = "DELETE FROM outbox_parts WHERE outbox_id = :id AND remote_id IS NULL"

_ADD_PART = """
    INSERT INTO outbox_parts (outbox_id, part, channel_id, reserved, text_hash)
    VALUES (:outbox_id, :part, :channel_id, :reserved, :text_hash)
    ON CONFLICT (outbox_id, part) DO NOTHING"""

# Asked once more right before the call: between the claim and it, or between two parts, somebody may have paused the
# channel, and who was stopped in between may have been so for hours.
_BEGIN = """
    UPDATE outbox SET state = 'sending', sending_part = :part, sending_since = :now, sending_epoch = :epoch,
        sending_until_ms = :until_ms, tries = tries + 1, first_tried_at = COALESCE(first_tried_at, :now)
    WHERE id = :id AND claimed_by = :worker AND fence = :fence AND state IN ('queued', 'sending')
      AND EXISTS (SELECT 1 FROM channels WHERE channels.id = outbox.channel_id AND channels.state = 'active')
      AND NOT EXISTS (SELECT 1 FROM outbox_parts
                      WHERE outbox_id = :id AND part = :part AND remote_id IS NOT NULL)"""

_HOLD = "UPDATE outbox SET fence = fence WHERE id = :id AND claimed_by = :worker AND fence = :fence"

_LOOK_LATER = """
    UPDATE outbox SET sending_until_ms = :until_ms, claimed_by = NULL,
        error_code = :code, error_reason = :reason, error_detail = :detail
    WHERE id = :id AND claimed_by = :worker AND fence = :fence AND state = 'sending'"""

# A minute is more than the clocks of two nodes differ, and less than it matters.
_BRING_FORWARD = """
    UPDATE outbox SET due_at = CASE WHEN send_at > :now THEN send_at ELSE :now END
    WHERE state = 'queued' AND due_at > :now AND (created_at > :soon OR first_tried_at > :soon)"""

_RELEASE = "UPDATE outbox SET claimed_by = NULL WHERE id = :id AND claimed_by = :worker AND fence = :fence"


def claim_due(
    session: Session, *, worker: str, moment: Moment, now: datetime, limit: int, without: Sequence[int] = ()
) -> list[OutboxItem]:
    """Claim what is due, oldest first, never two of one conversation at a time, `without` some channels."""
    alive = {"epoch": moment.epoch, "silent_ms": moment.ms - SILENT_MS}
    due = [row["id"] for row in session.all(_DUE, now=now, limit=limit, without=without, **alive)]
    if not due:
        return []
    claimed = [row["id"] for row in session.all(_CLAIM, worker=worker, wanted=due, **alive)]
    return sorted(items(session, claimed), key=lambda claimed_item: due.index(claimed_item.id))


def claim_stuck(
    session: Session, *, worker: str, moment: Moment, seconds: float, limit: int, without: Sequence[int] = ()
) -> list[OutboxItem]:
    """Claim items whose sending is past its own deadline, `without` some channels', to find out what became of them."""
    rows = session.all(
        _STUCK,
        worker=worker,
        epoch=moment.epoch,
        ms=moment.ms,
        until_ms=moment.ms + int(seconds * 1000),
        limit=limit,
        without=without,
    )
    return items(session, [row["id"] for row in rows])


def save_plan(session: Session, outbox: OutboxItem, claim: Claim, plan: Plan, *, now: datetime) -> None:
    """Store the plan before the first write. Raises LeaseLost."""
    encoded = msgspec.json.encode(plan).decode()
    touched = session.run(_PLAN, id=outbox.id, plan=encoded, now=now, **_claimed(claim))
    _demand(touched, outbox.id)
    session.run(_FORGET_UNSENT, id=outbox.id)
    session.many(
        _ADD_PART,
        [
            {
                "outbox_id": outbox.id,
                "part": number,
                "channel_id": outbox.channel_id,
                "reserved": part.reserved,
                "text_hash": text_hash(part.text),
            }
            for number, part in enumerate(plan.parts)
        ],
    )


def begin(
    session: Session, outbox_id: int, claim: Claim, *, part: int, moment: Moment, seconds: float, now: datetime
) -> None:
    """Commit that a call may be under way from now on.

    Raises LeaseLost: another worker has it, a person took it back or paused its channel, or an echo proved that this
    part arrived.
    """
    touched = session.run(
        _BEGIN,
        id=outbox_id,
        part=part,
        now=now,
        epoch=moment.epoch,
        until_ms=moment.ms + int(seconds * 1000),
        **_claimed(claim),
    )
    _demand(touched, outbox_id)


def hold(session: Session, outbox_id: int, claim: Claim) -> None:
    """Make sure the claim is still ours. Raises LeaseLost."""
    _demand(session.run(_HOLD, id=outbox_id, **_claimed(claim)), outbox_id)


def look_later(
    session: Session, outbox_id: int, claim: Claim, *, moment: Moment, seconds: float, trouble: Trouble
) -> None:
    """Leave an item `sending`, to be resolved after some seconds."""
    session.run(
        _LOOK_LATER,
        id=outbox_id,
        until_ms=moment.ms + int(seconds * 1000),
        **_claimed(claim),
        **trouble_columns(trouble),
    )


def release(session: Session, outbox_id: int, claim: Claim) -> None:
    session.run(_RELEASE, id=outbox_id, **_claimed(claim))


def bring_forward(session: Session, *, now: datetime) -> int:
    """After the clock was set back: what was put off by a time that is yet to come is due at once."""
    return session.run(_BRING_FORWARD, now=now, soon=now + timedelta(minutes=1))


def _demand(touched: int, outbox_id: int) -> None:
    if touched != 1:
        raise LeaseLost(outbox_id=outbox_id)


def _claimed(claim: Claim) -> dict[str, object]:
    return {"worker": claim.worker, "fence": claim.fence}
