"""What stands beside a status's words: its custom emoji and its poll. Pure.

Entities: docs.joinmastodon.org, "CustomEmoji", "Poll". What is not as it should be is left out; the words stay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hub.connector import Choice, Emoji, Poll

Raw = Mapping[str, Any]

_MOST_VOTES = 2**53
"""Beyond the people there are, and still a number for everybody it is told to."""


def emoji(*told: Any) -> tuple[Emoji, ...]:
    """The emoji of these lists, each code once; of a moving one the picture that stands still."""
    found: dict[str, Emoji] = {}
    for each in told:
        for one in each if isinstance(each, list) else ():
            if isinstance(one, dict):
                code, url = _words(one.get("shortcode")), _words(one.get("static_url")) or _words(one.get("url"))
                if code and url:
                    found.setdefault(code, Emoji(code=code, url=url))
    return tuple(found.values())


def emoji_of(status: Raw) -> tuple[Emoji, ...]:
    """Those of a status, its poll and what it quotes."""
    quote = status.get("quote")
    quoted = (quote.get("quoted_status") or quote) if isinstance(quote, dict) else None
    return emoji(*(part.get("emojis") for part in (status, status.get("poll"), quoted) if isinstance(part, dict)))


def poll_of(status: Raw) -> Poll | None:
    """How its poll stands."""
    poll = status.get("poll")
    if not isinstance(poll, dict):
        return None
    own = poll.get("own_votes")
    choices = tuple(_choices(poll.get("options"), own if isinstance(own, list) else []))
    if not choices:
        return None
    return Poll(
        choices=choices,
        voters=_number(poll.get("voters_count")) if poll.get("multiple") else _total(poll),
        takes_several=poll.get("multiple") is True,
        ends_at=_instant(poll.get("expires_at")),
        has_ended=poll.get("expired") is True,
    )


def standing(status: Raw) -> str:
    """Changes when its poll stands otherwise; empty where it has none."""
    poll = poll_of(status)
    if poll is None:
        return ""
    kept = [poll.voters, poll.has_ended, [[each.text, each.votes, each.is_ours] for each in poll.choices]]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:8]


def _choices(options: Any, own: list[Any]) -> Iterator[Choice]:
    for number, option in enumerate(options if isinstance(options, list) else ()):
        if isinstance(option, dict) and _words(option.get("title")):
            yield Choice(text=option["title"], votes=_number(option.get("votes_count")), is_ours=number in own)


def _total(poll: Raw) -> int | None:
    """Where everybody takes one choice there are as many people as votes."""
    told = _number(poll.get("voters_count"))
    return _number(poll.get("votes_count")) if told is None else told


def _number(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= _MOST_VOTES else None


def _instant(written: Any) -> datetime | None:
    try:
        read = datetime.fromisoformat(written)
    except (ValueError, TypeError):
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _words(told: Any) -> str:
    return told if isinstance(told, str) else ""
