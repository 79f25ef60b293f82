"""The hashtags that somebody entered into a channel's settings to be watched."""

from __future__ import annotations

MOST = 5
"""The most that Mastodon searches for in one request, and as many as are worth looking for at each pull elsewhere."""


def tags_of(written: str) -> tuple[str, ...]:
    """They come with or without their sign, between spaces or commas; told in lower case, each once, at most MOST."""
    words = (word.strip("#＃,;").lower() for word in written.replace(",", " ").split())
    return tuple(dict.fromkeys(word for word in words if word))[:MOST]
