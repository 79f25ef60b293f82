"""A feed as it was written, whatever its format: what parsing hands to mapping."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BYTES = 5_000_000
MAX_ENTRIES = 500
MAX_CONTENT = 100_000
"""Characters of one entry's content; the rest is cut off."""
MAX_LINE = 2_000
"""Characters of any other field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    url: str
    media_type: str = ""
    size: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item. Dates are seconds since 1970 UTC, None where there is none that can be read.

    title_html, html: whether the title and the content are HTML or plain text.
    parent_ref, parent_href: of RFC 4685 `thr:in-reply-to`; of several only the last is known.
    """

    id: str = ""
    link: str = ""
    title: str = ""
    title_html: bool = False
    content: str = ""
    html: bool = False
    author: str = ""
    author_url: str = ""
    avatar: str = ""
    published: float | None = None
    updated: float | None = None
    parent_ref: str = ""
    parent_href: str = ""
    language: str = ""
    enclosures: tuple[Enclosure, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for an entry without id, link and words: nothing could be told of it."""
        if not any(part.strip() for part in (self.id, self.link, self.title, self.content, self.author)):
            raise ValueError("an entry that says nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An item that could not be read, and what it looks like."""

    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A whole feed. `wait`: seconds it asks us to leave it alone. `complaint`: why it is not well-formed."""

    version: str
    title: str = ""
    link: str = ""
    language: str = ""
    wait: float | None = None
    complaint: str = ""
    entries: tuple[Entry, ...] = ()
    unread: tuple[Unread, ...] = ()


class Unreadable(Exception):
    """Not a feed, or none that we read.

    reason: feed_empty, page_not_feed, not_a_feed, feed_too_large, feed_too_costly, too_many_entries.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


def newest_first(entry: Entry) -> float:
    """The key that sorts entries newest first; undated ones come last and keep their order."""
    return -(entry.published if entry.published is not None else entry.updated or 0.0)
