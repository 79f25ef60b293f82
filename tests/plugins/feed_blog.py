"""A blog that serves its comments as WordPress does, with a pen for tests: `blog.comments("Nice!", by="Ann")`."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from hub_plugins.feed.connector import FeedConnector, FeedSettings
from hub_plugins.feed.document import Feed
from hub_plugins.feed.parsing import parse

from hub.connector import Context
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.script import Answer, Arrival, Fault
from hub.testing.server import FakeServer

SITE = "https://garden.example"
COMMENTS = "/comments/feed/atom/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    number: int
    by: str
    html: str
    at: datetime
    parent: str | None = None
    article: int = 1
    odd: str = ""

    @property
    def id(self) -> str:
        return f"{SITE}/?p={self.article}#comment-{self.number}"

    @property
    def link(self) -> str:
        return f"{SITE}/article-{self.article}/#comment-{self.number}"


class Blog:
    """Comments on articles, newest first in its feeds. ETag and 304 as WordPress has them."""

    def __init__(self, server: FakeServer, clock: FrozenClock, path: str = COMMENTS) -> None:
        self.clock = clock
        self.url = server.url + path
        self.written: list[Comment] = []
        self._numbers = itertools.count(1)
        self.next_faults: list[str] = []
        self.headers: dict[str, str] = {}
        server.on("GET", path).runs(self.answer)

    def comments(
        self, html: str, *, by: str = "Ann", parent: str | None = None, at: datetime | None = None, article: int = 1
    ) -> str:
        self.written.append(
            Comment(number=next(self._numbers), by=by, html=html, at=at or self.clock(), parent=parent, article=article)
        )
        return self.written[-1].id

    def changes(self, id: str, **fields: str) -> None:
        self.written = [dataclasses.replace(c, **fields) if c.id == id else c for c in self.written]  # type: ignore[arg-type]

    def forgets(self, id: str) -> None:
        self.written = [comment for comment in self.written if comment.id != id]

    def answer(self, arrival: Arrival) -> Answer:
        if self.next_faults:
            return self._fault(self.next_faults.pop(0))
        body = self.atom().encode()
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:12]}"'
        headers = {"ETag": etag, "Content-Type": "application/atom+xml; charset=UTF-8", **self.headers}
        if arrival.headers.get("If-None-Match") == etag:
            return Answer(status=304, headers=headers)
        return Answer(body=body, headers=headers)

    def _fault(self, word: str) -> Answer:
        later = format_datetime(self.clock() + timedelta(minutes=5), usegmt=True)
        return {
            "down": Answer(status=502),
            "drop": Answer(body=self.atom().encode(), fault=Fault.TRUNCATE),
            "seconds": Answer(status=429, headers={"Retry-After": "90"}),
            "date": Answer(status=429, headers={"Retry-After": later}),
        }[word]

    def atom(self) -> str:
        newest_first = sorted(self.written, key=lambda comment: (comment.at, comment.number), reverse=True)
        entries = "".join(atom_entry(comment) for comment in newest_first)
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-US"'
            ' xmlns:thr="http://purl.org/syndication/thread/1.0"><title type="text">Comments for Garden</title>'
            f'<link rel="alternate" type="text/html" href="{SITE}" /><id>{SITE}{COMMENTS}</id>{entries}</feed>'
        )


def atom_entry(comment: Comment) -> str:
    """One entry as feed-atom-comments.php writes it; `odd` instead of it, or `{…}` inside for something new."""
    if comment.odd.startswith("<"):
        return comment.odd
    ref = comment.parent or f"{SITE}/?p={comment.article}"
    href = f"{SITE}/article-{comment.article}/" + (f"#{ref.partition('#')[2]}" if comment.parent else "")
    return f"""<entry>{comment.odd.strip("{}")}
        <title>Comment on Hard &amp; soft water by {escape(comment.by)}</title>
        <link rel="alternate" href="{comment.link}" type="text/html" />
        <author><name>{escape(comment.by)}</name><uri>https://people.example/{comment.by}</uri></author>
        <id>{comment.id}</id><updated>{comment.at:%Y-%m-%dT%H:%M:%SZ}</updated>
        <published>{comment.at:%Y-%m-%dT%H:%M:%SZ}</published>
        <content type="html" xml:base="{comment.link}">{escape(comment.html)}</content>
        <thr:in-reply-to ref={quoteattr(ref)} href={quoteattr(href)} type="text/html" /></entry>"""


class CountedParse:
    """Parses, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, body: bytes, content_type: str, url: str, seconds: float) -> Feed:
        self.calls += 1
        return parse(body, content_type, url, seconds)


class Reader:
    """A feed connector on a fake server, with its counted parser."""

    def __init__(self, server: FakeServer, clock: FrozenClock, data: Path, *, also: str | None = None) -> None:
        self.parse = CountedParse()
        self.door = Door(allow=[server.address, *([also] if also else [])])
        self.context = Context(http=self.door, clock=clock, log=logging.getLogger("hub.feed"), data=data)

    def of(self, address: str, *, answers_through: int | None = None) -> FeedConnector:
        settings = FeedSettings(address=address, answers_through=answers_through)
        return FeedConnector(settings, self.context, self.parse)

    def close(self) -> None:
        self.door.close()
