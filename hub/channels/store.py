"""The tables channels and dead_letters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from hub.channels.model import Channel, ChannelState, DeadLetter, Trouble
from hub.connector import Author, Check
from hub.errors import Absent, LeaseLost
from hub.kernel.clock import from_micros, from_micros_or_none
from hub.kernel.database import Moment, Row, Session

_COLUMNS = """
    id, kind, name, team_id, settings, account, title, limits, warnings, can_send, state, cursor, pulled_at, found_at,
    next_pull_at, quiet_until, failures, failing_since, error_code, error_reason, error_detail, fence, created_at"""

_ONE = f"SELECT {_COLUMNS} FROM channels WHERE id = :id AND state <> 'removed'"  # noqa: S608

_ALL = f"SELECT {_COLUMNS} FROM channels WHERE state <> 'removed' ORDER BY name, id"  # noqa: S608

# Whoever connects an account holds this row to the end of the transaction: no two forms find the account free.
_CONNECT_ALONE = "UPDATE installation SET value = value WHERE name = 'key_id'"

_WITH_ACCOUNT = f"""
    SELECT {_COLUMNS} FROM channels
    WHERE kind = :kind AND account_id = :account_id AND state <> 'removed' AND id <> :but"""  # noqa: S608

_BY_CLIENT_KEY = f"SELECT {_COLUMNS} FROM channels WHERE client_key = :client_key"  # noqa: S608

_TEAM = "SELECT team_id FROM channels WHERE id = :id"

_SEALED = "SELECT sealed, memory, memory_version FROM channels WHERE id = :id"
_SEALED_LOCKED = "SELECT sealed FROM channels WHERE id = :id {for_update}"

_REMEMBER = """
    UPDATE channels SET memory = :memory, memory_version = :version
    WHERE id = :id AND sealed = :sealed AND memory_version < :version"""

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

_FAILED = """
    UPDATE channels SET state = :state, failures = failures + 1, next_pull_at = :next_pull_at,
        failing_since = COALESCE(failing_since, :now),
        error_code = :code, error_reason = :reason, error_detail = :detail
    WHERE id = :id AND state <> 'removed'"""

_RELEASE = "UPDATE channels SET claimed_by = NULL WHERE id = :id AND claimed_by = :worker AND fence = :fence"

_KINDS = "SELECT id, kind FROM channels WHERE state <> 'removed'"

# A minute is more than the clocks of two nodes differ, and less than it matters.
_BRING_FORWARD = """
    UPDATE channels SET next_pull_at = :now, quiet_until = NULL
    WHERE state = 'active' AND (next_pull_at > :now OR quiet_until > :now)
      AND (pulled_at > :soon OR failing_since > :soon OR created_at > :soon)"""

_QUIET = """
    UPDATE channels SET quiet_until = :until WHERE id = :id AND (quiet_until IS NULL OR quiet_until < :until)"""

_BURY = "INSERT INTO dead_letters (channel_id, reason, raw, at) VALUES (:channel_id, :reason, :raw, :at)"

_DEAD = """
    SELECT channel_id, count(*) AS letters FROM (
        SELECT channel_id, dismissed_at FROM dead_letters ORDER BY id DESC LIMIT 1000) newest
    WHERE dismissed_at IS NULL GROUP BY channel_id"""

_LETTERS = """
    SELECT id, reason, raw, at FROM dead_letters
    WHERE channel_id = :channel_id AND id < :before AND dismissed_at IS NULL
    ORDER BY id DESC LIMIT :limit"""

_DISMISS = """
    UPDATE dead_letters SET dismissed_at = :now
    WHERE channel_id = :channel_id AND id BETWEEN :first AND :last AND dismissed_at IS NULL"""

SILENT_MS = 20_000
"""A worker that has not beaten for so long holds no claims any more."""

_RAW_MOST = 20_000
_REASON_MOST = 200
_DETAIL_MOST = 500


def add(
    session: Session,
    *,
    kind: str,
    name: str,
    team_id: int,
    settings: Mapping[str, str],
    sealed: str,
    memory: str,
    memory_version: int,
    check: Check,
    now: datetime,
    client_key: str | None = None,
) -> int | None:
    """Add a channel and return its id; None when a form with this client_key has added one already."""
    row = session.one(
        _INSERT,
        kind=kind,
        name=name,
        team_id=team_id,
        settings=json.dumps(dict(settings)),
        sealed=sealed,
        memory=memory,
        memory_version=memory_version,
        now=now,
        client_key=client_key,
        **_checked(check),
    )
    return None if row is None else int(row["id"])


def update_connection(
    session: Session,
    channel_id: int,
    *,
    name: str,
    team_id: int,
    settings: Mapping[str, str],
    sealed: str,
    memory: str,
    memory_version: int,
    check: Check,
    now: datetime,
) -> None:
    session.run(
        _UPDATE_CONNECTION,
        id=channel_id,
        name=name,
        team_id=team_id,
        settings=json.dumps(dict(settings)),
        sealed=sealed,
        memory=memory,
        memory_version=memory_version,
        now=now,
        **_checked(check),
    )


def note_check(session: Session, channel_id: int, check: Check, *, now: datetime) -> None:
    """A connection test worked: keep what it found and let the channel go on."""
    session.run(_CHECKED, id=channel_id, now=now, **_checked(check))


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


def with_account(session: Session, kind: str, account_id: str, *, but: int = 0) -> Channel | None:
    """The channel, other than `but`, that has this account already; nobody else connects one until we are done."""
    session.run(_CONNECT_ALONE)
    row = session.one(_WITH_ACCOUNT, kind=kind, account_id=account_id, but=but)
    return None if row is None else _channel(row)


def by_client_key(session: Session, client_key: str) -> Channel | None:
    """The channel a form has connected already, when a person pressed twice; a removed one, too."""
    row = session.one(_BY_CLIENT_KEY, client_key=client_key)
    return None if row is None else _channel(row)


def team_of(session: Session, channel_id: int) -> int:
    """The team of a channel, of a removed one as well. Raises Absent."""
    row = session.one(_TEAM, id=channel_id)
    if row is None:
        raise Absent("no such channel", channel_id=channel_id)
    return int(row["team_id"])


def sealed_now(session: Session, channel_id: int) -> str:
    """A channel's sealed settings, which nobody else changes until the transaction ends; empty when it is gone."""
    row = session.one(_SEALED_LOCKED, id=channel_id)
    return "" if row is None else str(row["sealed"])


def sealed(session: Session, channel_id: int) -> Row:
    """What is sealed of a channel: its secret settings, and its connector's memory. Raises Absent."""
    row = session.one(_SEALED, id=channel_id)
    if row is None:
        raise Absent("no such channel", channel_id=channel_id)
    return row


def note_memory(session: Session, channel_id: int, *, sealed: str, memory: str, version: int) -> None:
    """Keep what a connector remembers, unless the settings changed since (`sealed`) or a newer one is there."""
    session.run(_REMEMBER, id=channel_id, sealed=sealed, memory=memory, version=version)


def set_state(session: Session, channel_id: int, state: ChannelState, *, now: datetime) -> None:
    session.run(_SET_STATE, id=channel_id, state=state.value, now=now)


def remove(session: Session, channel_id: int) -> None:
    """Forget the connection and its secrets; what was said through it stays."""
    session.run(_REMOVE, id=channel_id)


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


def kinds(session: Session) -> dict[int, str]:
    """The kind of every connected channel."""
    return {row["id"]: row["kind"] for row in session.all(_KINDS)}


def bring_forward(session: Session, *, now: datetime) -> int:
    """After the clock was set back: pull at once what was put off by a time that is yet to come."""
    return session.run(_BRING_FORWARD, now=now, soon=now + timedelta(minutes=1))


def keep_quiet(session: Session, channel_id: int, *, until: datetime) -> None:
    """The network asked for silence: neither pull nor send before then."""
    session.run(_QUIET, id=channel_id, until=until)


def bury(session: Session, channel_id: int, *, reason: str, raw: str, at: datetime) -> None:
    """Keep an item that could not be read, for a person to look at."""
    session.run(_BURY, channel_id=channel_id, reason=reason[:500], raw=raw[:_RAW_MOST], at=at)


def dead_letters(session: Session) -> dict[int, int]:
    """How many of the newest thousand unreadable items belong to each channel."""
    return {row["channel_id"]: row["letters"] for row in session.all(_DEAD)}


def letters(session: Session, channel_id: int, *, before: int | None = None, limit: int = 50) -> list[DeadLetter]:
    """The unreadable items of one channel, newest first; `before` is the id to go on at."""
    rows = session.all(_LETTERS, channel_id=channel_id, before=before or 2**62, limit=limit)
    return [DeadLetter(id=row["id"], reason=row["reason"], raw=row["raw"], at=from_micros(row["at"])) for row in rows]


def dismiss(session: Session, channel_id: int, *, first: int = 0, last: int, now: datetime) -> int:
    """Somebody has seen the unreadable items up to one, or with `first` only some; returns how many. They are kept."""
    return session.run(_DISMISS, channel_id=channel_id, first=first, last=last, now=now)


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


def trouble_of_row(row: Row) -> Trouble | None:
    """Map the three columns in which a row keeps its last error."""
    if row["error_code"] is None:
        return None
    return Trouble(code=row["error_code"], reason=row["error_reason"] or "", detail=row["error_detail"] or "")


def trouble_columns(trouble: Trouble | None) -> dict[str, object]:
    """The same three columns as parameters, cut to what is worth keeping."""
    return {
        "code": trouble.code if trouble else None,
        "reason": trouble.reason[:_REASON_MOST] if trouble else None,
        "detail": trouble.detail[:_DETAIL_MOST] if trouble else None,
    }
