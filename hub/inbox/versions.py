"""Which of two tellings of one message counts, whichever came first. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.connector import DeletedBy, Incoming
from hub.inbox.store.intake import Known
from hub.inbox.store.tombs import Tomb
from hub.outbox.model import Edit

_FOR_NOW = frozenset({DeletedBy.UNAVAILABLE, DeletedBy.BLOCKED, DeletedBy.ACCOUNT})
# An author's own deletion is the last word; of what may only be for now the network's reason says more than none.
_FIRMNESS = {
    None: 0,
    DeletedBy.UNAVAILABLE: 1,
    DeletedBy.BLOCKED: 2,
    DeletedBy.ACCOUNT: 2,
    DeletedBy.MODERATION: 3,
    DeletedBy.AUTHOR: 4,
}


_CLOCKS_APART = timedelta(minutes=2)
"""How far a network's clock may be from ours."""

_CACHES_LAG = timedelta(minutes=10)
"""How long a network may tell what it had before."""


def is_newer(stored: Known, message: Incoming, *, pull: int) -> bool:
    """Whether a revision replaces the stored one: by the network's edit time, else by the order of pulls."""
    if message.revision == stored.revision:
        return False
    if message.edited_at == stored.edited_at:
        return pull >= stored.pull
    if message.edited_at is None or stored.edited_at is None:
        return message.edited_at is not None
    return message.edited_at > stored.edited_at


def is_outdated(message: Incoming, ours: Edit, replaced: frozenset[str], *, now: datetime) -> bool:
    """Whether a network tells what stood there before we changed it ourselves, as caches and copies do for a while.

    Where it tells no times of edits, by the revisions that were replaced, and only for a while: later it is somebody
    who changed it back.
    """
    if message.edited_at is not None:
        return message.edited_at < ours.begun_at - _CLOCKS_APART
    return message.revision in replaced and now - ours.done_at < _CACHES_LAG


def is_firmer(tomb: Tomb, known: DeletedBy | None) -> bool:
    """Whether a deletion says more than what is known about it already."""
    return _FIRMNESS[tomb.deleted_by] > _FIRMNESS[known]


def is_back(deletion: Tomb, *, pull: int) -> bool:
    """Whether seeing a message again undoes its deletion: only what may have been for now, and was told in an
    earlier pull, comes back."""
    return deletion.deleted_by in _FOR_NOW and pull > deletion.pull
