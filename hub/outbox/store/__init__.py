"""The tables outbox and outbox_parts: items, who may work on them, and the echoes that prove them."""

from __future__ import annotations

from hub.outbox.store.acts import acts, acts_of_conversation, last_edit
from hub.outbox.store.claims import begin, bring_forward, claim_due, claim_stuck, hold, look_later, release, save_plan
from hub.outbox.store.echoes import find_echo, text_hash
from hub.outbox.store.items import (
    add,
    all_in_state,
    by_client_key,
    count,
    count_try,
    expect_echo,
    in_state,
    is_marked,
    item,
    items,
    listed,
    locked,
    move,
    move_conversation,
    note_arrival,
    restart,
)

__all__ = [
    "acts",
    "acts_of_conversation",
    "add",
    "all_in_state",
    "begin",
    "bring_forward",
    "by_client_key",
    "claim_due",
    "claim_stuck",
    "count",
    "count_try",
    "expect_echo",
    "find_echo",
    "hold",
    "in_state",
    "is_marked",
    "item",
    "items",
    "last_edit",
    "listed",
    "locked",
    "look_later",
    "move",
    "move_conversation",
    "note_arrival",
    "release",
    "restart",
    "save_plan",
    "text_hash",
]
