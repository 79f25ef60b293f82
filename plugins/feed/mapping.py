"""Entries as messages. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any

import msgspec

from hub import Attachment, Author, Incoming, Kind, Post, ReplyRules, Target, Trust
from hub.kernel.html import one_line, safe_link, text_of, visible_controls

from .document import Enclosure, Entry, Feed
from .identity import article_link, canonical, comment_number, parent_of, root_of
from .news import Item

EDITED_AFTER = 60.0
"""Seconds between publishing and updating that are still one act of writing."""

_LONGEST_TITLE = 300
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
_ABOUT = re.compile(
    r"(?:comment(?:s)? (?:on|to)|kommentar(?:e)? (?:zu|auf|till|til)|commentaires? sur|comentarios? (?:en|sobre|em)"
    r"|comentários? (?:em|sobre|a)|commenti? (?:su|a)|reacties? op|komentarz(?:e)? do)\s*:?\s+",
    re.IGNORECASE,
)


def incoming(
    item: Item, feed: Feed, now: datetime, *, is_known: Callable[[str], bool], has_companion: bool
) -> Incoming:
    """One entry as a message: a comment under its article, or an article that mentions us."""
    entry = item.entry
    created_at = instant(entry.published) or instant(entry.updated)
    root_id = root_of(entry, is_known) if item.is_comment else None
    permalink = safe_link(entry.link)
    can_answer = has_companion and comment_number(item.identity.remote_id, permalink) is not None
    return Incoming(
        remote_id=item.identity.remote_id,
        revision=item.identity.revision,
        kind=Kind.COMMENT if item.is_comment else Kind.MENTION,
        kind_raw="comment" if item.is_comment else "entry",
        author=author(entry, item.identity.remote_id),
        text=text(entry, with_title=not item.is_comment),
        html=html(entry, with_title=not item.is_comment),
        created_at=created_at or now,
        date_guessed=created_at is None,
        edited_at=edited_at(entry),
        parent_id=parent_of(entry, root_id, is_known) if item.is_comment else None,
        root_id=root_id,
        post=post(entry, feed, root_id) if root_id else None,
        language=language(entry.language or feed.language),
        attachments=tuple(attachment(enclosure) for enclosure in entry.enclosures if safe_link(enclosure.url)),
        permalink=permalink,
        reply=ReplyRules() if can_answer else ReplyRules(allowed=False, why_not="read_only"),
        raw=raw(entry),
    )


def author(entry: Entry, remote_id: str) -> Author:
    """Who says to have written it; a feed proves nothing. Nameless ones are each somebody of their own."""
    name, url = one_line(entry.author), safe_link(entry.author_url)
    told = f"{name.casefold()}\n{canonical(url or '')}" if name or url else f"\n{remote_id}"
    return Author(
        id="claimed:" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:32],
        name=name,
        url=url,
        avatar=safe_link(entry.avatar),
        trust=Trust.CLAIMED,
    )


def title_of(entry: Entry) -> str:
    """The title as one line of text, whether it was written as HTML or not."""
    return one_line(text_of(entry.title) if entry.title_html else entry.title, _LONGEST_TITLE)


def text(entry: Entry, *, with_title: bool) -> str:
    body = text_of(entry.content) if entry.html else visible_controls(entry.content).strip()
    title = title_of(entry) if with_title or not body else ""
    return "\n\n".join(part for part in (title, body) if part)


def html(entry: Entry, *, with_title: bool) -> str | None:
    """The content as it came, with the title in front of an article's; None for plain text."""
    if not entry.html:
        return None
    title = title_of(entry) if with_title else ""
    return f"<p><strong>{escape(title)}</strong></p>{entry.content}" if title else entry.content


def post(entry: Entry, feed: Feed, root_id: str) -> Post:
    """The article that is commented: all comments of one feed give it the same name, id and link."""
    link = safe_link(article_link(entry.link)) or safe_link(entry.parent_href)
    return Post(remote_id=root_id, title=article_title(entry, feed), link=link)


def article_title(entry: Entry, feed: Feed) -> str:
    """The article's title out of "Comment on TITLE by AUTHOR", or out of the feed's where that is "By: AUTHOR"."""
    title, name = title_of(entry), one_line(entry.author)
    if name and title.endswith(name):
        # What is left ends in the word for "by", whatever the language: "… von", "… par", or "By:" alone.
        before, _, _ = title.removesuffix(name).rstrip().rpartition(" ")
        title = before or one_line(text_of(feed.title), _LONGEST_TITLE)
    about = _ABOUT.match(title)
    return title[about.end() :] if about else title


def edited_at(entry: Entry) -> datetime | None:
    if entry.published is None or entry.updated is None or entry.updated - entry.published < EDITED_AFTER:
        return None
    return instant(entry.updated)


def instant(seconds: float | None) -> datetime | None:
    """An aware UTC instant, or None for a date no calendar has."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def language(tag: str) -> str | None:
    return tag if _LANGUAGE.fullmatch(tag) else None


def attachment(enclosure: Enclosure) -> Attachment:
    kind = enclosure.media_type.partition("/")[0].lower()
    return Attachment(
        kind=kind if kind in ("image", "video", "audio") else "file",
        url=safe_link(enclosure.url) or "",
        media_type=enclosure.media_type or None,
        alt=one_line(enclosure.title),
        size=enclosure.size,
    )


def raw(entry: Entry) -> dict[str, Any]:
    """What the entry says, without its empty fields."""
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    return {name: value for name, value in fields.items() if value not in (None, "", False, [], ())}


def companion_target(target: Target) -> str | None:
    """The number of the comment in the blog engine behind the feed, or None where the feed does not tell it."""
    return comment_number(target.remote_id, target.permalink)
