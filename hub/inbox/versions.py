"""Which of two tellings of one message counts, whichever came first. Pure."""

from __future__ import annotations

from hub.connector import DeletedBy, Incoming
from hub.inbox.store.intake import Known, Tomb

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


def is_newer(stored: Known, message: Incoming, *, pull: int) -> bool:
    """Whether a revision replaces the stored one: by the network's edit time, else by the order of pulls."""
    if message.revision == stored.revision:
        return False
    if message.edited_at == stored.edited_at:
        return pull >= stored.pull
    if message.edited_at is None or stored.edited_at is None:
        return message.edited_at is not None
    return message.edited_at > stored.edited_at


def is_firmer(tomb: Tomb, known: DeletedBy | None) -> bool:
    """Whether a deletion says more than what is known about it already."""
    return _FIRMNESS[tomb.deleted_by] > _FIRMNESS[known]


def is_back(deletion: Tomb, *, pull: int) -> bool:
    """Whether seeing a message again undoes its deletion: only what may have been for now, and was told in an
    earlier pull, comes back."""
    return deletion.deleted_by in _FOR_NOW and pull > deletion.pull
