"""The connector of a feed: talks to its address, remembers in the cursor, reads only what has changed."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import NoReturn

from hub import Author, Check, Connector, Context, Features, Page, Skipped, Target, Trust, setting
from hub.errors import ConnectorError, Gone, Misconfigured, Unavailable
from hub.kernel.html import one_line, safe_link, text_of

from .cursor import Cursor, forget_redirect, read_cursor, with_answer, with_redirect, write_cursor
from .discovery import as_wordpress_atom, feeds_of, is_comments_address
from .document import Feed, Unreadable
from .fetching import CHECK_SECONDS, Answer, fetch, pull_after
from .identity import canonical, is_comment
from .mapping import companion_target, incoming
from .news import knows, news
from .parsing import Parse, parse

CHECK_PARSE_SECONDS = 4.0
PULL_PARSE_SECONDS = 12.0

_OFFERED = 3
_WRONG_ADDRESS = {"feed_not_found", "sign_in_needed", "unexpected_answer", "too_large", "redirects", "encoding"}
"""Reasons that are passing at a pull, but at a check most likely the address's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """address: of the feed itself. answers_through: the id of the channel that answers are posted by."""

    address: str = setting(
        "Address of the feed",
        help="RSS, Atom or JSON Feed. Comments of a WordPress blog: its address with /comments/feed/atom/ behind it.",
        kind="url",
    )
    answers_through: int | None = setting(
        "Answer through",
        help="The channel of the same blog that can post comments. Without one you can read, but not answer.",
        kind="channel",
        default=None,
    )


class FeedConnector(Connector):
    """One feed of comments or of articles that mention us."""

    kind = "feed"
    label = "Feed"
    Settings = FeedSettings
    features = Features(threads=True, edits=True)

    def __init__(self, settings: FeedSettings, context: Context, parse: Parse = parse) -> None:
        super().__init__(settings, context)
        self._parse = parse

    def check(self) -> Check:
        """Fetch and read the feed once. Raises Misconfigured at the address for whatever waiting does not mend."""
        try:
            answer = fetch(self.context.http, self.context.clock, self.settings.address, seconds=CHECK_SECONDS)
            feed = self._read(answer, CHECK_PARSE_SECONDS)
        except Unreadable as error:
            _refuse_address(error.reason, _offers(answer) if error.reason == "page_not_feed" else error.detail)
        except ConnectorError as error:
            if error.reason in _WRONG_ADDRESS or isinstance(error, (Gone, Misconfigured)):
                raise _at_address(error) from error
            raise
        title = one_line(text_of(feed.title))
        return Check(
            account=Author(
                id=canonical(answer.url),
                name=title,
                url=safe_link(feed.link) or answer.url,
                is_us=True,
                trust=Trust.CLAIMED,
            ),
            title=title,
            can_send=False,
            warnings=_warnings(feed, answer),
        )

    def pull(self, cursor: str | None) -> Page:
        """Tell what is new in the feed; nothing is parsed when it has not changed."""
        known, is_first = read_cursor(cursor, self.settings.address)
        known, answer = self._fetch(known)
        digest = hashlib.sha256(answer.body).hexdigest() if answer.body is not None else known.digest
        known = with_redirect(known, answer.moved_to)
        if answer.body is None or digest == known.digest:
            remembered = _with_answer(known, answer, digest, known.wait)
            return Page(cursor=write_cursor(remembered), pull_after=pull_after(known.wait, answer.max_age))
        return self._page(known, answer, digest, is_first)

    @classmethod
    def companion_target(cls, target: Target) -> Target | None:
        """The same comment as the companion channel knows it, by the number in its id or link."""
        number = companion_target(target)
        if number is None:
            return None
        # The rest is this feed's own way of naming things, and would mislead the companion.
        return dataclasses.replace(target, remote_id=number, revision="", root_id=None, raw={})

    def _fetch(self, known: Cursor) -> tuple[Cursor, Answer]:
        """Ask where a permanent redirect has led us; when nothing is there any more, ask the address given to us."""
        http, clock = self.context.http, self.context.clock
        try:
            return known, fetch(http, clock, known.asked, known=known)
        except ConnectorError as error:
            if not known.url or error.reason not in ("feed_gone", "feed_not_found"):
                raise
        known = forget_redirect(known)
        return known, fetch(http, clock, known.asked, known=known)

    def _read(self, answer: Answer, seconds: float) -> Feed:
        # feedparser joins relative ids to this address: it must not change with the redirects.
        return self._parse(answer.body or b"", answer.content_type, self.settings.address, seconds)

    def _page(self, known: Cursor, answer: Answer, digest: str, is_first: bool) -> Page:
        try:
            feed = self._read(answer, PULL_PARSE_SECONDS)
        except Unreadable as error:
            raise Unavailable(error.reason, detail=error.detail) from error
        now = self.context.clock()
        found = news(feed, known, now, comments=is_comments_address(answer.url))
        is_known = knows(found.items, found.cursor)
        # What is left for the next pull must not be hidden from it by "not modified".
        remembered = found.cursor if found.left else _with_answer(found.cursor, answer, digest, feed.wait)
        return Page(
            cursor=write_cursor(remembered),
            messages=tuple(
                incoming(item, feed, now, is_known=is_known, has_companion=self.settings.answers_through is not None)
                for item in found.items
            ),
            skipped=tuple(Skipped(reason=unread.reason, raw=unread.raw) for unread in found.unread),
            more=found.left,
            history=is_first or found.is_old_stock,
            pull_after=None if found.left else pull_after(feed.wait, answer.max_age),
        )


def _at_address(error: ConnectorError) -> Misconfigured:
    kind = type(error) if isinstance(error, Misconfigured) else Misconfigured
    return kind(error.reason, detail=error.detail, field="address")


def _refuse_address(reason: str, detail: str) -> NoReturn:
    raise Misconfigured(reason, detail=detail, field="address")


def _offers(answer: Answer) -> str:
    """The feeds a page offers instead of being one, for the person who gave its address."""
    page = (answer.body or b"").decode("utf-8", "replace")
    return "\n".join(feeds_of(page, answer.url)[:_OFFERED])


def _with_answer(cursor: Cursor, answer: Answer, digest: str, wait: float | None) -> Cursor:
    # A 304 may bring newer validators; where it brings none the old ones stand.
    old = cursor if answer.body is None else Cursor()
    return with_answer(
        cursor,
        final=answer.url,
        etag=answer.etag or old.etag,
        modified=answer.modified or old.modified,
        digest=digest,
        wait=wait,
    )


def _warnings(feed: Feed, answer: Answer) -> tuple[str, ...]:
    has_comments = is_comments_address(answer.url) or any(is_comment(entry) for entry in feed.entries)
    found = {
        "no_comments": bool(feed.entries) and not has_comments,
        "atom_tells_parents": as_wordpress_atom(answer.url) is not None and feed.version.startswith("rss"),
    }
    return tuple(word for word, holds in found.items() if holds)
