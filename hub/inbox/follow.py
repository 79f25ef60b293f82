"""Brings the inbox up to date with what became of replies: one that failed leaves its conversation open again.

The outbox lies below the inbox and knows nothing of it; what it tells, it tells in the event log.
"""

from __future__ import annotations

from hub.events import ConversationChanged, ReplyMoved, ReplySettled
from hub.inbox.done import note_done
from hub.inbox.refresh import refresh
from hub.kernel import log
from hub.kernel.hub import Hub
from hub.outbox import store as outbox

_READER = "inbox"
_AT_ONCE = 200
_COUNTS = frozenset({"failed", "queued", "sent", "cancelled"})
"""States after which a reply counts as an answer, or no longer does."""

_UNSAID = frozenset({"failed", "cancelled"})
"""States after which a colleague has not said what everybody thought was said."""


def follow_outbox(hub: Hub) -> None:
    """Refresh the conversations whose replies changed their fate since the last time."""
    with hub.database.reading() as session:
        position = log.reader_position(session, _READER) or log.START
        waiting = log.read(session, position, limit=_AT_ONCE)
    if not waiting:
        return
    told = [each.event for each in waiting if isinstance(each.event, (ReplySettled, ReplyMoved))]
    counting = [event for event in told if event.conversation_id is not None and event.state in _COUNTS]
    changed = {event.conversation_id: event.channel_id for event in counting if event.conversation_id is not None}
    unsaid = {event.conversation_id for event in counting if event.state in _UNSAID}
    settled = [event.outbox_id for event in told if event.state == "sent"]
    with hub.database.transaction() as session:
        for act in outbox.acts(session, settled):
            note_done(hub, session, act)
        for conversation_id, channel_id in changed.items():
            refresh(session, conversation_id, said=conversation_id in unsaid)
            event = ConversationChanged(channel_id=channel_id, conversation_id=conversation_id)
            log.append(session, event, at=hub.clock())
        log.move_reader(session, _READER, waiting[-1].position)
