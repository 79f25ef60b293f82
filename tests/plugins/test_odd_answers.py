"""Networks with something odd in every place of what they tell: no item holds the others up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path as Folder
from typing import Any

import pytest
from hub_plugins.feed.cursor import Cursor
from hub_plugins.feed.json_feed import read_json
from hub_plugins.feed.mapping import incoming
from hub_plugins.feed.news import news
from hub_plugins.wordpress.connector import WordPressSettings

from hub.channels import wire
from hub.testing.clock import FrozenClock
from hub.testing.server import Answer, Arrival
from tests.corpus.odd_json import ODD, Path, places, with_odd
from tests.plugins import bluesky_channel, mastodon_channel, wordpress_channel
from tests.plugins.bluesky_server import LENA as LENA_THERE
from tests.plugins.bluesky_server import PASSWORD, FakeBluesky
from tests.plugins.driven import Driven
from tests.plugins.mastodon_server import LENA, ME, TOKEN, FakeMastodon
from tests.plugins.wordpress_site import PASSWORD as BLOG_PASSWORD
from tests.plugins.wordpress_site import FakeWordPress

KEPT_TO_FIND_IT_AGAIN = {("id",), ("uri",), ("status", "id"), ("type",), ("reason",), ("indexedAt",)}
"""Places the fakes and the test themselves go by."""

PICTURE = {"id": "9", "type": "image", "url": "https://home.example/a.png", "description": "A kettle"}
STATUS = {
    "media_attachments": [{**PICTURE, "pleroma": {"mime_type": "image/png"}, "meta": {"original": {"width": 8}}}],
    "poll": {"id": "4", "options": [{"title": "Tea", "votes_count": 1}], "expires_at": None, "votes_count": 1},
    "card": {"url": "https://shop.example/", "title": "Kettles", "description": "", "type": "link", "image": None},
    "quote": {"state": "accepted", "quoted_status": {"id": "1", "content": "<p>x</p>", "account": {"acct": "a"}}},
    "emojis": [{"shortcode": "blob", "url": "https://home.example/b.png"}],
    "tags": [{"name": "tea", "url": "https://home.example/tags/tea"}],
    "filtered": [{"filter": {"title": "x"}}],
    "pleroma": {"local": True},
}
QUOTED = {"$type": "app.bsky.embed.record#viewRecord", "uri": "at://did:plc:x/app.bsky.feed.post/3k", "value": {}}
EMBED = {
    "record": {
        "$type": "app.bsky.embed.images",
        "images": [{"alt": "A kettle", "image": {"$type": "blob", "size": 1}}],
    },
    "view": {
        "$type": "app.bsky.embed.recordWithMedia#view",
        "record": {"record": {**QUOTED, "author": {"did": "did:plc:x", "handle": "x.test"}}},
        "media": {
            "$type": "app.bsky.embed.images#view",
            "images": [{"alt": "A kettle", "fullsize": "https://home.example/a.png", "thumb": "https://x.example/t"}],
        },
    },
}
RECORD: dict[str, Any] = {
    "langs": ["en"],
    "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "nudity"}]},
    "tags": ["tea"],
    "facets": [
        {
            "index": {"byteStart": 0, "byteEnd": 1},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://shop.example/"}],
        }
    ],
}


def endless(answer: Answer) -> Answer:
    """What Python writes as Infinity, which is no JSON, as other languages do."""
    return replace(answer, body=answer.body.replace(b"Infinity", b"1e400"))


class OddMastodon(FakeMastodon):
    """Tells what is in `spoilt` with something odd in one place."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__(None, clock)
        self.spoilt: dict[str, tuple[Path, Any]] = {}

    def _answer(self, arrival: Arrival) -> Answer:
        return endless(super()._answer(arrival))

    def _shown(self, item: dict[str, Any]) -> Any:
        shown = super()._shown(item)
        return with_odd(shown, *self.spoilt[item["id"]]) if item["id"] in self.spoilt else shown


class OddBluesky(FakeBluesky):
    """The same of notifications and of posts that are looked at."""

    def __init__(self, clock: FrozenClock) -> None:
        super().__init__(clock)
        self.spoilt: dict[str, tuple[Path, Any]] = {}

    def _answer(self, arrival: Arrival) -> Answer:
        return endless(super()._answer(arrival))

    def _notification(self, uri: str, reason: str) -> Any:
        told = super()._notification(uri, reason)
        return with_odd(told, *self.spoilt[uri]) if uri in self.spoilt else told

    def _view(self, uri: str) -> Any:
        shown = super()._view(uri)
        return with_odd(shown, *self.spoilt[uri]) if uri in self.spoilt else shown


class OddWordPress(FakeWordPress):
    """The same of comments in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.spoilt: dict[int, tuple[Path, Any]] = {}

    def _answer(self, arrival: Arrival) -> Answer:
        return endless(super()._answer(arrival))

    def _shown(self, id: int) -> Any:
        shown = super()._shown(id)
        return with_odd(shown, *self.spoilt[id]) if id in self.spoilt else shown


def all_the_rest_arrives(channel: Driven, last: str) -> None:
    """What came after the odd ones is there, and every page crosses the pipe between the processes."""
    channel.pull()
    channel.pull()
    assert last in channel.messages
    for page in channel.pages:
        wire.read_answer("pull", wire.Answer(id=1, result=wire.encode(page)))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_mastodon_may_tell_anything_anywhere(odd: Any, frozen_clock: FrozenClock, tmp_path: Folder) -> None:
    with OddMastodon(frozen_clock) as server:
        channel = mastodon_channel.Channel(server.url, TOKEN, tmp_path, server.server.address, clock=frozen_clock)
        channel.pull()
        ours = server.writes(ME, "Our news")

        def says(text: str) -> str:
            server.writes(LENA, text, parent=ours, heard_as="mention", **STATUS)
            return next(reversed(server.notifications))

        sample = server._shown(server.notifications[says("a sample")])
        for place in set(places(sample)) - KEPT_TO_FIND_IT_AGAIN:
            server.spoilt[says("odd")] = (place, odd)
        all_the_rest_arrives(channel, server.says("the rest goes on"))
        channel.close()


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_bluesky_may_tell_anything_anywhere(odd: Any, frozen_clock: FrozenClock, tmp_path: Folder) -> None:
    with OddBluesky(frozen_clock) as server:
        channel = bluesky_channel.Channel(
            server.url, "@brightwater.test", PASSWORD, tmp_path, server.server.address, clock=frozen_clock
        )
        channel.pull()

        def says(text: str) -> str:
            return server.writes(LENA_THERE, text, parent=server.root, heard_as="reply", embed=EMBED, **RECORD)

        uri = says("a sample")
        sample = {**server._view(uri), **server._notification(uri, "reply")}
        for place in set(places(sample)) - KEPT_TO_FIND_IT_AGAIN:
            server.spoilt[says("odd")] = (place, odd)
        all_the_rest_arrives(channel, server.says("the rest goes on"))
        channel.close()


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_wordpress_may_tell_anything_anywhere(odd: Any, tmp_path: Folder) -> None:
    with OddWordPress() as site:
        settings = WordPressSettings(address=site.url, user="maya", password=BLOG_PASSWORD)
        channel = wordpress_channel.Channel(settings, tmp_path, site.server.address)
        channel.pull()
        first = int(site.says("a sample"))
        for place in set(places(site._shown(first))) - {("id",)}:
            number = int(site.says("odd"))
            site.spoilt[number] = (place, odd)
        all_the_rest_arrives(channel, site.says("the rest goes on"))
        channel.close()


NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ITEM = {
    "id": "1",
    "url": "https://blog.example/tea#comment-1",
    "title": "Re: Tea",
    "content_html": "<p>Water first</p>",
    "content_text": "Water first",
    "summary": "Water",
    "date_published": "2026-03-01T08:00:00Z",
    "date_modified": "2026-03-01T09:00:00Z",
    "language": "en",
    "authors": [{"name": "Lena", "url": "https://lena.example/", "avatar": "https://lena.example/a.png"}],
    "attachments": [{"url": "https://x.example/a.png", "mime_type": "image/png", "size_in_bytes": 9}],
}


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_a_json_feed_may_tell_anything_anywhere(odd: Any) -> None:
    items = [with_odd({**ITEM, "id": f"odd {place}"}, place, odd) for place in places(ITEM)]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Tea", "items": [*items, {**ITEM, "id": "last"}]}
    read = read_json(json.dumps(feed).replace("Infinity", "1e400").encode())
    assert "last" in [entry.id for entry in read.entries]
    told = news(read, Cursor(), NOW, comments=True).items
    assert "last" in [item.identity.remote_id for item in told]
    for item in told:
        incoming(item, read, NOW, is_known=lambda id: False, has_companion=False)
