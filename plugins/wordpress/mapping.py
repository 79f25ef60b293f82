"""WordPress's JSON as the words of the contract. Pure.

REST API handbook, "Comments", "Posts" and "Users". Dates named `…_gmt` are UTC without saying so.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from hub.connector import Author, Incoming, Kind, Moderation, Post, Receipt, ReplyRules, Skipped, Trust
from hub.kernel.html import text_of

_AUTHOR_FIELDS = "author,author_name,author_email,author_url,author_avatar_urls"
FIELDS = f"id,post,parent,{_AUTHOR_FIELDS},date_gmt,content,link,status,_links.up"
"""What is asked of each comment: not the IP address and not the browser of its author."""

POST_FIELDS = "id,title,link,excerpt,date_gmt,comment_status"
_STATES = {
    "approved": Moderation.APPROVED,
    "hold": Moderation.HELD,
    "spam": Moderation.SPAM,
    "trash": Moderation.TRASH,
    "post-trashed": Moderation.TRASH,
}
_ROUTE = re.compile(r"/([\w-]+/v\d+/[\w-]+)/(\d+)$")
_COMMENT_ID = re.compile(r"(?:^|#comment-)(\d{1,20})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The account we are signed in with. moderates: sees all states and e-mail addresses. edits: may ask for states."""

    id: int
    author: Author
    moderates: bool
    edits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a comment hangs on: a post, page or any other type, as much of it as may be read."""

    post: Post
    closed: bool = False


def me_of(raw: Mapping[str, Any], site: str) -> Me:
    """Read users/me. Raises KeyError, TypeError or ValueError when it is none."""
    can = raw.get("capabilities") or {}
    author = Author(
        id=user_id(site, int(raw["id"])),
        handle=str(raw.get("slug") or ""),
        name=str(raw.get("name") or ""),
        url=_words(raw.get("link")),
        avatar=_avatar(raw.get("avatar_urls")),
        is_us=True,
    )
    return Me(
        id=int(raw["id"]),
        author=author,
        moderates=bool(can.get("moderate_comments")),
        edits=bool(can.get("edit_posts") or can.get("moderate_comments")),
    )


def moderation(status: str) -> Moderation:
    """The state of a comment; what a plugin of the site invented counts as held, since visitors do not see it."""
    return _STATES.get(status, Moderation.HELD)


def revision(comment: Mapping[str, Any], closed: bool) -> str:
    """Changes when people would see a change: the words, the state, and whether it can be answered."""
    content = comment["content"]
    said = content.get("raw") or content.get("rendered") or ""
    return fingerprint(json.dumps([said, comment.get("status"), closed]))


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def incoming(comment: Mapping[str, Any], article: Article | None, me: Me, site: str) -> Incoming:
    """One comment. Raises KeyError, TypeError or ValueError when it cannot be read."""
    html = str(comment["content"]["rendered"])
    closed = article is not None and article.closed
    state = moderation(str(comment.get("status", "approved")))
    return Incoming(
        remote_id=str(int(comment["id"])),
        revision=revision(comment, closed),
        kind=Kind.COMMENT,
        kind_raw="comment",
        author=_author(comment, me, site),
        text=text_of(html),
        html=html,
        created_at=instant(comment["date_gmt"]),
        parent_id=str(int(comment["parent"])) if comment.get("parent") else None,
        root_id=str(int(comment["post"])),
        post=article.post if article else post_without_details(comment),
        permalink=_words(comment.get("link")),
        moderation=state,
        reply=_rules(state, closed),
        raw=_without_mail(comment),
    )


def skipped(comment: Any, error: Exception) -> Skipped:
    """A comment that cannot be read, kept for the dead letters without its author's e-mail address."""
    kept = (
        {name: value for name, value in comment.items() if name != "author_email"}
        if isinstance(comment, dict)
        else comment
    )
    return Skipped(reason=type(error).__name__, raw=json.dumps(kept, ensure_ascii=False))


def receipt(comment: Mapping[str, Any]) -> Receipt:
    """Proof of a reply of ours. Raises KeyError, TypeError or ValueError when the answer is no comment."""
    return Receipt(
        remote_id=str(int(comment["id"])),
        at=instant(comment["date_gmt"]),
        permalink=_words(comment.get("link")),
        revision=revision(comment, closed=False),
        held=comment.get("status", "approved") != "approved",
    )


def article(raw: Mapping[str, Any]) -> Article:
    """Read one post. Raises KeyError, TypeError or ValueError when it is none."""
    post = Post(
        remote_id=str(int(raw["id"])),
        title=text_of(_rendered(raw.get("title"))),
        text=text_of(_rendered(raw.get("excerpt"))),
        link=_words(raw.get("link")),
        created_at=instant(raw["date_gmt"]) if raw.get("date_gmt") else None,
    )
    return Article(post=post, closed=raw.get("comment_status") == "closed")


def post_without_details(comment: Mapping[str, Any]) -> Post:
    """What a comment alone tells of its post, when that may not be read."""
    link = str(comment.get("link") or "").partition("#")[0]
    return Post(remote_id=str(int(comment["post"])), link=link or None)


def post_route(comment: Mapping[str, Any]) -> str:
    """The collection its post is in ("wp/v2/pages"), from the comment's own link; posts where it does not tell."""
    try:
        found = _ROUTE.search(unquote(str(comment["_links"]["up"][0]["href"])))
    except (KeyError, TypeError, IndexError):
        found = None
    return found[1] if found else "wp/v2/posts"


def comment_id(remote_id: str, permalink: str | None = None) -> int | None:
    """The number of a comment, also from the ids and links its feeds use (`…#comment-7`)."""
    found = _COMMENT_ID.search(remote_id) or _COMMENT_ID.search(permalink or "")
    return int(found[1]) if found else None


def user_id(site: str, number: int) -> str:
    return f"{_place(site)}/user/{number}"


def instant(date_gmt: str) -> datetime:
    """WordPress's UTC without a zone as an aware instant. Raises ValueError and TypeError."""
    return datetime.fromisoformat(date_gmt).replace(tzinfo=UTC)


def _author(comment: Mapping[str, Any], me: Me, site: str) -> Author:
    number = int(comment.get("author") or 0)
    return Author(
        id=user_id(site, number) if number else _visitor_id(comment, site),
        name=str(comment.get("author_name") or ""),
        url=_words(comment.get("author_url")),
        avatar=_avatar(comment.get("author_avatar_urls")),
        is_us=number == me.id,
        trust=Trust.NETWORK if number else Trust.CLAIMED,
    )


def _visitor_id(comment: Mapping[str, Any], site: str) -> str:
    # Without the right to moderate there is no e-mail address; the picture's address has a hash of it.
    mail = (
        str(comment.get("author_email") or "").lower()
        or urlsplit(_avatar(comment.get("author_avatar_urls")) or "").path
    )
    told = json.dumps([_place(site), str(comment.get("author_name") or "").strip(), mail])
    return f"{_place(site)}/visitor/{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _without_mail(comment: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in comment.items() if name != "author_email"}


def _place(site: str) -> str:
    parts = urlsplit(site)
    return parts.netloc.lower().removeprefix("www.") + parts.path.rstrip("/")


def _avatar(urls: Any) -> str | None:
    return str(next(reversed(urls.values()))) if isinstance(urls, dict) and urls else None


def _words(told: Any) -> str | None:
    """Words, or nothing: what is neither is not told further."""
    return told if isinstance(told, str) and told else None


def _rendered(field: Any) -> str:
    return str(field.get("rendered") or "") if isinstance(field, dict) else ""


def _rules(state: Moderation, closed: bool) -> ReplyRules:
    if state in (Moderation.SPAM, Moderation.TRASH):
        return ReplyRules(allowed=False, why_not=state.value)
    return ReplyRules(allowed=False, why_not="closed") if closed else ReplyRules()
