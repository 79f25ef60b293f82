"""What connectors cost by themselves: a feed that has not changed (G13), and reading each item (G14). No network.

python -m benchmarks.parsing
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from hub_plugins.bluesky import mapping as bluesky
from hub_plugins.feed.child import read
from hub_plugins.feed.connector import FeedConnector, FeedSettings
from hub_plugins.feed.cursor import read_cursor
from hub_plugins.feed.mapping import incoming
from hub_plugins.feed.news import knows, news
from hub_plugins.mastodon import mapping as mastodon

from benchmarks.__main__ import read_plan
from benchmarks.figures import FLOOR, HUB, Figures, Job, print_table
from benchmarks.floor.conversations import body
from hub.connector import Author, Context
from hub.kernel.clock import system_clock
from hub.kernel.http import Response

ADDRESS = "https://garden.example/comments/feed/atom/"
SAME_HASH = Job(goal="G13", title="unchanged feed, same bytes", most=3.0, unit="µs", grows=False)
NOT_MODIFIED = Job(goal="G13", title="unchanged feed, 304", most=3.0, unit="µs", grows=False)
MASTODON = Job(goal="G14", title="Mastodon status, JSON and mapping", most=10.0, unit="µs each", grows=False)
BLUESKY = Job(goal="G14", title="Bluesky post, JSON and mapping", most=10.0, unit="µs each", grows=False)
FEED = Job(goal="G14", title="feed entry, reading and mapping", most=3.0, unit="µs each", grows=False)
ITEMS = 100
_SAID = "2026-03-01T10:00:00.000Z"


class _Door:
    """Answers at once, with the bytes of the feed or with 304."""

    def __init__(self, feed: bytes) -> None:
        self.feed = feed
        self.not_modified = False

    def request(self, method: str, url: str, **how: object) -> Response:
        status, sent = (304, b"") if self.not_modified else (200, self.feed)
        return Response(status=status, headers={"ETag": '"1"'}, body=sent, url=url, history=())


def measure(figures: Figures, *, rounds: int, repeats: int = 20) -> None:
    """Rounds that take every side in turn; CPU time of this process, a busy machine counts less."""
    feed = _feed()
    statuses = json.dumps([_status(number) for number in range(ITEMS)])
    posts = json.dumps([_post(number) for number in range(ITEMS)])
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        door = _Door(feed)
        context = Context(http=door, clock=system_clock, log=logging.getLogger("hub.bench"), data=Path(folder))  # type: ignore[arg-type]
        connector = FeedConnector(FeedSettings(address=ADDRESS), context)
        cursor = connector.pull(None).cursor

        def polled(not_modified: bool) -> Callable[[], object]:
            def poll() -> object:
                door.not_modified = not_modified
                return connector.pull(cursor)

            return poll

        sides: list[tuple[Job, int, Callable[[], object], Callable[[], object]]] = [
            (SAME_HASH, 1, lambda: hashlib.sha256(feed).hexdigest(), polled(False)),
            (NOT_MODIFIED, 1, lambda: hashlib.sha256(feed).hexdigest(), polled(True)),
            (MASTODON, ITEMS, lambda: json.loads(statuses), lambda: _read_statuses(statuses)),
            (BLUESKY, ITEMS, lambda: json.loads(posts), lambda: _read_posts(posts)),
            (FEED, ITEMS, lambda: _walk(feed), lambda: _read_feed(feed)),
        ]
        for _ in range(rounds):
            for job, items, floor, hub in sides:
                figures.note(job, ITEMS, FLOOR, _each(floor, repeats, items))
                figures.note(job, ITEMS, HUB, _each(hub, repeats, items))


def _each(work: Callable[[], object], repeats: int, items: int) -> float:
    began = process_time()
    for _ in range(repeats):
        work()
    return (process_time() - began) / repeats / items * 1_000_000


def _read_statuses(told: str) -> list[object]:
    me = mastodon.Me(id="1", domain="social.example", author=Author(id="1", is_us=True))
    setting = mastodon.Setting(came_as="mention")
    return [mastodon.incoming(status, me, setting) for status in json.loads(told)]


def _read_posts(told: str) -> list[object]:
    me, setting = bluesky.Me(did="did:plc:us"), bluesky.Setting(came_as="mention")
    return [bluesky.incoming(post, me, setting) for post in json.loads(told)]


def _read_feed(body: bytes) -> list[object]:
    """As the feed's own child and its connector do, without starting the child."""
    feed = read(body, "application/atom+xml", ADDRESS)
    cursor, _ = read_cursor(None, ADDRESS)
    now = system_clock()
    found = news(feed, cursor, now, comments=True)
    is_known = knows(found.items, found.cursor)
    messages = [incoming(item, feed, now, is_known=is_known, has_companion=True) for item in found.items]
    assert len(messages) == ITEMS
    return [*messages]


def _walk(body: bytes) -> list[tuple[str, str | None]]:
    return [(element.tag, element.text) for element in ElementTree.fromstring(body).iter()]


def _words(number: int, words: int = 30) -> str:
    return body(random.Random(number), words)


def _feed() -> bytes:
    entries = "".join(
        f"<entry><title>Comment by A{number}</title><link rel='alternate' href='https://garden.example/a/#comment-{number}'/>"
        f"<id>https://garden.example/?p=1#comment-{number}</id><updated>2026-03-01T10:{number % 60:02d}:00Z</updated>"
        f"<published>2026-03-01T10:{number % 60:02d}:00Z</published><author><name>A{number}</name></author>"
        f"<content type='html'>{('&lt;p&gt;' + _words(number, 60) + '&lt;/p&gt;') * 3}</content></entry>"
        for number in range(ITEMS)
    )
    return (
        "<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Comments</title>"
        f"<id>{ADDRESS}</id><updated>2026-03-01T11:00:00Z</updated>{entries}</feed>"
    ).encode()


def _account(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "username": f"u{number}",
        "acct": f"u{number}@chaos.example",
        "display_name": f"User {number}",
        "bot": False,
        "url": f"https://chaos.example/@u{number}",
        "avatar": f"https://chaos.example/a/{number}.png",
        "avatar_static": f"https://chaos.example/a/{number}.png",
        "note": "<p>x</p>",
        "emojis": [],
        "fields": [],
    }


def _status(number: int) -> dict[str, Any]:
    return {
        "id": str(1000 + number),
        "created_at": _SAID,
        "in_reply_to_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://chaos.example/s/{number}",
        "url": f"https://chaos.example/@u/{number}",
        "edited_at": None,
        "favourited": False,
        "reblogged": False,
        "bookmarked": False,
        "content": '<p><span class="h-card"><a href="https://social.example/@us" class="u-url mention">@<span>us</span>'
        f"</a></span> {_words(number)}</p>",
        "account": _account(number + 10),
        "media_attachments": [],
        "mentions": [{"id": "1", "username": "us", "url": "https://social.example/@us", "acct": "us"}],
        "tags": [],
        "emojis": [],
        "poll": None,
    }


def _post(number: int) -> dict[str, Any]:
    did = f"did:plc:u{number}"
    return {
        "uri": f"at://{did}/app.bsky.feed.post/3kabc{number:03d}",
        "cid": f"bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s5{number:03d}",
        "author": {"did": did, "handle": f"u{number}.example.com", "displayName": f"User {number}", "labels": []},
        "record": {
            "$type": "app.bsky.feed.post",
            "text": f"@us.example.com {_words(number)}",
            "createdAt": _SAID,
            "langs": ["en"],
            "facets": [
                {
                    "index": {"byteStart": 0, "byteEnd": 15},
                    "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:us"}],
                }
            ],
        },
        "indexedAt": _SAID,
        "labels": [],
    }


def main() -> None:
    figures = Figures()
    measure(figures, rounds=read_plan(os.environ).rounds)
    print_table("Connectors, CPU time", figures.against_the_floor())


if __name__ == "__main__":
    main()
