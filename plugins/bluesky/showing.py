"""What is embedded in a post: pictures, films, links, and the posts it quotes. Pure.

Views: app.bsky.embed.images, .gallery, .video, .external, .record, .recordWithMedia. One of a kind we do not know shows
what it has in common with them. The HTML is as hostile as its authors; the hub cleans it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from hub.connector import Attachment

from .record_keys import read_uri
from .rich_text import to_html

Raw = Mapping[str, Any]


def attachments_of(embed: Any) -> Iterator[Attachment]:
    """Pictures and films with their alternative text."""
    for part in _parts(embed):
        for name in ("images", "items"):
            for image in _list(part.get(name)):
                if _address(image.get("fullsize")):
                    yield Attachment(kind="image", url=str(image["fullsize"]), alt=str(image.get("alt") or ""))
        if _address(part.get("playlist")):
            url, alt = str(part["playlist"]), str(part.get("alt") or "")
            yield Attachment(kind="video", url=url, media_type="application/vnd.apple.mpegurl", alt=alt)


def embedded_html(embed: Any) -> str:
    """The card of a link, and the post that is quoted, to be read below the words."""
    return "".join(_card(part.get("external")) + _quote(part.get("record")) for part in _parts(embed))


def quoted_uri(record: Raw) -> str:
    """What a post quotes, by its own record; empty when it quotes nothing."""
    for part in _parts(record.get("embed")):
        quoted = part.get("record")
        quoted = quoted.get("record") if isinstance(quoted, dict) and isinstance(quoted.get("record"), dict) else quoted
        if isinstance(quoted, dict) and isinstance(quoted.get("uri"), str):
            return str(quoted["uri"])
    return ""


def _parts(embed: Any) -> Iterator[Raw]:
    """An embed, and the media that stand beside a quote in it."""
    if isinstance(embed, dict):
        yield embed
        if isinstance(embed.get("media"), dict):
            yield embed["media"]


def _card(external: Any) -> str:
    if not isinstance(external, dict) or not _address(external.get("uri")):
        return ""
    title = escape(str(external.get("title") or external["uri"]))
    words = escape(str(external.get("description") or ""))
    return f'<blockquote><p><a href="{escape(str(external["uri"]))}">{title}</a></p><p>{words}</p></blockquote>'


def is_detached(embed: Any) -> bool:
    """Whether the author of the quoted post took it out of this quote."""
    return any(_quoted(part.get("record")).get("detached") is True for part in _parts(embed))


def _quote(record: Any) -> str:
    """A quoted post; of one that is gone, shut to us or taken out of the quote only where it is, or was."""
    record = _quoted(record)
    value = record.get("value")
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return _link_to(record.get("uri"))
    author = record.get("author")
    handle = author.get("handle") if isinstance(author, dict) else None
    who = f"<p>@{escape(str(handle))}:</p>" if handle and handle != "handle.invalid" else ""
    return f"<blockquote>{who}{to_html(value['text'], value.get('facets'))}</blockquote>"


def _quoted(record: Any) -> Raw:
    """The view of a quoted post; beside media it lies one deeper."""
    if isinstance(record, dict) and isinstance(record.get("record"), dict):
        record = record["record"]
    return record if isinstance(record, dict) else {}


def _link_to(uri: Any) -> str:
    try:
        post = read_uri(str(uri))
    except ValueError:
        return ""
    if post.collection != "app.bsky.feed.post":
        return ""
    address = escape(f"https://bsky.app/profile/{post.did}/post/{post.key}")
    return f'<blockquote><p><a href="{address}">{address}</a></p></blockquote>'


def _list(items: Any) -> list[Raw]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _address(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(("https://", "http://"))
