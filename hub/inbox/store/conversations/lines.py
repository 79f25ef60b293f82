"""The list of conversations: its pages, newest activity first, and what one line shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from hub.channels.emoji import read_emoji
from hub.connector import Trust
from hub.inbox.model import Conversation, ConversationState, Line
from hub.inbox.store.conversations.record import COLUMNS, conversation_of
from hub.kernel.clock import from_micros, to_micros
from hub.kernel.database import Row, Session

_LINE = f"""
    SELECT {COLUMNS}, identities.name, identities.emoji AS name_emoji, identities.handle, identities.trust,
        channels.kind AS channel_kind, channels.name AS channel_name, posts.title AS post_title
    FROM conversations JOIN identities ON identities.id = conversations.identity_id
    JOIN channels ON channels.id = conversations.channel_id JOIN threads ON threads.id = conversations.thread_id
    LEFT JOIN posts ON posts.id = threads.post_id"""  # noqa: S608

_PAGE = """
    AND (conversations.last_at < :last_at OR (conversations.last_at = :last_at AND conversations.id < :id))
    ORDER BY conversations.last_at DESC, conversations.id DESC LIMIT :limit"""

_IN_TEAM = f"{_LINE} WHERE conversations.merged_into IS NULL AND conversations.team_id = :team_id"
_IN_CHANNEL = f"{_LINE} WHERE conversations.merged_into IS NULL AND conversations.channel_id = :channel_id"
_IN_CHANNEL_OF_TEAMS = f"{_IN_CHANNEL} AND conversations.team_id IN {{ids teams}}"
_ANYWHERE = f"{_LINE} WHERE conversations.merged_into IS NULL"
_IN_STATE: dict[ConversationState | None, str] = {
    None: "",
    **{state: f" AND conversations.state = '{state.value}'" for state in ConversationState},
}

# Every list is one of these whole statements; nothing is put together from what a person typed.
_LISTS = {
    (scope, state): f"{statement}{in_state} {_PAGE}"
    for scope, statement in (
        ("team", _IN_TEAM),
        ("channel", _IN_CHANNEL),
        ("channel of teams", _IN_CHANNEL_OF_TEAMS),
        ("all", _ANYWHERE),
    )
    for state, in_state in _IN_STATE.items()
}

# Of several teams only the order is read at first, and then what the page shows of the newest of all.
_NEWEST_IN_TEAM = "SELECT id, last_at FROM conversations WHERE merged_into IS NULL AND team_id = :team_id"
_NEWEST = {state: f"{_NEWEST_IN_TEAM}{in_state} {_PAGE}" for state, in_state in _IN_STATE.items()}
_THESE_LINES = f"{_LINE} WHERE conversations.id IN {{ids wanted}}"


_LATEST = 2**52
_HIGHEST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a page of the list ended; the next one goes on below it."""

    last_at: datetime
    id: int


def lines(
    session: Session,
    *,
    teams: Sequence[int] | None,
    channel_id: int | None = None,
    only_open: bool = False,
    state: ConversationState | None = None,
    after: Mark | None = None,
    limit: int = 50,
) -> list[Line]:
    """A page of the list, newest activity first. `teams` None: all of them, for those who may see everything."""
    state = ConversationState.OPEN if only_open else state
    mark = {
        "last_at": after.last_at if after else from_micros(_LATEST),
        "id": after.id if after else _HIGHEST,
        "limit": limit,
    }
    if channel_id is not None and teams is not None:
        # A channel may have come to a team that its older conversations do not belong to.
        return _lines(session, _LISTS["channel of teams", state], channel_id=channel_id, teams=list(teams), **mark)
    if channel_id is not None:
        return _lines(session, _LISTS["channel", state], channel_id=channel_id, **mark)
    if teams is None:
        return _lines(session, _LISTS["all", state], **mark)
    if len(teams) == 1:
        return _lines(session, _LISTS["team", state], team_id=teams[0], **mark)
    found = [row for team in teams for row in session.all(_NEWEST[state], team_id=team, **mark)]
    wanted = [row["id"] for row in sorted(found, key=_recency, reverse=True)[:limit]]
    return sorted(_lines(session, _THESE_LINES, wanted=wanted), key=_activity, reverse=True)


def _lines(session: Session, statement: str, **params: object) -> list[Line]:
    names, rows = session.tuples(statement, **params)
    return [_kept_line(names, row) for row in rows]


def these_lines(session: Session, conversation_ids: Sequence[int]) -> dict[int, Line]:
    """These conversations as the list shows them, by id; what is not there is left out."""
    rows = session.all(_THESE_LINES, wanted=list(conversation_ids))
    return {row["id"]: _line(row) for row in rows}


def _recency(row: Row) -> tuple[int, int]:
    return row["last_at"], row["id"]


def _activity(line: Line) -> tuple[datetime, int]:
    return line.conversation.last_at, line.conversation.id


def parse_mark(text: str) -> Mark | None:
    """Read a mark from an address; None when it is none of ours."""
    micros, _, conversation_id = text.partition(".")
    if not (micros.isdecimal() and conversation_id.isdecimal() and len(text) < 40):
        return None
    return Mark(last_at=from_micros(min(int(micros), _LATEST)), id=min(int(conversation_id), _HIGHEST))


def format_mark(conversation: Conversation) -> str:
    return f"{to_micros(conversation.last_at)}.{conversation.id}"


@lru_cache(maxsize=1024)
def _kept_line(names: tuple[str, ...], values: tuple[object, ...]) -> Line:
    """A line made once for as long as its row says the same: the same rows are read again with every page."""
    return _line(dict(zip(names, values, strict=True)))


def _line(row: Row) -> Line:
    return Line(
        conversation=conversation_of(row),
        name=row["name"],
        name_emoji=read_emoji(row["name_emoji"]),
        handle=row["handle"],
        trust=Trust(row["trust"]),
        channel_kind=row["channel_kind"],
        channel_name=row["channel_name"],
        post_title=row["post_title"] or "",
    )
