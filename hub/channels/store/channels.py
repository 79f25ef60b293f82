"""The channels themselves: their connection, their account, and their state."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from hub.channels.model import Channel, ChannelState, Connection
from hub.channels.store.troubles import trouble_of_row
from hub.connector import Author, Check
from hub.errors import Absent
from hub.kernel.clock import from_micros, from_micros_or_none
from hub.kernel.database import Row, Session

_COLUMNS = """
    id, kind, name, team_id, settings, account, title, limits, warnings, can_send, state, cursor, pulled_at, found_at,
    next_pull_at, quiet_until, failures, failing_since, error_code, error_reason, error_detail, fence, created_at"""

_ONE = f"SELECT {_COLUMNS} FROM channels WHERE id = :id AND state <> 'removed'"  # noqa: S608

_ALL = f"SELECT {_COLUMNS} FROM channels WHERE state <> 'removed' ORDER BY name, id"  # noqa: S608

_OF_TEAMS = f"""
    SELECT {_COLUMNS} FROM channels
    WHERE state <> 'removed' AND team_id IN {{ids teams}} ORDER BY name, id"""  # noqa: S608

# Whoever connects an account holds this row to the end of the transaction: no two forms find the account free.
_CONNECT_ALONE = "UPDATE installation SET value = value WHERE name = 'key_id'"

_WITH_ACCOUNT = f"""
    SELECT {_COLUMNS} FROM channels
    WHERE kind = :kind AND account_id = :account_id AND state <> 'removed' AND id <> :but"""  # noqa: S608

_BY_CLIENT_KEY = f"SELECT {_COLUMNS} FROM channels WHERE client_key = :client_key"  # noqa: S608

_TEAMS = "SELECT id, team_id, earlier_teams FROM channels WHERE id IN {ids wanted}"

_LEAVE_TEAM = "UPDATE channels SET earlier_teams = :earlier_teams WHERE id = :id"

_INSERT = """
    INSERT INTO channels (kind, name, team_id, settings, sealed, memory, memory_version, account, account_id,
                          title, limits, warnings, can_send, state, next_pull_at, client_key, created_at)
    VALUES (:kind, :name, :team_id, :settings, :sealed, :memory, :memory_version, :account, :account_id, :title,
            :limits, :warnings, :can_send, 'active', :now, :client_key, :now)
    ON CONFLICT (client_key) DO NOTHING RETURNING id"""

_UPDATE_CONNECTION = """
    UPDATE channels SET name = :name, team_id = :team_id, settings = :settings, sealed = :sealed, memory = :memory,
        memory_version = :memory_version, account = :account, account_id = :account_id, title = :title,
        limits = :limits, warnings = :warnings, can_send = :can_send,
        state = CASE WHEN state IN ('paused', 'removed') THEN state ELSE 'active' END, next_pull_at = :now,
        failures = 0, failing_since = NULL, error_code = NULL, error_reason = NULL, error_detail = NULL
    WHERE id = :id"""

_CHECKED = """
    UPDATE channels SET account = :account, account_id = :account_id, title = :title, limits = :limits,
        warnings = :warnings, can_send = :can_send,
        state = CASE WHEN state IN ('signed_out', 'misconfigured') THEN 'active' ELSE state END,
        next_pull_at = :now, failures = 0, failing_since = NULL,
        error_code = NULL, error_reason = NULL, error_detail = NULL
    WHERE id = :id"""

_SET_STATE = "UPDATE channels SET state = :state, next_pull_at = :now WHERE id = :id AND state <> 'removed'"

_REMOVE = """
    UPDATE channels SET state = 'removed', settings = '{}', sealed = '', memory = '', claimed_by = NULL
    WHERE id = :id"""

_KINDS = "SELECT id, kind FROM channels WHERE state <> 'removed'"


def add(
    session: Session, connection: Connection, *, kind: str, now: datetime, client_key: str | None = None
) -> int | None:
    """Add a channel and return its id; None when a form with this client_key has added one already."""
    row = session.one(_INSERT, kind=kind, now=now, client_key=client_key, **_connected(connection))
    return None if row is None else int(row["id"])


def update_connection(session: Session, channel_id: int, connection: Connection, *, now: datetime) -> None:
    """Write down how a channel is connected now, and remember the team it leaves by that."""
    earlier = teams_of(session, [channel_id]).get(channel_id, frozenset()) - {connection.team_id}
    session.run(_LEAVE_TEAM, id=channel_id, earlier_teams=json.dumps(sorted(earlier)))
    session.run(_UPDATE_CONNECTION, id=channel_id, now=now, **_connected(connection))


def note_check(session: Session, channel_id: int, check: Check, *, now: datetime) -> None:
    """A connection test worked: keep what it found and let the channel go on."""
    session.run(_CHECKED, id=channel_id, now=now, **_checked(check))


def _connected(connection: Connection) -> dict[str, object]:
    return {
        "name": connection.name,
        "team_id": connection.team_id,
        "settings": json.dumps(dict(connection.settings)),
        "sealed": connection.sealed,
        "memory": connection.memory,
        "memory_version": connection.memory_version,
        **_checked(connection.check),
    }


def _checked(check: Check) -> dict[str, object]:
    return {
        "account": msgspec.json.encode(check.account).decode(),
        "account_id": check.account.id or None,
        "title": check.title[:200],
        "limits": json.dumps(dict(check.limits)),
        "warnings": json.dumps([word[:100] for word in check.warnings[:20]]),
        "can_send": int(check.can_send),
    }


def channel(session: Session, channel_id: int) -> Channel:
    """Return one channel. Raises Absent."""
    row = session.one(_ONE, id=channel_id)
    if row is None:
        raise Absent("no such channel", channel_id=channel_id)
    return _channel(row)


def all_channels(session: Session) -> list[Channel]:
    """Every connected channel, by name."""
    return [_channel(row) for row in session.all(_ALL)]


def of_teams(session: Session, teams: Sequence[int]) -> list[Channel]:
    """The connected channels of these teams, by name."""
    return [_channel(row) for row in session.all(_OF_TEAMS, teams=list(teams))]


def with_account(session: Session, kind: str, account_id: str, *, but: int = 0) -> Channel | None:
    """The channel, other than `but`, that has this account already; nobody else connects one until we are done."""
    session.run(_CONNECT_ALONE)
    row = session.one(_WITH_ACCOUNT, kind=kind, account_id=account_id, but=but)
    return None if row is None else _channel(row)


def by_client_key(session: Session, client_key: str) -> Channel | None:
    """The channel a form has connected already, when a person pressed twice; a removed one, too."""
    row = session.one(_BY_CLIENT_KEY, client_key=client_key)
    return None if row is None else _channel(row)


def teams_of(session: Session, channel_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Whose these channels are and were, removed ones as well: a team keeps the conversations of a channel it had."""
    rows = session.all(_TEAMS, wanted=list(channel_ids)) if channel_ids else []
    return {row["id"]: frozenset([row["team_id"], *json.loads(row["earlier_teams"])]) for row in rows}


def set_state(session: Session, channel_id: int, state: ChannelState, *, now: datetime) -> None:
    session.run(_SET_STATE, id=channel_id, state=state.value, now=now)


def remove(session: Session, channel_id: int) -> None:
    """Forget the connection and its secrets; what was said through it stays."""
    session.run(_REMOVE, id=channel_id)


def kinds(session: Session) -> dict[int, str]:
    """The kind of every connected channel."""
    return {row["id"]: row["kind"] for row in session.all(_KINDS)}


def _channel(row: Row) -> Channel:
    return Channel(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        team_id=row["team_id"],
        settings=json.loads(row["settings"]),
        account=msgspec.json.decode(row["account"], type=Author),
        title=row["title"],
        limits=json.loads(row["limits"]),
        warnings=tuple(json.loads(row["warnings"])),
        can_send=bool(row["can_send"]),
        state=ChannelState(row["state"]),
        cursor=row["cursor"],
        pulled_at=from_micros_or_none(row["pulled_at"]),
        found_at=from_micros_or_none(row["found_at"]),
        next_pull_at=from_micros(row["next_pull_at"]),
        quiet_until=from_micros_or_none(row["quiet_until"]),
        failures=row["failures"],
        failing_since=from_micros_or_none(row["failing_since"]),
        trouble=trouble_of_row(row),
        fence=row["fence"],
        created_at=from_micros(row["created_at"]),
    )
