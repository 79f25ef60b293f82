"""Keeps the search index up, outside the transactions that store messages: they only queue what changed.

A portion is read and taken apart without holding anything up, then written in one short transaction that takes exactly
what was read off the queue. Whatever dies in between leaves the queue as it was; what somebody changed meanwhile, or
another worker swept, is not on it any more under the number that was read. Nothing is lost, nothing is kept twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.inbox.store import search as store
from hub.inbox.words import words_of
from hub.kernel.hub import Hub

PORTION = 1000
"""Messages of one transaction."""

_SWEEP_SECONDS = 0.8


def sweep(hub: Hub, *, monotonic: Callable[[], float] = time.monotonic, seconds: float = _SWEEP_SECONDS) -> int:
    """Bring the index up to date, or work on it for so long; returns how many messages were taken off the queue."""
    until = monotonic() + seconds
    swept = 0
    while True:
        read = sweep_portion(hub)
        swept += read
        if read < PORTION or monotonic() >= until:
            return swept


def sweep_portion(hub: Hub, *, most: int = PORTION) -> int:
    """One transaction's worth; returns how many messages were read off the queue."""
    with hub.database.reading() as session:
        waiting = store.queued(session, most=most)
    if not waiting:
        return 0
    words = {each.message_id: words_of(*each.texts) for each in waiting if each.texts is not None}
    hub.reach("search.read")
    with hub.database.transaction() as session:
        taken = store.take(session, [each.dirty_id for each in waiting])
        kept = [
            (each.place, each.message_id, words[each.message_id])
            for each in waiting
            if each.message_id in taken and each.message_id in words
        ]
        store.replace_words(session, taken, kept)
    hub.reach("search.kept")
    return len(waiting)
