"""The tables outbox and outbox_parts. What a worker writes is refused when its claim is no longer the newest."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from hub.channels.model import Trouble
from hub.channels.store import SILENT_MS
from hub.connector import Outgoing, Plan, Receipt
from hub.errors import Absent, LeaseLost
from hub.kernel.clock import from_micros
from hub.kernel.database import Moment, Row, Session
from hub.outbox.model import Claim, OutboxItem, State

_COLUMNS = """
    outbox.id, outbox.channel_id, outbox.conversation_id, outbox.agent_id, outbox.key, outbox.request, outbox.plan,
    outbox.state, outbox.due_at, outbox.tries, outbox.first_tried_at, outbox.sending_part, outbox.sending_since,
    outbox.fence, outbox.error_code, outbox.error_reason, outbox.error_detail, outbox.created_at, outbox.settled_at"""

_INSERT = """
    INSERT INTO outbox (channel_id, conversation_id, agent_id, action, key, client_key, parent_remote_id, request,
                        state, due_at, created_at)
    VALUES (:channel_id, :conversation_id, :agent_id, 'reply', :key, :client_key, :parent_remote_id, :request,
            :state, :due_at, :now)
    RETURNING id"""

_BY_CLIENT_KEY = f"SELECT {_COLUMNS} FROM outbox WHERE client_key = :client_key"  # noqa: S608

_ONE = f"SELECT {_COLUMNS} FROM outbox WHERE id = :id"  # noqa: S608

_SEVERAL = f"SELECT {_COLUMNS} FROM outbox WHERE id IN {{ids wanted}}"  # noqa: S608

_LOCKED = f"SELECT {_COLUMNS} FROM outbox WHERE id = :id {{for_update}}"  # noqa: S608

_PARTS = """
    SELECT outbox_id, part, remote_id, permalink, revision, held, sent_at FROM outbox_parts
    WHERE outbox_id IN {ids wanted} ORDER BY outbox_id, part"""

_DUE = """
    SELECT outbox.id FROM outbox JOIN channels ON channels.id = outbox.channel_id
    WHERE outbox.state = 'queued' AND outbox.due_at <= :now
      AND channels.state = 'active' AND (channels.quiet_until IS NULL OR channels.quiet_until <= :now)
      AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = outbox.claimed_by
                      AND workers.epoch = :epoch AND workers.beat_ms > :silent_ms)
      AND NOT EXISTS (SELECT 1 FROM outbox earlier WHERE earlier.conversation_id = outbox.conversation_id
                      AND earlier.id < outbox.id AND earlier.state IN ('queued', 'sending'))
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
        ORDER BY id LIMIT :limit {skip_locked})
    RETURNING id"""

_PLAN = "UPDATE outbox SET plan = :plan WHERE id = :id AND claimed_by = :worker AND fence = :fence"

_ADD_PART = """
    INSERT INTO outbox_parts (outbox_id, part, channel_id, reserved, text_hash)
    VALUES (:outbox_id, :part, :channel_id, :reserved, :text_hash)
    ON CONFLICT (outbox_id, part) DO NOTHING"""

_BEGIN = """
    UPDATE outbox SET state = 'sending', sending_part = :part, sending_since = :now, sending_epoch = :epoch,
        sending_until_ms = :until_ms, tries = tries + 1, first_tried_at = COALESCE(first_tried_at, :now)
    WHERE id = :id AND claimed_by = :worker AND fence = :fence AND state IN ('queued', 'sending')"""

_HOLD = "UPDATE outbox SET fence = fence WHERE id = :id AND claimed_by = :worker AND fence = :fence"

_ARRIVED = """
    UPDATE outbox_parts SET remote_id = :remote_id, permalink = :permalink, revision = :revision, held = :held,
        sent_at = :sent_at
    WHERE outbox_id = :outbox_id AND part = :part AND remote_id IS NULL"""

_MOVE = """
    UPDATE outbox SET state = :state, due_at = :due_at, claimed_by = NULL, settled_at = :settled_at,
        error_code = :code, error_reason = :reason, error_detail = :detail
    WHERE id = :id"""

_LOOK_LATER = """
    UPDATE outbox SET sending_until_ms = :until_ms, claimed_by = NULL,
        error_code = :code, error_reason = :reason, error_detail = :detail
    WHERE id = :id AND claimed_by = :worker AND fence = :fence AND state = 'sending'"""

_RESTART = """
    UPDATE outbox SET state = 'queued', key = :key, plan = NULL, due_at = :now, tries = 0, first_tried_at = NULL,
        settled_at = NULL, claimed_by = NULL, error_code = NULL, error_reason = NULL, error_detail = NULL
    WHERE id = :id"""

_FORGET_UNSENT = "DELETE FROM outbox_parts WHERE outbox_id = :id AND remote_id IS NULL"

_RELEASE = "UPDATE outbox SET claimed_by = NULL WHERE id = :id AND claimed_by = :worker AND fence = :fence"

_ECHO = """
    SELECT outbox_parts.outbox_id, outbox_parts.part FROM outbox_parts
    WHERE outbox_parts.channel_id = :channel_id
      AND (outbox_parts.reserved = :reserved OR outbox_parts.remote_id = :remote_id)
    ORDER BY outbox_parts.outbox_id DESC LIMIT 1"""

_ECHO_BY_TEXT = """
    SELECT outbox_parts.outbox_id, outbox_parts.part
    FROM outbox JOIN outbox_parts ON outbox_parts.outbox_id = outbox.id
    WHERE outbox.channel_id = :channel_id AND outbox.parent_remote_id = :parent
      AND outbox.state IN ('sending', 'unknown')
      AND outbox_parts.remote_id IS NULL AND outbox_parts.text_hash = :text_hash
    ORDER BY outbox_parts.outbox_id, outbox_parts.part LIMIT 1"""

_IN_STATE = f"""
    SELECT {_COLUMNS} FROM outbox WHERE state = :state AND id < :before ORDER BY id DESC LIMIT :limit"""  # noqa: S608

_IN_STATE_OF_TEAMS = f"""
    SELECT {_COLUMNS} FROM outbox JOIN channels ON channels.id = outbox.channel_id
    WHERE outbox.state = :state AND outbox.id < :before AND channels.team_id IN {{ids teams}}
    ORDER BY outbox.id DESC LIMIT :limit"""  # noqa: S608

_COUNT = """
    SELECT count(*) AS found FROM (SELECT 1 FROM outbox WHERE state = :state LIMIT :most) some"""

_COUNT_OF_TEAMS = """
    SELECT count(*) AS found FROM (
        SELECT 1 FROM outbox JOIN channels ON channels.id = outbox.channel_id
        WHERE outbox.state = :state AND channels.team_id IN {ids teams} LIMIT :most) some"""

_NEXT_DUE = "SELECT min(due_at) AS due_at FROM outbox WHERE state = 'queued'"


def add(
    session: Session,
    *,
    channel_id: int,
    conversation_id: int | None,
    agent_id: int | None,
    key: str,
    client_key: str | None,
    request: Outgoing,
    due_at: datetime,
    now: datetime,
    state: State = State.QUEUED,
) -> int:
    return session.insert(
        _INSERT,
        channel_id=channel_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        key=key,
        client_key=client_key,
        parent_remote_id=request.target.remote_id,
        request=msgspec.json.encode(request).decode(),
        state=state.value,
        due_at=due_at,
        now=now,
    )


def by_client_key(session: Session, client_key: str) -> OutboxItem | None:
    """The item a form was already sent for, when a person pressed twice."""
    row = session.one(_BY_CLIENT_KEY, client_key=client_key)
    return None if row is None else _items(session, [row])[0]


def item(session: Session, outbox_id: int) -> OutboxItem:
    """Return one item. Raises Absent."""
    return _found(session, session.one(_ONE, id=outbox_id), outbox_id)


def items(session: Session, wanted: Sequence[int]) -> list[OutboxItem]:
    """Several items at once, in no order."""
    return _items(session, session.all(_SEVERAL, wanted=list(wanted)))


def locked(session: Session, outbox_id: int) -> OutboxItem:
    """Return one item and keep others from changing it until the transaction ends. Raises Absent."""
    return _found(session, session.one(_LOCKED, id=outbox_id), outbox_id)


def claim_due(session: Session, *, worker: str, moment: Moment, now: datetime, limit: int) -> list[OutboxItem]:
    """Claim what is due, oldest first, never two of one conversation at a time."""
    alive = {"epoch": moment.epoch, "silent_ms": moment.ms - SILENT_MS}
    due = [row["id"] for row in session.all(_DUE, now=now, limit=limit, **alive)]
    if not due:
        return []
    claimed = [row["id"] for row in session.all(_CLAIM, worker=worker, wanted=due, **alive)]
    return [item(session, outbox_id) for outbox_id in sorted(claimed, key=due.index)]


def claim_stuck(session: Session, *, worker: str, moment: Moment, seconds: float, limit: int) -> list[OutboxItem]:
    """Claim items whose sending is past its own deadline, to find out what became of them."""
    rows = session.all(
        _STUCK,
        worker=worker,
        epoch=moment.epoch,
        ms=moment.ms,
        until_ms=moment.ms + int(seconds * 1000),
        limit=limit,
    )
    return [item(session, row["id"]) for row in rows]


def save_plan(session: Session, outbox: OutboxItem, claim: Claim, plan: Plan) -> None:
    """Store the plan before the first write. Raises LeaseLost."""
    touched = session.run(_PLAN, id=outbox.id, plan=msgspec.json.encode(plan).decode(), **_claimed(claim))
    _demand(touched, outbox.id)
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
    """Commit that a call may be under way from now on. Raises LeaseLost."""
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


def note_arrival(session: Session, outbox_id: int, part: int, receipt: Receipt) -> None:
    """Keep the proof of one part; the first proof stays."""
    session.run(
        _ARRIVED,
        outbox_id=outbox_id,
        part=part,
        remote_id=receipt.remote_id,
        permalink=receipt.permalink,
        revision=receipt.revision,
        held=int(receipt.held),
        sent_at=receipt.at,
    )


def move(
    session: Session,
    outbox_id: int,
    state: State,
    *,
    now: datetime,
    due_at: datetime | None = None,
    trouble: Trouble | None = None,
) -> None:
    """Change the state and give the claim back."""
    session.run(
        _MOVE,
        id=outbox_id,
        state=state.value,
        due_at=due_at or now,
        settled_at=now if state.is_settled else None,
        **_troubled(trouble),
    )


def look_later(
    session: Session, outbox_id: int, claim: Claim, *, moment: Moment, seconds: float, trouble: Trouble
) -> None:
    """Leave an item `sending`, to be resolved after some seconds."""
    session.run(
        _LOOK_LATER,
        id=outbox_id,
        until_ms=moment.ms + int(seconds * 1000),
        **_claimed(claim),
        **_troubled(trouble),
    )


def restart(session: Session, outbox_id: int, *, key: str, now: datetime) -> None:
    """Queue an item as if new, under a fresh key; parts that arrived stay arrived."""
    session.run(_RESTART, id=outbox_id, key=key, now=now)
    session.run(_FORGET_UNSENT, id=outbox_id)


def release(session: Session, outbox_id: int, claim: Claim) -> None:
    session.run(_RELEASE, id=outbox_id, **_claimed(claim))


def find_echo(
    session: Session, *, channel_id: int, reserved: str | None, remote_id: str, parent: str | None, text: str
) -> tuple[int, int] | None:
    """The item and part that a message of our own is the echo of: by reserved id, by receipt, else by its text."""
    row = session.one(_ECHO, channel_id=channel_id, reserved=reserved or "", remote_id=remote_id)
    if row is None and parent is not None:
        row = session.one(_ECHO_BY_TEXT, channel_id=channel_id, parent=parent, text_hash=text_hash(text))
    return None if row is None else (row["outbox_id"], row["part"])


def in_state(
    session: Session,
    state: State,
    *,
    teams: Collection[int] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[OutboxItem]:
    """Items in one state, newest first, of the channels of these teams (None: of all). `before`: the id to go on at."""
    page = {"state": state.value, "before": before or 2**62, "limit": limit}
    if teams is None:
        return _items(session, session.all(_IN_STATE, **page))
    return _items(session, session.all(_IN_STATE_OF_TEAMS, teams=sorted(teams), **page))


def count(session: Session, state: State, *, teams: Collection[int] | None = None, most: int = 100) -> int:
    """How many items are in one state, counted up to `most`."""
    if teams is None:
        row = session.one(_COUNT, state=state.value, most=most)
    else:
        row = session.one(_COUNT_OF_TEAMS, state=state.value, most=most, teams=sorted(teams))
    return int(row["found"]) if row else 0


def next_due(session: Session) -> datetime | None:
    row = session.one(_NEXT_DUE)
    return None if row is None or row["due_at"] is None else from_micros(row["due_at"])


def text_hash(text: str) -> str:
    """Name a text so that what a network does to white space and composition does not matter. Versioned by prefix."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return "h1:" + hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def _demand(touched: int, outbox_id: int) -> None:
    if touched != 1:
        raise LeaseLost(outbox_id=outbox_id)


def _claimed(claim: Claim) -> dict[str, object]:
    return {"worker": claim.worker, "fence": claim.fence}


def _troubled(trouble: Trouble | None) -> dict[str, object]:
    return {
        "code": trouble.code if trouble else None,
        "reason": trouble.reason[:200] if trouble else None,
        "detail": trouble.detail[:500] if trouble else None,
    }


def _found(session: Session, row: Row | None, outbox_id: int) -> OutboxItem:
    if row is None:
        raise Absent("no such outbox item", outbox_id=outbox_id)
    return _items(session, [row])[0]


def _items(session: Session, rows: Sequence[Row]) -> list[OutboxItem]:
    parts: dict[int, list[Receipt | None]] = {}
    for row in session.all(_PARTS, wanted=[row["id"] for row in rows]):
        parts.setdefault(row["outbox_id"], []).append(_receipt(row))
    return [_item(row, parts.get(row["id"], [])) for row in rows]


def _item(row: Row, parts: list[Receipt | None]) -> OutboxItem:
    return OutboxItem(
        id=row["id"],
        channel_id=row["channel_id"],
        conversation_id=row["conversation_id"],
        agent_id=row["agent_id"],
        key=row["key"],
        request=msgspec.json.decode(row["request"], type=Outgoing),
        plan=None if row["plan"] is None else msgspec.json.decode(row["plan"], type=Plan),
        state=State(row["state"]),
        due_at=from_micros(row["due_at"]),
        tries=row["tries"],
        first_tried_at=_instant(row["first_tried_at"]),
        sending_part=row["sending_part"],
        sending_since=_instant(row["sending_since"]),
        fence=row["fence"],
        trouble=_trouble(row),
        created_at=from_micros(row["created_at"]),
        settled_at=_instant(row["settled_at"]),
        parts=tuple(parts),
    )


def _receipt(row: Row) -> Receipt | None:
    if row["remote_id"] is None:
        return None
    return Receipt(
        remote_id=row["remote_id"],
        at=from_micros(row["sent_at"]),
        permalink=row["permalink"],
        revision=row["revision"] or "",
        held=bool(row["held"]),
    )


def _trouble(row: Row) -> Trouble | None:
    if row["error_code"] is None:
        return None
    return Trouble(code=row["error_code"], reason=row["error_reason"] or "", detail=row["error_detail"] or "")


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
