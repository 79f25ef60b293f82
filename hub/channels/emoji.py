"""Custom emoji as a server tells them: those that stand in a text, fit to be kept and to be fetched."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hub.connector import Emoji
from hub.kernel.emoji import codes_in
from hub.kernel.html import safe_link

MOST_EMOJI = 100
"""Different ones in one message or name."""

_NONE = "[]"


def told_emoji(told: Iterable[Emoji], *texts: str) -> tuple[Emoji, ...]:
    """Those that stand in these texts, each once, with an address that a picture may be fetched from."""
    told = tuple(told)
    if not told:
        return ()
    standing = codes_in(texts)
    found: dict[str, Emoji] = {}
    for each in told:
        address = safe_link(each.url) or ""
        if each.code in standing and each.code not in found and address.startswith("http"):
            found[each.code] = Emoji(code=each.code, url=address)
    return tuple(found.values())[:MOST_EMOJI]


def write_emoji(emoji: tuple[Emoji, ...]) -> str:
    """As the database keeps them."""
    return msgspec.json.encode(emoji).decode() if emoji else _NONE


def read_emoji(kept: str) -> tuple[Emoji, ...]:
    return msgspec.json.decode(kept, type=tuple[Emoji, ...]) if kept != _NONE else ()
