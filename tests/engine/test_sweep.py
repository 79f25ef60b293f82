"""What the engine throws away: of each sort what is past its time, and nothing younger."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.channels.sign_in import store as sign_ins
from hub.engine.engine import Engine
from hub.events import ChannelChanged
from hub.kernel import log
from hub.kernel.database import Session
from hub.people.store import limits, sessions
from tests.desk import Desk

_DELIVERY = """
    INSERT INTO deliveries (channel_id, delivery_id, headers, body, encoding, received_at, read_at)
    VALUES (:channel_id, :name, '{}', '', 'utf-8', :at, :read_at)"""
_WORKER = """
    INSERT INTO workers (id, epoch, beat_ms, role, started_at, beat_at)
    VALUES (:id, :epoch, :ms, 'worker', :now, :now)"""
_UPLOAD = """
    INSERT INTO uploads (id, agent_id, name, alt, media_type, size, width, height, created_at)
    VALUES (:id, :agent_id, '', '', 'image/png', 1, 1, 1, :at)"""

KEPT = {
    "events": timedelta(days=14),
    "sessions": timedelta(days=30),
    "rate_limits": timedelta(days=1),
    "sign_ins": timedelta(days=1),
    "deliveries": timedelta(days=30),
    "workers": timedelta(hours=1),
    "uploads": timedelta(days=1),
}
"""How long each sort is kept; a delivery from when it was read, a way to sign in from when it ended."""

MOMENT = timedelta(seconds=60)


def put(session: Session, desk: Desk, name: str, age: dict[str, timedelta]) -> None:
    """One of each sort, as old as that."""
    now = desk.hub.clock()
    at: dict[str, datetime] = {sort: now - old for sort, old in age.items()}
    log.append(session, ChannelChanged(channel_id=desk.channel_id, state=name), at=at["events"])
    sessions.insert(session, token_hash=name, agent_id=desk.agent, csrf_token="", user_agent=name, at=at["sessions"])
    limits.read(session, name, at=at["rate_limits"])
    sign_ins.add(session, state_hash=name, session_id=1, sealed="", expires_at=at["sign_ins"])
    delivery = {"channel_id": desk.channel_id, "at": now - timedelta(days=365)}
    session.run(_DELIVERY, name=name, read_at=at["deliveries"], **delivery)
    moment = session.moment()
    silent_ms = int(age["workers"].total_seconds() * 1000)
    session.run(_WORKER, id=name, epoch=moment.epoch, ms=moment.ms - silent_ms, now=now)
    session.run(_UPLOAD, id=name.center(32, "-"), agent_id=desk.agent, at=at["uploads"])


def test_what_is_past_its_time_goes_and_what_is_younger_stays(desk: Desk) -> None:
    with desk.hub.database.transaction() as session:
        session.run("DELETE FROM events")
        put(session, desk, "old", {sort: age + MOMENT for sort, age in KEPT.items()})
        put(session, desk, "young", {sort: age - MOMENT for sort, age in KEPT.items()})
        waiting = {"channel_id": desk.channel_id, "at": desk.hub.clock() - timedelta(days=365)}
        session.run(_DELIVERY, name="unread", read_at=None, **waiting)
    Engine(desk.hub, desk.connectors)._sweep()
    with desk.hub.database.reading() as session:
        left = {
            "events": [each.event.state for each in log.read(session, log.START)],  # type: ignore[union-attr]
            **{
                table: sorted(row["name"].strip("-") for row in session.all(f"SELECT {column} AS name FROM {table}"))  # noqa: S608
                for table, column in {
                    "sessions": "token_hash",
                    "rate_limits": "name",
                    "sign_ins": "state_hash",
                    "deliveries": "delivery_id",
                    "workers": "id",
                    "uploads": "id",
                }.items()
            },
        }
    assert left == {sort: ["young"] for sort in KEPT} | {"deliveries": ["unread", "young"]}
