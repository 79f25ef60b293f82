"""What the list shows of a conversation, computed anew from its messages; within the transaction that changed them."""

from __future__ import annotations

from collections.abc import Iterable

from hub.inbox.store import conversations, messages
from hub.inbox.summary import summarise
from hub.kernel.database import Session


def refresh(session: Session, conversation_id: int, *, said: bool = True) -> None:
    """Compute anew what the list shows of a conversation. said: false when nothing in it changed but its delivery."""
    refresh_all(session, {conversation_id}, said=said)


def refresh_all(session: Session, conversation_ids: Iterable[int], *, said: bool = True) -> None:
    """The same of several: nobody answers or reads them until the transaction ends."""
    summaries = {}
    for conversation_id, mark in conversations.locked_marks(session, conversation_ids).items():
        utterances = messages.utterances(session, conversation_id)
        if utterances:
            summaries[conversation_id] = summarise(utterances, read_at=mark.at)
    conversations.summarise_all(session, summaries, said=said)
