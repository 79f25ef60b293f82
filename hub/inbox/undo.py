"""Takes a reply back while it has not left: the conversation is as before, the text goes back to the composer."""

from __future__ import annotations

from hub.connector import Outgoing
from hub.inbox.refresh import refresh
from hub.kernel.hub import Hub
from hub.outbox import decide
from hub.outbox import store as outbox


def undo_reply(hub: Hub, outbox_id: int) -> Outgoing:
    """Return what was about to be sent. Raises Conflict when it is too late, Absent for an unknown item."""
    with hub.database.transaction() as session:
        taken = decide.take_back(session, outbox_id, now=hub.clock())
        conversation_id = outbox.item(session, outbox_id).conversation_id
        if conversation_id is not None:
            refresh(session, conversation_id)
    return taken


def cancel_reply(hub: Hub, outbox_id: int) -> None:
    """Give a reply up that waits, failed or may not have arrived. Raises Conflict otherwise, Absent when unknown."""
    with hub.database.transaction() as session:
        given_up = decide.give_up(session, outbox_id, now=hub.clock())
        if given_up.conversation_id is not None:
            refresh(session, given_up.conversation_id)
