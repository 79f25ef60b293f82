"""The short-lived process that runs feedparser: bytes of XML on stdin, a Feed in msgpack on stdout.

A hostile feed may cost minutes and gigabytes (200,000 attributes on one tag are quadratic): the limits set here end
the process, and the parent takes its death for an answer. Started by `parsing` as `python -m hub_plugins.feed.child`.
"""

from __future__ import annotations

import calendar
import io
import re
import resource
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from .document import MAX_CONTENT, MAX_ENTRIES, MAX_LINE, Enclosure, Entry, Feed, Unread, newest_first

ADDRESS_SPACE = 512 * 1024**2
TOO_COSTLY = 3
"""The exit code of a feed that did not fit into the memory or the stack."""

# "hourly" is left out: WordPress says it of every feed, whatever the site does, and a comment would be an hour late.
_PERIODS = {"daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_MAIL_AND_NAME = re.compile(r"[^\s@()]+@[^\s()]+\s+\((?P<name>[^()]+)\)")
_NAME_AND_MAIL = re.compile(r"(?P<name>[^<>]*[^<>\s])\s*<[^<>\s]+@[^<>\s]+>")
_HTML_TYPES = ("text/html", "application/xhtml+xml")


def main() -> None:
    content_type, url, seconds = sys.argv[1:4]
    limit(int(seconds))
    try:
        feed = read(sys.stdin.buffer.read(), content_type, url)
        sys.stdout.buffer.write(msgspec.msgpack.encode(feed))
    except (MemoryError, RecursionError):
        sys.exit(TOO_COSTLY)


def read(body: bytes, content_type: str, url: str) -> Feed:
    """Read XML with feedparser. It is given bytes only: a string it would open as a file or fetch as a URL."""
    import feedparser

    headers = {"content-type": content_type, "content-location": url}
    parsed = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False)
    entries, unread = _entries(parsed.get("entries") or ())
    about = parsed.get("feed") or {}
    return Feed(
        version=_line(parsed.get("version")),
        title=_line(about.get("title")),
        link=_line(about.get("link")),
        language=_line(about.get("language")),
        wait=_wait(about),
        complaint=_line(parsed.get("bozo_exception")) if parsed.get("bozo") else "",
        entries=entries,
        unread=unread,
    )


def limit(seconds: int) -> None:
    """Let this process end by itself after so many seconds of work, even when nobody is left to end it."""
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def _entries(found: Iterable[dict[str, Any]]) -> tuple[tuple[Entry, ...], tuple[Unread, ...]]:
    entries, unread = [], []
    for item in found:
        try:
            entries.append(_entry(item))
        except (ValueError, TypeError, OverflowError, AttributeError, KeyError) as error:
            unread.append(Unread(reason=type(error).__name__, raw=_line(item)))
    return tuple(sorted(entries, key=newest_first)[:MAX_ENTRIES]), tuple(unread[:MAX_ENTRIES])


def _entry(item: dict[str, Any]) -> Entry:
    title, content = _detail(item, "title_detail"), _content(item)
    parent = _mapping(_own(item, "thr_in-reply-to"))
    return Entry(
        id=_line(_own(item, "id")),
        link=_line(_own(item, "link")),
        title=_line(title.get("value")),
        title_html=title.get("type") in _HTML_TYPES,
        content=_text(content.get("value"))[:MAX_CONTENT],
        html=content.get("type") in _HTML_TYPES,
        author=_author(item),
        author_url=_line(_detail(item, "author_detail").get("href")),
        published=_seconds(_own(item, "published_parsed") or _own(item, "created_parsed")),
        updated=_seconds(_own(item, "updated_parsed")),
        parent_ref=_line(parent.get("ref")),
        parent_href=_line(parent.get("href")),
        language=_line(content.get("language")),
        enclosures=_enclosures(_own(item, "links") or ()),
    )


def _own(item: dict[str, Any], key: str) -> Any:
    """A field the entry really has: feedparser's own look-up gives `published` for a missing `updated`, and warns."""
    return dict.get(item, key)


def _detail(item: dict[str, Any], key: str) -> Mapping[str, Any]:
    return _mapping(_own(item, key))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _content(item: dict[str, Any]) -> Mapping[str, Any]:
    """The content as HTML where there is one, else the first, else the summary."""
    contents = [content for content in _own(item, "content") or () if content.get("value")]
    html = [content for content in contents if content.get("type") in _HTML_TYPES]
    for content in [*html, *contents]:
        return _mapping(content)
    return _detail(item, "summary_detail")


def _author(item: dict[str, Any]) -> str:
    """The name without the mail address that RSS writes beside it; feedparser cuts new top-level domains in two."""
    said = _line(_own(item, "author"))
    found = _MAIL_AND_NAME.fullmatch(said) or _NAME_AND_MAIL.fullmatch(said)
    return found["name"].strip() if found else said


def _seconds(parsed: Any) -> float | None:
    """feedparser's times are UTC; a date it could not read, or that no calendar has, is None."""
    try:
        return None if parsed is None else float(calendar.timegm(parsed))
    except (ValueError, OverflowError):
        return None


def _enclosures(links: Iterable[Mapping[str, Any]]) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(
            url=_line(link.get("href")),
            media_type=_line(link.get("type")),
            size=_count(link.get("length")),
            title=_line(link.get("title")),
        )
        for link in list(links)[:50]
        if link.get("rel") == "enclosure" and link.get("href")
    )


def _count(text: Any) -> int | None:
    written = str(text or "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 15 else None


def _wait(about: Mapping[str, Any]) -> float | None:
    """RSS 2.0 `ttl` in minutes, else the period and frequency of the syndication module."""
    minutes = _count(about.get("ttl"))
    if minutes:
        return minutes * 60.0
    period = _PERIODS.get(_line(about.get("sy_updateperiod")).strip().lower())
    return period / (_count(about.get("sy_updatefrequency")) or 1) if period else None


def _line(value: Any) -> str:
    return _text(value)[:MAX_LINE]


def _text(value: Any) -> str:
    """Text that can be encoded and stored: no lone surrogates, no NUL."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode().replace("\0", "")


if __name__ == "__main__":
    main()
