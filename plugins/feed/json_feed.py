"""JSON Feed 1 and 1.1, read item by item without building what we do not need (jsonfeed.org/version/1.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from .document import MAX_CONTENT, MAX_ENTRIES, MAX_LINE, Enclosure, Entry, Feed, Unread, Unreadable, newest_first

# Escapes of anything else and whole pairs come first, so that neither is taken apart.
_HALVES = re.compile(
    rb"(\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
VERSION = "https://jsonfeed.org/version/"


class _Author(msgspec.Struct):
    name: str | None = None
    url: str | None = None
    avatar: str | None = None


class _Attachment(msgspec.Struct):
    url: str = ""
    mime_type: str | None = None
    title: str | None = None
    size_in_bytes: float | None = None


class _Item(msgspec.Struct):
    id: str | int | float | None = None
    url: str | None = None
    external_url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    language: str | None = None
    authors: list[_Author] | None = None
    author: _Author | None = None
    attachments: list[_Attachment] | None = None


class _Top(msgspec.Struct):
    version: str = ""
    title: str | None = None
    home_page_url: str | None = None
    language: str | None = None
    items: list[msgspec.Raw] = []
    authors: list[_Author] | None = None
    author: _Author | None = None


def looks_like_json(body: bytes, content_type: str) -> bool:
    return "json" in content_type.lower() or body[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def read_json(body: bytes) -> Feed:
    """Read a JSON Feed. Raises Unreadable when it is none; one bad item is only left out and told."""
    try:
        top = msgspec.json.decode(_mended(body.removeprefix(b"\xef\xbb\xbf")), type=_Top)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("not_a_feed", str(error)[:200]) from error
    if not top.version.startswith(VERSION):
        raise Unreadable("not_a_feed")
    entries, unread = _items(top)
    return Feed(
        version="json" + top.version.removeprefix(VERSION)[:10],
        title=_line(top.title),
        link=_line(top.home_page_url),
        language=_line(top.language),
        entries=tuple(sorted(entries, key=newest_first)[:MAX_ENTRIES]),
        unread=tuple(unread),
    )


def _mended(body: bytes) -> bytes:
    """Halves of characters, which texts cut by their length end in, become U+FFFD; they are no fault of the feed."""
    return _HALVES.sub(lambda found: found[1] or rb"\ufffd", body) if b"\\ud" in body or b"\\uD" in body else body


def _items(top: _Top) -> tuple[list[Entry], list[Unread]]:
    entries: list[Entry] = []
    unread: list[Unread] = []
    authors = _authors(top.authors, top.author)
    for raw in top.items[: 20 * MAX_ENTRIES]:
        try:
            entries.append(_entry(msgspec.json.decode(raw, type=_Item), authors))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            if len(unread) < MAX_ENTRIES:
                unread.append(Unread(reason=type(error).__name__, raw=_line(bytes(raw).decode("utf-8", "replace"))))
    return entries, unread


def _entry(item: _Item, authors: list[_Author]) -> Entry:
    author = next(iter(_authors(item.authors, item.author) or authors), _Author())
    return Entry(
        id=_line("" if item.id is None else f"{item.id}"),
        link=_line(item.url or item.external_url),
        title=_line(item.title),
        content=_text(item.content_html or item.content_text or item.summary)[:MAX_CONTENT],
        html=bool(item.content_html),
        author=_line(author.name),
        author_url=_line(author.url),
        avatar=_line(author.avatar),
        published=_seconds(item.date_published),
        updated=_seconds(item.date_modified),
        language=_line(item.language),
        enclosures=tuple(_enclosure(attachment) for attachment in (item.attachments or [])[:50] if attachment.url),
    )


def _authors(several: list[_Author] | None, one: _Author | None) -> list[_Author]:
    """Version 1.1 has a list, version 1 had one."""
    return several or ([one] if one else [])


def _enclosure(attachment: _Attachment) -> Enclosure:
    size = attachment.size_in_bytes
    return Enclosure(
        url=_line(attachment.url),
        media_type=_line(attachment.mime_type),
        size=int(size) if size is not None and 0 <= size < 1e14 else None,
        title=_line(attachment.title),
    )


def _seconds(rfc3339: str | None) -> float | None:
    try:
        instant = datetime.fromisoformat(rfc3339 or "")
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _line(text: str | None) -> str:
    return _text(text)[:MAX_LINE]


def _text(text: str | None) -> str:
    return (text or "").replace("\0", "")
