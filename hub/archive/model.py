"""The words of this subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FORMAT = 1
"""Of container and lines alike; a newer one is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table that is carried. `key`: its primary key; `references`: the tables its rows point to."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    references: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One file of HUB_DATA/media: `name` is its path below that folder, with slashes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive says about itself.

    steps: the migrations its tables have had. kind: demo or real. key_id: names the key that opens its secrets without
    telling it. rows: how many each table has. numbers: the last id each gave away. made_at: microseconds UTC.
    engine: where it was taken.
    """

    format: int
    version: str
    engine: str
    made_at: int
    steps: tuple[str, ...]
    kind: str
    key_id: str
    rows: Mapping[str, int]
    numbers: Mapping[str, int]
    media: int
    media_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What bringing an archive in came to. held: sends that wait for a person; tokens: API tokens that ended."""

    manifest: Manifest
    held: int = 0
    sessions: int = 0
    tokens: int = 0
    kept: str = ""
    """Where the database that was replaced is kept; empty where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How an archive is to be brought in.

    replace: in place of the installation that is there. moved: the old installation has ended for good, so its
    unfinished sends and its sign-ins go on here. keep_tokens: API tokens stay valid. without_key: the key of its
    secrets is lost for good; they are forgotten, and each channel has to be signed in again.
    """

    replace: bool = False
    moved: bool = False
    keep_tokens: bool = False
    without_key: bool = False


NOT_CARRIED: Mapping[str, str] = {
    "workers": "who is at work at this moment",
    "rate_limits": "counters of tries, which begin anew",
    "sign_ins": "people on their way to sign in at a network, for a quarter of an hour",
    "sign_in_memories": "what connectors know of servers people sign in at, which they learn again",
    "_sqlite_migrations": "SQLite's own books of the migrations",
    "applied_migrations": "PostgreSQL's own books of the migrations",
}
"""Tables that say nothing about what the installation knows, by name, and why. Every other table is carried."""

DERIVED: Mapping[str, str] = {
    "search_texts": "the search's copy of the messages' words",
    "search_dirty": "what the search has still to read",
}
"""Tables that are made from others and made again after the move, by name, and how."""


EXTRA = frozenset({"archive", "sqlar"})
"""What a container has besides the installation's own tables."""


def is_carried(name: str) -> bool:
    """Whether a table belongs into an archive."""
    return name not in NOT_CARRIED and name not in DERIVED
