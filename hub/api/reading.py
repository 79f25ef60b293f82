"""What lists have in common: how many, and where the next page goes on."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from hub.errors import Invalid

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Limit = Annotated[int, Meta(ge=1, le=200, description="How many at most.")]
After = Annotated[str, Meta(max_length=60, description="Where the page before ended: its `next`.")]


def row_of(after: str) -> int | None:
    """The row a page ended at. Raises Invalid("after", "not_a_place")."""
    if not after:
        return None
    if not (after.isascii() and after.isdecimal() and len(after) < 19):
        raise Invalid("after", "not_a_place")
    return int(after)
