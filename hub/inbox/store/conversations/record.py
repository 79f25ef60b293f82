"""One conversation: opened, summed up, read, merged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.channels.emoji import read_emoji, write_emoji
from hub.connector import Kind, Visibility
from hub.errors import Absent
from hub.inbox.model import Conversation, ConversationState, Direction
from hub.inbox.summary import Summary
from hub.kernel.clock import from_micros, from_micros_or_none
from hub.kernel.database import Row, Session

COLUMNS = """
    conversations.id, conversations.channel_id, conversations.team_id, conversations.thread_id,
    conversations.identity_id, conversations.state, conversations.kind, conversations.visibility,
    conversations.language, conversations.snippet, conversations.emoji, conversations.last_direction,
    conversations.last_at, conversations.unread, conversations.version, conversations.created_at"""

_OPEN = """
    INSERT INTO conversations (channel_id, team_id, thread_id, identity_id, state, kind, visibility, language, snippet,
                               last_direction, last_at, created_at)
    VALUES (:channel_id, :team_id, :thread_id, :identity_id, 'open', :kind, :visibility, NULL, '', 'in', :at, :now)
    ON CONFLICT (thread_id, identity_id) WHERE merged_into IS NULL DO UPDATE SET version = conversations.version
    RETURNING id"""

_SUMMARISE = """
    UPDATE conversations SET state = :state, kind = :kind, visibility = :visibility, language = :language,
        snippet = :snippet, emoji = :emoji, last_direction = :last_direction, last_at = :last_at, unread = :unread,
        version = version + :said
    WHERE id = :id"""

_READ = "SELECT read_at, unread FROM conversations WHERE id = :id"

# Whoever locks them has written messages that refer to them, as others may have: a full lock would wait in a circle.
_LOCKED_MARKS = """
    SELECT id, read_at, unread FROM conversations WHERE id IN {ids wanted} ORDER BY id {for_no_key_update}"""

_BETWEEN = """
    SELECT id, thread_id, identity_id FROM conversations
    WHERE thread_id IN {ids thread_ids} AND identity_id IN {ids identity_ids} AND merged_into IS NULL"""

_MARK_READ = "UPDATE conversations SET read_at = :now, unread = 0 WHERE id = :id AND unread > 0"

_LOCK = "SELECT version FROM conversations WHERE id = :id {for_update}"

_MOVE_ON = "UPDATE conversations SET version = version + 1 WHERE id = :id"

_ONE = f"SELECT {COLUMNS}, merged_into FROM conversations WHERE id = :id"  # noqa: S608

_TEAMS = "SELECT id, team_id, merged_into FROM conversations WHERE id IN {ids wanted}"

_OF_THREAD = """
    SELECT id, identity_id FROM conversations WHERE thread_id = :thread_id AND merged_into IS NULL ORDER BY id"""

_MERGE = "UPDATE conversations SET merged_into = :into_id, thread_id = :thread_id WHERE id = :from_id"

_SET_READ_AT = "UPDATE conversations SET read_at = :read_at WHERE id = :id"

# One that was merged away stays where it was: nobody looks for it by its thread.
_RETHREAD = """
    UPDATE conversations SET thread_id = :into_id WHERE thread_id = :from_id AND merged_into IS NULL"""

_HAS_OPEN = """
    SELECT 1 AS yes FROM conversations
    WHERE channel_id = :channel_id AND state = 'open' AND merged_into IS NULL LIMIT 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMark:
    """How far somebody of us has read a conversation, and how much came since."""

    at: datetime | None
    unread: int

    def joined(self, other: ReadMark) -> datetime | None:
        """The instant for two conversations that become one: whoever read only one has not read the other."""
        unread = [mark.at for mark in (self, other) if mark.unread]
        if unread:
            return None if None in unread else min(at for at in unread if at)
        return max((mark.at for mark in (self, other) if mark.at), default=None)


def open_conversation(
    session: Session,
    *,
    channel_id: int,
    team_id: int,
    thread_id: int,
    identity_id: int,
    kind: Kind,
    visibility: Visibility,
    at: datetime,
    now: datetime,
) -> int:
    """The conversation of an identity in a thread, made when it is new."""
    return session.insert(
        _OPEN,
        channel_id=channel_id,
        team_id=team_id,
        thread_id=thread_id,
        identity_id=identity_id,
        kind=kind.value,
        visibility=visibility.value,
        at=at,
        now=now,
    )


def between(session: Session, thread_ids: Collection[int], identity_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """The conversations that these identities have in these threads, by thread and identity."""
    rows = session.all(_BETWEEN, thread_ids=list(thread_ids), identity_ids=list(identity_ids))
    return {(row["thread_id"], row["identity_id"]): row["id"] for row in rows}


def summarise_all(session: Session, summaries: Mapping[int, Summary], *, said: bool) -> None:
    """Write what the list shows. said: something was, so that whoever answers has to have seen it."""
    rows = [
        {
            "id": conversation_id,
            "state": summary.state.value,
            "kind": summary.kind.value,
            "visibility": summary.visibility.value,
            "language": summary.language,
            "snippet": summary.snippet,
            "emoji": write_emoji(summary.emoji),
            "last_direction": summary.last_direction.value,
            "last_at": summary.last_at,
            "unread": summary.unread,
            "said": int(said),
        }
        for conversation_id, summary in summaries.items()
    ]
    if rows:
        session.many(_SUMMARISE, rows)


def locked_marks(session: Session, conversation_ids: Iterable[int]) -> dict[int, ReadMark]:
    """How far somebody of us has read each of these, in the order of ids; it stays so until the transaction ends."""
    rows = session.all(_LOCKED_MARKS, wanted=list(conversation_ids))
    return {row["id"]: ReadMark(at=from_micros_or_none(row["read_at"]), unread=row["unread"]) for row in rows}


def read_mark(session: Session, conversation_id: int) -> ReadMark:
    """How far somebody of us has read. Raises Absent."""
    row = session.one(_READ, id=conversation_id)
    if row is None:
        raise Absent("no such conversation", conversation_id=conversation_id)
    return ReadMark(at=from_micros_or_none(row["read_at"]), unread=row["unread"])


def mark_read(session: Session, conversation_id: int, *, now: datetime) -> bool:
    """Somebody looked; true when there was something unread."""
    return session.run(_MARK_READ, id=conversation_id, now=now) == 1


def conversation(session: Session, conversation_id: int) -> Conversation:
    """Return one conversation; one that was merged away is the one it went into. Raises Absent."""
    row = session.one(_ONE, id=conversation_id)
    while row is not None and row["merged_into"] is not None:
        row = session.one(_ONE, id=row["merged_into"])
    if row is None:
        raise Absent("no such conversation", conversation_id=conversation_id)
    return conversation_of(row)


def teams_of(session: Session, conversation_ids: Collection[int]) -> dict[int, int]:
    """Whose these conversations are; one that was merged away is whose the one is that it went into."""
    if not conversation_ids:
        return {}
    rows = session.all(_TEAMS, wanted=list(conversation_ids))
    teams = {row["id"]: row["team_id"] for row in rows if row["merged_into"] is None}
    went = {row["id"]: row["merged_into"] for row in rows if row["merged_into"] is not None}
    into = teams_of(session, set(went.values()))
    return teams | {from_id: into[into_id] for from_id, into_id in went.items()}


def locked_version(session: Session, conversation_id: int) -> int:
    """How often something was said, edited or noted there; it stays so until the transaction ends. Raises Absent."""
    row = session.one(_LOCK, id=conversation_id)
    if row is None:
        raise Absent("no such conversation", conversation_id=conversation_id)
    return int(row["version"])


def move_on(session: Session, conversation_id: int) -> None:
    """Something was said there that the list does not show."""
    session.run(_MOVE_ON, id=conversation_id)


def of_thread(session: Session, thread_id: int) -> dict[int, int]:
    """Identity to conversation in a thread."""
    return {row["identity_id"]: row["id"] for row in session.all(_OF_THREAD, thread_id=thread_id)}


def merge(session: Session, *, from_id: int, into_id: int, thread_id: int) -> None:
    """Redirect a conversation whose messages were moved into another; what is unread in either stays unread."""
    read_at = read_mark(session, into_id).joined(read_mark(session, from_id))
    session.run(_SET_READ_AT, id=into_id, read_at=read_at)
    session.run(_MERGE, from_id=from_id, into_id=into_id, thread_id=thread_id)


def move_thread(session: Session, *, from_id: int, into_id: int) -> None:
    session.run(_RETHREAD, from_id=from_id, into_id=into_id)


def has_open(session: Session, channel_id: int) -> bool:
    """Whether somebody waits for us on a channel."""
    return session.one(_HAS_OPEN, channel_id=channel_id) is not None


def conversation_of(row: Row) -> Conversation:
    """Map a row that carries the conversation's columns."""
    return Conversation(
        id=row["id"],
        channel_id=row["channel_id"],
        team_id=row["team_id"],
        thread_id=row["thread_id"],
        identity_id=row["identity_id"],
        state=ConversationState(row["state"]),
        kind=Kind(row["kind"]),
        visibility=Visibility(row["visibility"]),
        language=row["language"],
        snippet=row["snippet"],
        emoji=read_emoji(row["emoji"]),
        last_direction=Direction(row["last_direction"]),
        last_at=from_micros(row["last_at"]),
        unread=row["unread"],
        version=row["version"],
        created_at=from_micros(row["created_at"]),
    )
