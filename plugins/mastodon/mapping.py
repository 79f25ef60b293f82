"""Mastodon's JSON as the words of the contract. Pure.

Entities: docs.joinmastodon.org, "Status", "Notification", "Account". Servers that speak its API leave fields out, so
everything but ids, authors and dates may be missing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import urlsplit

from hub.connector import Attachment, Author, Incoming, Kind, Post, Receipt, ReplyRules, Skipped, Visibility
from hub.kernel.html import text_of

from .details import emoji, emoji_of, poll_of
from .showing import shown
from .wording import without_leading_mentions

VISIBILITIES = {
    "public": Visibility.PUBLIC,
    "unlisted": Visibility.UNLISTED,
    "private": Visibility.FOLLOWERS,
    "direct": Visibility.DIRECT,
}
_MEDIA = {"image": "image", "video": "video", "gifv": "video", "audio": "audio"}
QUOTABLE = ("automatic", "manual")
"""What a status says of us that may be quoted: at once, or when its author agrees."""

_DONE = {"favourited": "like", "reblogged": "boost", "bookmarked": "bookmark"}
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading an item that is not as it should be raises."""

Raw = Mapping[str, Any]

_ID = re.compile(r"[!-~]{1,200}")
"""What an id may look like: it becomes part of addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Our account on this server; `domain` completes the names of its other accounts."""

    id: str
    domain: str
    author: Author


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known around a status: how it came (`mention`, `quote`, `context` …), and what its thread hangs on."""

    came_as: str
    root_id: str | None = None
    post: Post | None = None


CONTEXT = Setting(came_as="context")


def me_of(account: Raw, domain: str) -> Me:
    """Read verify_credentials. Raises KeyError, TypeError, ValueError or AttributeError when it is none."""
    id = name_of(account["id"])
    return Me(id=id, domain=domain, author=author_of(account, domain, our_id=id))


def author_of(account: Raw, domain: str, our_id: str) -> Author:
    """An account as an author. Its id is the actor's URI where the server tells it, else its full name."""
    full = _full(account, domain)
    pleroma = account.get("pleroma")
    uri = account.get("uri") or (pleroma.get("ap_id") if isinstance(pleroma, dict) else None)
    return Author(
        id=str(uri or f"acct:{full}"),
        handle=f"@{full}",
        name=str(account.get("display_name") or account.get("username") or ""),
        emoji=emoji(account.get("emojis")),
        url=_words(account.get("url")),
        avatar=_words(account.get("avatar_static")) or _words(account.get("avatar")),
        is_us=name_of(account["id"]) == our_id,
        is_bot=bool(account.get("bot")),
    )


def incoming(status: Raw, me: Me, setting: Setting) -> Incoming:
    """One status. Raises KeyError, TypeError, ValueError or AttributeError when it cannot be read."""
    author = author_of(status["account"], me.domain, me.id)
    words, poll = shown(status, ours=author.is_us, with_choices=True), poll_of(status)
    visibility_raw = str(status.get("visibility") or "")
    reply_to = status.get("in_reply_to_id")
    others = tuple(_others(status, me))
    return Incoming(
        remote_id=name_of(status["id"]),
        revision=revision(status),
        kind=_kind(status, me, setting),
        kind_raw=setting.came_as,
        author=author,
        text=_our_words(status, words) if author.is_us else text_of(words),
        html=words if poll is None else shown(status, ours=author.is_us),
        emoji=emoji_of(status),
        poll=poll,
        created_at=instant(status["created_at"]),
        edited_at=instant(status["edited_at"]) if status.get("edited_at") else None,
        global_id=_words(status.get("uri")),
        parent_id=name_of(reply_to) if reply_to else None,
        root_id=setting.root_id,
        post=setting.post,
        addressed=is_addressed(status, me, setting),
        # What we do not know is taken as the narrowest we know, so that no answer is wider.
        visibility=VISIBILITIES.get(visibility_raw, Visibility.DIRECT),
        visibility_raw=visibility_raw,
        language=_words(status.get("language")),
        content_warning=str(status.get("spoiler_text") or ""),
        attachments=tuple(_attachments(status.get("media_attachments"))),
        permalink=permalink(status),
        done=done(status),
        undone=tuple(action for field, action in _DONE.items() if status.get(field) is False),
        reply=ReplyRules(must_mention=_named(others, author, me), impossible=impossible(status, me)),
        raw={"type": setting.came_as, "status": status, "mention": [_acct(each) for each in others]},
    )


def done(status: Raw) -> tuple[str, ...]:
    """What our account has done to a status, in the words of the actions."""
    return tuple(action for field, action in _DONE.items() if status.get(field) is True)


def impossible(status: Raw, me: Me) -> tuple[str, ...]:
    """What Mastodon refuses to do with a status: spread what was not said in public, quote where the author says no."""
    narrow = status.get("visibility") not in ("public", "unlisted")
    spread = ("boost", "unboost") if narrow and not is_ours(status, me) else ()
    approval = status.get("quote_approval")
    told = approval.get("current_user") if isinstance(approval, dict) else None
    return spread if told in QUOTABLE and not narrow else (*spread, "quote")


def is_addressed(status: Raw, me: Me, setting: Setting) -> bool:
    """Whether a status is meant for us, rather than told as part of a thread."""
    if setting.came_as in ("mention", "quote", "status", "tag"):
        return True
    return setting.came_as == "update" and any(
        name_of(mention["id"]) == me.id for mention in status.get("mentions") or ()
    )


def as_post(status: Raw, me: Me) -> Post:
    """A status as what a thread hangs on."""
    return Post(
        remote_id=name_of(status["id"]),
        text=text_of(shown(status, ours=is_ours(status, me))),
        emoji=emoji_of(status),
        poll=poll_of(status),
        link=permalink(status),
        created_at=instant(status["created_at"]),
    )


def is_ours(status: Raw, me: Me) -> bool:
    return name_of(status["account"]["id"]) == me.id


def receipt(status: Raw) -> Receipt:
    """Proof of a post of ours. Raises KeyError, TypeError or ValueError when the answer is none."""
    return Receipt(
        remote_id=name_of(status["id"]),
        at=instant(status["created_at"]),
        permalink=permalink(status),
        revision=revision(status),
    )


def permalink(status: Raw) -> str | None:
    """Where people look at a status."""
    return _words(status.get("url")) or _words(status.get("uri"))


def revision(status: Raw) -> str:
    """Changes when the author changes the words, and when a quote comes or goes."""
    told = [str(status.get("edited_at") or "")]
    if "edited_at" not in status:
        media = [(each.get("id"), each.get("description")) for each in status.get("media_attachments") or ()]
        kept = [status.get("content"), status.get("spoiler_text"), status.get("visibility"), media]
        told = [fingerprint(json.dumps(kept, default=str))]
    quote = status.get("quote")
    if isinstance(quote, dict) and quote.get("state"):
        told.append(str(quote["state"]))
    return " ".join(filter(None, told)) or "1"


def skipped(item: Any, error: Exception) -> Skipped:
    return Skipped(reason=f"{type(error).__name__}: {error}", raw=json.dumps(item, ensure_ascii=False, default=str))


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def name_of(id: Any) -> str:
    """An id as the text it is; some servers write it as a number. Raises ValueError and TypeError for anything else."""
    if type(id) not in (str, int) or not _ID.fullmatch(str(id)):
        raise TypeError(f"{str(id)[:100]!r} is no id")
    return str(id)


def instant(written: str) -> datetime:
    """An ISO 8601 date as aware UTC. Raises ValueError and TypeError."""
    read = datetime.fromisoformat(written)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _kind(status: Raw, me: Me, setting: Setting) -> Kind:
    if status.get("visibility") == "direct":
        return Kind.DIRECT
    if setting.came_as == "quote":
        return Kind.QUOTE
    if setting.came_as in ("mention", "tag") and status.get("in_reply_to_id"):
        answers_us = str(status.get("in_reply_to_account_id") or "") == me.id
        return Kind.REPLY if answers_us else Kind.MENTION
    return Kind.REPLY if status.get("in_reply_to_id") else Kind.MENTION


def _our_words(status: Raw, html: str) -> str:
    """What we wrote, as we wrote it: with the full names Mastodon shortens, and without those in front of an answer."""
    for mention in status.get("mentions") or ():
        link = re.escape(escape(str(mention.get("url") or "")))
        if link:
            html = re.sub(rf'<a\b[^>]*href="{link}"[^>]*>.*?</a>', f"@{_acct(mention)}", html, flags=re.DOTALL)
    words = text_of(html)
    return without_leading_mentions(words) if status.get("in_reply_to_id") else words


def _others(status: Raw, me: Me) -> Iterable[Raw]:
    """Whom an answer has to name: the author, then whom the author named; never ourselves."""
    told: set[str] = set()
    for account in (status["account"], *(status.get("mentions") or ())):
        id = name_of(account["id"])
        if id != me.id and id not in told:
            told.add(id)
            yield account


def _named(others: tuple[Raw, ...], author: Author, me: Me) -> tuple[Author, ...]:
    """Those accounts as authors; the first is whoever wrote the status, unless we did."""
    rest = others if author.is_us else others[1:]
    named = tuple(author_of(account, me.domain, me.id) for account in rest)
    return named if author.is_us else (author, *named)


def _words(told: Any) -> str | None:
    """Words, or nothing: what is neither is not told further."""
    return told if isinstance(told, str) and told else None


def _acct(account: Raw) -> str:
    return str(account.get("acct") or account["username"])


def _full(account: Raw, domain: str) -> str:
    acct = _acct(account)
    return acct if "@" in acct else f"{acct}@{domain}"


def _attachments(media: Any) -> Iterable[Attachment]:
    for each in media or ():
        url = each.get("url") or each.get("remote_url") or each.get("preview_url")
        if url:
            yield Attachment(
                kind=_MEDIA.get(str(each.get("type")), "file"),
                url=str(url),
                media_type=_words((each.get("pleroma") or {}).get("mime_type")),
                alt=str(each.get("description") or ""),
            )


def domain_of(account: Raw, instance: Raw, address: str) -> str:
    """The name of the server in its accounts' names; it need not be where the server is reached."""
    told = str(instance.get("domain") or instance.get("uri") or instance.get("account_domain") or "")
    named = urlsplit(told if "://" in told else f"//{told}").hostname
    fqn = str(account.get("fqn") or "")
    return fqn.rpartition("@")[2] or named or urlsplit(address).hostname or ""
