"""The table conversations: who we talk with, and what the list shows of it."""

from __future__ import annotations

from hub.inbox.store.conversations.lines import (
    Mark,
    format_mark,
    lines,
    parse_mark,
    these_lines,
)
from hub.inbox.store.conversations.record import (
    ReadMark,
    between,
    conversation,
    has_open,
    locked_marks,
    locked_version,
    mark_read,
    merge,
    move_on,
    move_thread,
    of_thread,
    open_conversation,
    read_mark,
    summarise_all,
    teams_of,
)

__all__ = [
    "Mark",
    "ReadMark",
    "between",
    "conversation",
    "format_mark",
    "has_open",
    "lines",
    "locked_marks",
    "locked_version",
    "mark_read",
    "merge",
    "move_on",
    "move_thread",
    "of_thread",
    "open_conversation",
    "parse_mark",
    "read_mark",
    "summarise_all",
    "teams_of",
    "these_lines",
]
