"""What an entry is called, what it hangs on, and which comment of a companion channel it is. Pure.

Ids are compared in a canonical form, because proxies and caches rewrite them (`&#038;` for `&amp;`, http to https).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from urllib.parse import SplitResult, urlsplit

from .document import Entry

MAX_ID = 500

_COMMENT_ID = re.compile(r"#comment-(\d{1,20})\Z")
_COMMENT_FRAGMENT = re.compile(r"(?=[\w-]{1,80}\Z)(?=\D{0,80}\d)(?:[\w-]{0,20}comment|c\d|isso-)", re.IGNORECASE)
_COMMENT_PAGE = re.compile(r"/comment-page-\d+/?\Z")
_COMMENT_QUERY = {"cpage", "replytocom", "showcomment", "unapproved", "moderation-hash"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An entry's own names. `revision` changes with what people read, `fingerprint` does not with the id.

    fingerprint: empty without a date, since then it could fit another entry as well.
    """

    remote_id: str
    revision: str
    fingerprint: str


def identify(entry: Entry, *, as_comment: bool) -> Identity:
    """Return what an entry is called: its id, else its link with the fragment, else a hash of all it says."""
    told = f"{entry.author}\n{entry.published or ''}\n{entry.title}\n{entry.content}"
    # The title of a comment is made from its article's: a renamed article is no news about its comments.
    read = [entry.author, entry.content] if as_comment and entry.content else [entry.author, entry.title, entry.content]
    return Identity(
        remote_id=canonical(entry.id) or canonical(entry.link) or "sha256:" + _sha256(told),
        revision="h1:" + _sha256("\0".join(read)),
        fingerprint=_sha256(told) if entry.published is not None else "",
    )


def canonical(name: str) -> str:
    """An id or address in the form it is compared and stored in, at most MAX_ID characters."""
    plain = unescape(unescape(name)).strip()
    if plain[:7].lower() == "http://":
        plain = "https://" + plain[7:]
    return plain if len(plain) <= MAX_ID else "sha256:" + _sha256(plain)


def is_comment(entry: Entry) -> bool:
    """Whether an entry says of itself that it is a comment, by a parent or by its address."""
    return bool(entry.parent_ref or _comment_fragment(entry.id) or _comment_fragment(entry.link))


def article_link(link: str) -> str:
    """The address of the article a comment's link leads into."""
    parts = _split(unescape(link).strip())
    if parts is None:
        return ""
    query = "&".join(pair for pair in parts.query.split("&") if pair.partition("=")[0].lower() not in _COMMENT_QUERY)
    return parts._replace(path=_COMMENT_PAGE.sub("/", parts.path), query=query, fragment="").geturl()


def root_of(entry: Entry, is_known: Callable[[str], bool]) -> str | None:
    """What a comment's thread hangs on, the same for all comments of one article; None where nothing tells.

    WordPress names a comment by its article's id and a fragment; others link to a place in the article's page. Where
    neither is so, the thing answered is the article, unless it is known as a comment (`is_known`): then only the
    parent's thread is known.
    """
    if _comment_fragment(entry.id):
        return canonical(article_link(entry.id))
    if _comment_fragment(entry.link):
        return canonical(article_link(entry.link))
    ref = canonical(entry.parent_ref)
    return None if not ref or is_known(ref) or _comment_fragment(entry.parent_ref) else ref


def parent_of(entry: Entry, root_id: str | None, is_known: Callable[[str], bool]) -> str | None:
    """The comment an entry answers, or None where it answers the article. `is_known`: whether an id is an entry's."""
    ref = canonical(entry.parent_ref)
    if not ref or ref == root_id:
        return None
    is_comment_ref = is_known(ref) or _comment_fragment(entry.parent_ref) or _comment_fragment(entry.parent_href)
    return ref if is_comment_ref else None


def comment_number(*names: str | None) -> str | None:
    """The comment's number in the blog engine, from the first id or link that ends in `#comment-N`."""
    for name in names:
        if name and (found := _COMMENT_ID.search(unescape(name).strip())):
            return found[1]
    return None


def _comment_fragment(name: str) -> bool:
    _, hash_mark, fragment = unescape(name).strip().rpartition("#")
    return bool(hash_mark) and _COMMENT_FRAGMENT.match(fragment) is not None


def _split(link: str) -> SplitResult | None:
    try:
        return urlsplit(link)
    except ValueError:
        return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
