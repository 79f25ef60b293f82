"""The tables channels and dead_letters."""

from __future__ import annotations

from hub.channels.store.channels import (
    add,
    all_channels,
    by_client_key,
    channel,
    kinds,
    note_check,
    of_teams,
    remove,
    set_state,
    teams_of,
    update_connection,
    with_account,
)
from hub.channels.store.dead_letters import (
    bury,
    dead_letters,
    dismiss,
    letters,
    note_read_again,
    with_letters,
)
from hub.channels.store.pulls import (
    SILENT_MS,
    bring_forward,
    claim,
    claim_due,
    hold,
    keep_quiet,
    note_failure,
    note_pull,
    pull_soon,
    release,
    to_hear,
    wake,
)
from hub.channels.store.sealed import (
    note_memory,
    sealed,
    sealed_now,
)
from hub.channels.store.troubles import (
    trouble_columns,
    trouble_of_row,
)

__all__ = [
    "SILENT_MS",
    "add",
    "all_channels",
    "bring_forward",
    "bury",
    "by_client_key",
    "channel",
    "claim",
    "claim_due",
    "dead_letters",
    "dismiss",
    "hold",
    "keep_quiet",
    "kinds",
    "letters",
    "note_check",
    "note_failure",
    "note_memory",
    "note_pull",
    "note_read_again",
    "of_teams",
    "pull_soon",
    "release",
    "remove",
    "sealed",
    "sealed_now",
    "set_state",
    "teams_of",
    "to_hear",
    "trouble_columns",
    "trouble_of_row",
    "update_connection",
    "wake",
    "with_account",
    "with_letters",
]
