"""A long text as a thread of posts that Mastodon takes. Pure."""

from __future__ import annotations

from hub.kernel.splitting import MOST_PARTS, Fits
from hub.kernel.splitting import split as split_at

from .wording import unbreakable

__all__ = ["MOST_PARTS", "split"]


def split(text: str, fits: Fits) -> tuple[str, ...] | None:
    """The parts, white space between them left out; None where a word fits nowhere or there are too many parts."""
    return split_at(text, fits, unbreakable)
