"""Actions in the outbox, read without the messages they are done to: pages ask for them often."""

from __future__ import annotations

from collections.abc import Sequence

from hub.channels.store import trouble_of_row
from hub.kernel.clock import from_micros, from_micros_or_none
from hub.kernel.database import Row, Session
from hub.outbox.model import Act, Edit, State

_COLUMNS = """
    outbox.id, outbox.channel_id, outbox.parent_remote_id, outbox.act, outbox.state, outbox.due_at, outbox.error_code,
    outbox.error_reason, outbox.error_detail"""

_OF_CONVERSATION = f"""
    SELECT {_COLUMNS} FROM outbox
    WHERE conversation_id = :conversation_id AND act <> '' AND state <> 'cancelled'
    ORDER BY id DESC LIMIT :limit"""  # noqa: S608

_SEVERAL = f"SELECT {_COLUMNS} FROM outbox WHERE id IN {{ids wanted}} AND act <> '' ORDER BY id"  # noqa: S608


_LAST_EDIT = """
    SELECT COALESCE(sending_since, created_at) AS begun_at, settled_at FROM outbox
    WHERE channel_id = :channel_id AND parent_remote_id = :remote_id AND act = 'edit' AND state = 'sent'
    ORDER BY id DESC LIMIT 1"""


def last_edit(session: Session, channel_id: int, remote_id: str) -> Edit | None:
    """When we last changed a message of ours at its network; None: never."""
    row = session.one(_LAST_EDIT, channel_id=channel_id, remote_id=remote_id)
    if row is None:
        return None
    begun_at = from_micros(row["begun_at"])
    return Edit(begun_at=begun_at, done_at=from_micros_or_none(row["settled_at"]) or begun_at)


def acts_of_conversation(session: Session, conversation_id: int, *, limit: int = 200) -> list[Act]:
    """What was done, is being done or could not be done in a conversation, newest first; not what was given up."""
    return [_act(row) for row in session.all(_OF_CONVERSATION, conversation_id=conversation_id, limit=limit)]


def acts(session: Session, wanted: Sequence[int]) -> list[Act]:
    """Those of these outbox items that are actions, oldest first."""
    return [_act(row) for row in session.all(_SEVERAL, wanted=list(wanted))] if wanted else []


def _act(row: Row) -> Act:
    return Act(
        id=row["id"],
        channel_id=row["channel_id"],
        remote_id=row["parent_remote_id"],
        name=row["act"],
        state=State(row["state"]),
        due_at=from_micros(row["due_at"]),
        trouble=trouble_of_row(row),
    )
