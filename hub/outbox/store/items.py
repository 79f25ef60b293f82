"""The outbox's items and their parts, read and written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from hub.channels.model import Trouble
from hub.channels.store import trouble_columns, trouble_of_row
from hub.connector import Outgoing, Plan, Receipt
from hub.errors import Absent
from hub.kernel.clock import from_micros, from_micros_or_none
from hub.kernel.database import Row, Session
from hub.outbox.model import OutboxItem, State
from hub.outbox.store.echoes import text_hash

_COLUMNS = """
    outbox.id, outbox.channel_id, outbox.conversation_id, outbox.agent_id, outbox.key, outbox.request, outbox.act,
    outbox.plan, outbox.planned_at, outbox.state, outbox.due_at, outbox.send_at, outbox.tries, outbox.first_tried_at,
    outbox.sending_part, outbox.sending_since, outbox.fence, outbox.error_code, outbox.error_reason,
    outbox.error_detail, outbox.created_at, outbox.settled_at,
    COALESCE((SELECT team_id FROM conversations WHERE conversations.id = outbox.conversation_id),
             (SELECT team_id FROM channels WHERE channels.id = outbox.channel_id)) AS team_id"""

# A reply is its conversation's: the channel that posts it may be another team's, or may have been moved to one.
_OF_TEAMS = """
    outbox JOIN channels ON channels.id = outbox.channel_id
    LEFT JOIN conversations ON conversations.id = outbox.conversation_id
    WHERE COALESCE(conversations.team_id, channels.team_id) IN {ids teams}"""

_INSERT = """
    INSERT INTO outbox (channel_id, conversation_id, agent_id, key, client_key, client_mark, parent_remote_id, request,
                        act, state, due_at, send_at, created_at)
    VALUES (:channel_id, :conversation_id, :agent_id, :key, :client_key, :client_mark, :parent_remote_id, :request,
            :act, :state, :due_at, :send_at, :now)
    RETURNING id"""

_BY_CLIENT_KEY = f"SELECT {_COLUMNS} FROM outbox WHERE client_key = :client_key"  # noqa: S608

_IS_MARKED = """
    SELECT 1 AS yes FROM outbox WHERE id = :id AND (client_mark = :client_mark OR client_mark IS NULL)"""

_ONE = f"SELECT {_COLUMNS} FROM outbox WHERE id = :id"  # noqa: S608

_SEVERAL = f"SELECT {_COLUMNS} FROM outbox WHERE id IN {{ids wanted}}"  # noqa: S608

_LOCKED = f"SELECT {_COLUMNS} FROM outbox WHERE id = :id {{for_update}}"  # noqa: S608

_PARTS = """
    SELECT outbox_id, part, remote_id, permalink, revision, held, sent_at FROM outbox_parts
    WHERE outbox_id IN {ids wanted} ORDER BY outbox_id, part"""

# A proof under no id but ours, from a network that told none, stays until its echo brings the network's own.
_ARRIVED = """
    UPDATE outbox_parts SET remote_id = :remote_id, permalink = :permalink, revision = :revision, held = :held,
        sent_at = :sent_at
    WHERE outbox_id = :outbox_id AND part = :part
      AND (remote_id IS NULL OR (remote_id = reserved AND remote_id <> :remote_id))"""

_MOVE = """
    UPDATE outbox SET state = :state, due_at = :due_at, claimed_by = NULL, settled_at = :settled_at,
        error_code = :code, error_reason = :reason, error_detail = :detail
    WHERE id = :id"""

_COUNT_TRY = "UPDATE outbox SET tries = tries + 1 WHERE id = :id"

_KEEP_TRY = """
    INSERT INTO outbox_earlier_parts (outbox_id, part, channel_id, reserved, text_hash)
    SELECT outbox_id, part, channel_id, reserved, text_hash FROM outbox_parts
    WHERE outbox_id = :id AND remote_id IS NULL ORDER BY part"""

_RESTART = """
    UPDATE outbox SET state = 'queued', due_at = :now, send_at = NULL, tries = 0, first_tried_at = NULL,
        settled_at = NULL, claimed_by = NULL, error_code = NULL, error_reason = NULL, error_detail = NULL
    WHERE id = :id"""

_UNPLAN = "UPDATE outbox SET key = :key, plan = NULL, planned_at = NULL WHERE id = :id"

_KEEP_COPY = """
    INSERT INTO outbox_earlier_parts (outbox_id, part, channel_id, text_hash, remote_id)
    SELECT outbox_id, part, channel_id, text_hash, :remote_id FROM outbox_parts
    WHERE outbox_id = :outbox_id AND part = :part AND remote_id <> :remote_id
      AND NOT EXISTS (SELECT 1 FROM outbox_earlier_parts earlier
                      WHERE earlier.outbox_id = :outbox_id AND earlier.remote_id = :remote_id)"""

# Almost everything was sent once: each other state is found by the index that holds only its like, which needs its name
# in the statement. What waits is sorted by a sum: by the bare id, SQLite would walk through all that was ever sent.
_STATES = {
    **{state: (f"outbox.state = '{state.value}'", "outbox.id") for state in State},
    **{
        state: (f"outbox.state IN ('failed', 'unknown', 'held') AND outbox.state = '{state.value}'", "outbox.id")
        for state in (State.FAILED, State.UNKNOWN, State.HELD)
    },
    State.QUEUED: ("outbox.state = 'queued'", "outbox.id + 0"),
}

_IN_STATE = {
    state: f"SELECT {_COLUMNS} FROM outbox WHERE {THOSE} AND {AT} < :before ORDER BY {AT} DESC LIMIT :limit"  # noqa: S608
    for state, (THOSE, AT) in _STATES.items()
}

_IN_STATE_OF_TEAMS = {
    state: f"SELECT {_COLUMNS} FROM {_OF_TEAMS} AND {THOSE} AND {AT} < :before ORDER BY {AT} DESC LIMIT :limit"  # noqa: S608
    for state, (THOSE, AT) in _STATES.items()
}

_ALL_STATES = f"SELECT {_COLUMNS} FROM outbox WHERE id < :before ORDER BY id DESC LIMIT :limit"  # noqa: S608

_ALL_STATES_OF_TEAMS = f"""
    SELECT {_COLUMNS} FROM {_OF_TEAMS} AND outbox.id < :before
    ORDER BY outbox.id DESC LIMIT :limit"""  # noqa: S608

_COUNT = {
    state: f"SELECT count(*) AS found FROM (SELECT 1 FROM outbox WHERE {THOSE} LIMIT :most) counted"  # noqa: S608
    for state, (THOSE, _) in _STATES.items()
}

_COUNT_OF_TEAMS = {
    state: f"SELECT count(*) AS found FROM (SELECT 1 FROM {_OF_TEAMS} AND {THOSE} LIMIT :most) counted"  # noqa: S608
    for state, (THOSE, _) in _STATES.items()
}

_ALL_IN_STATE = {
    state: f"SELECT {_COLUMNS} FROM outbox WHERE {THOSE} ORDER BY {AT}"  # noqa: S608
    for state, (THOSE, AT) in _STATES.items()
}

_EXPECT_ECHO = """
    INSERT INTO outbox_parts (outbox_id, part, channel_id, text_hash) VALUES (:id, 0, :channel_id, :text_hash)"""

_MOVE_CONVERSATION = "UPDATE outbox SET conversation_id = :into_id WHERE conversation_id = :from_id"

_NEWEST = 2**62


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
    client_mark: str | None = None,
    state: State = State.QUEUED,
    act: str = "",
    send_at: datetime | None = None,
) -> int:
    """Put a reply into the outbox, or with `act` something to be done to the message it names.

    client_mark: names all that was asked for under `client_key`, so that something else under it is noticed.
    send_at: when somebody wants it to leave; until then it keeps no other reply of its conversation back.
    """
    return session.insert(
        _INSERT,
        channel_id=channel_id,
        conversation_id=conversation_id,
        agent_id=agent_id,
        key=key,
        client_key=client_key,
        client_mark=client_mark,
        parent_remote_id=request.target.remote_id,
        request=msgspec.json.encode(request).decode(),
        act=act,
        state=state.value,
        due_at=due_at,
        send_at=send_at,
        now=now,
    )


def by_client_key(session: Session, client_key: str) -> OutboxItem | None:
    """The item a form was already sent for, when a person pressed twice."""
    row = session.one(_BY_CLIENT_KEY, client_key=client_key)
    return None if row is None else _items(session, [row])[0]


def is_marked(session: Session, outbox_id: int, client_mark: str) -> bool:
    """Whether this is what an item was made for; true of one that carries no mark."""
    return session.one(_IS_MARKED, id=outbox_id, client_mark=client_mark) is not None


def item(session: Session, outbox_id: int) -> OutboxItem:
    """Return one item. Raises Absent."""
    return _found(session, session.one(_ONE, id=outbox_id), outbox_id)


def items(session: Session, wanted: Sequence[int]) -> list[OutboxItem]:
    """Several items at once, in no order."""
    return _items(session, session.all(_SEVERAL, wanted=list(wanted)))


def locked(session: Session, outbox_id: int) -> OutboxItem:
    """Return one item and keep others from changing it until the transaction ends. Raises Absent."""
    return _found(session, session.one(_LOCKED, id=outbox_id), outbox_id)


def in_state(
    session: Session,
    state: State,
    *,
    teams: Collection[int] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[OutboxItem]:
    """Items in one state, newest first, of these teams' conversations (None: of all). `before`: the id to go on at."""
    page = {"before": before or _NEWEST, "limit": limit}
    if teams is None:
        return _items(session, session.all(_IN_STATE[state], **page))
    return _items(session, session.all(_IN_STATE_OF_TEAMS[state], teams=sorted(teams), **page))


def listed(
    session: Session,
    state: State | None,
    *,
    teams: Collection[int] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[OutboxItem]:
    """The same for items in whatever state, where `state` is None."""
    if state is not None:
        return in_state(session, state, teams=teams, before=before, limit=limit)
    page = {"before": before or _NEWEST, "limit": limit}
    if teams is None:
        return _items(session, session.all(_ALL_STATES, **page))
    return _items(session, session.all(_ALL_STATES_OF_TEAMS, teams=sorted(teams), **page))


def all_in_state(session: Session, state: State) -> list[OutboxItem]:
    """Every item in one state, oldest first, however many."""
    return _items(session, session.all(_ALL_IN_STATE[state]))


def expect_echo(session: Session, outbox: OutboxItem) -> None:
    """Remember an item that has no plan by its whole text, as if that were its one part."""
    session.run(_EXPECT_ECHO, id=outbox.id, channel_id=outbox.channel_id, text_hash=text_hash(outbox.request.text))


def count(session: Session, state: State, *, teams: Collection[int] | None = None, most: int = 100) -> int:
    """How many items are in one state, counted up to `most`."""
    if teams is None:
        row = session.one(_COUNT[state], most=most)
    else:
        row = session.one(_COUNT_OF_TEAMS[state], most=most, teams=sorted(teams))
    return int(row["found"]) if row else 0


def note_arrival(session: Session, outbox_id: int, part: int, receipt: Receipt) -> None:
    """Keep the proof of one part; the first proof stays. A second post of it, by another try, is known as its copy."""
    touched = session.run(
        _ARRIVED,
        outbox_id=outbox_id,
        part=part,
        remote_id=receipt.remote_id,
        permalink=receipt.permalink,
        revision=receipt.revision,
        held=int(receipt.held),
        sent_at=receipt.at,
    )
    if not touched:
        session.run(_KEEP_COPY, outbox_id=outbox_id, part=part, remote_id=receipt.remote_id)


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
        **trouble_columns(trouble),
    )


def count_try(session: Session, outbox_id: int) -> None:
    """A try that failed before anything was sent, while it was planned."""
    session.run(_COUNT_TRY, id=outbox_id)


def restart(session: Session, outbox: OutboxItem, *, key: str | None, now: datetime) -> None:
    """Queue an item as if new; parts that arrived stay arrived, and what a try before left is still known by its ids.

    key: to plan it anew under; None leaves it the plan, and with it the ids, that it has.
    """
    if not outbox.act:
        session.run(_KEEP_TRY, id=outbox.id)
    session.run(_RESTART, id=outbox.id, now=now)
    if key is not None:
        session.run(_UNPLAN, id=outbox.id, key=key)


def move_conversation(session: Session, *, from_id: int, into_id: int) -> None:
    """Two conversations became one: what was written in the one is in the other now."""
    session.run(_MOVE_CONVERSATION, from_id=from_id, into_id=into_id)


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
        team_id=row["team_id"],
        conversation_id=row["conversation_id"],
        agent_id=row["agent_id"],
        key=row["key"],
        request=msgspec.json.decode(row["request"], type=Outgoing),
        act=row["act"],
        plan=None if row["plan"] is None else msgspec.json.decode(row["plan"], type=Plan),
        planned_at=from_micros_or_none(row["planned_at"]),
        state=State(row["state"]),
        due_at=from_micros(row["due_at"]),
        send_at=from_micros_or_none(row["send_at"]),
        tries=row["tries"],
        first_tried_at=from_micros_or_none(row["first_tried_at"]),
        sending_part=row["sending_part"],
        sending_since=from_micros_or_none(row["sending_since"]),
        fence=row["fence"],
        trouble=trouble_of_row(row),
        created_at=from_micros(row["created_at"]),
        settled_at=from_micros_or_none(row["settled_at"]),
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
