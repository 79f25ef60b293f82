"""The networks the faults are tried on, each as somebody there sees it."""

from __future__ import annotations

import html

import pytest

from hub.testing.server import Answer, Arrival, FakeServer
from tests.faults.line import Peer
from tests.peers.bluesky import BlueskyNetwork
from tests.peers.mastodon import Emulator
from tests.peers.wordpress import WordPress


class MastodonPeer:
    """mastodon_mock, an emulator: what passes here is compatible with an emulator."""

    kind = "mastodon"

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.url = emulator.url

    def settings(self, url: str) -> dict[str, str]:
        return {"address": url, "token": self._emulator.token("brightwater")}

    def says(self, text: str) -> None:
        self._emulator.posts("lena", f"@brightwater {text}")

    def settles(self) -> None:
        """Nothing here comes later."""

    def arrived(self, text: str) -> int:
        return sum(text in html.unescape(each["content"]) for each in self._emulator.written_by("brightwater"))

    def is_write(self, arrival: Arrival) -> bool:
        return (arrival.method, arrival.path) == ("POST", "/api/v1/statuses")


class WordPressPeer:
    """A real WordPress."""

    kind = "wordpress"

    def __init__(self, site: WordPress) -> None:
        self._site = site
        self._article = site.publish("How we clean water", "With sand.")
        self.url = site.url

    def settings(self, url: str) -> dict[str, str]:
        return {"address": url, "user": "editor", "password": self._site.app_passwords["editor"]}

    def says(self, text: str) -> None:
        self._site.comment(self._article, text)

    def settles(self) -> None:
        """Nothing here comes later."""

    def arrived(self, text: str) -> int:
        return sum(text in html.unescape(each.content) for each in self._site.comments(self._article))

    def is_write(self, arrival: Arrival) -> bool:
        return arrival.method == "POST" and "/wp/v2/comments" in f"{arrival.path}?{arrival.query}"


class BlueskyPeer:
    """Bluesky's own servers."""

    kind = "bluesky"

    def __init__(self, network: BlueskyNetwork) -> None:
        self._network = network
        self._brand, self._lena = network.person(), network.person()
        self.url = network.url

    def settings(self, url: str) -> dict[str, str]:
        return {"handle": self._brand.handle, "app_password": self._brand.app_password(), "service": url}

    def says(self, text: str) -> None:
        self._lena.posts(f"@{self._brand.handle} {text}", naming=[self._brand])
        self.settles()

    def settles(self) -> None:
        self._network.settle()

    def arrived(self, text: str) -> int:
        return sum(text in each["value"]["text"] for each in self._brand.records())

    def is_write(self, arrival: Arrival) -> bool:
        return arrival.path == "/xrpc/com.atproto.repo.createRecord"


class FeedPeer:
    """A blog that has only a feed of its comments, read and never answered."""

    kind = "feed"

    def __init__(self, server: FakeServer) -> None:
        self._items: list[str] = []
        self.url = server.url
        self.says("the first one")
        server.on("GET", "/comments/feed").runs(self._feed)

    def settings(self, url: str) -> dict[str, str]:
        return {"address": f"{url}/comments/feed"}

    def says(self, text: str) -> None:
        number = len(self._items) + 1
        link = f"{self.url}/a#comment-{number}"
        date = f"Mon, 02 Mar 2026 09:{number:02}:00 +0000"
        said = f"<title>By: Lena</title><link>{link}</link><pubDate>{date}</pubDate><description>{text}</description>"
        self._items.insert(0, f"<item><guid>c{number}</guid>{said}</item>")

    def _feed(self, arrival: Arrival) -> Answer:
        body = f"<rss version='2.0'><channel><title>Comments</title>{''.join(self._items)}</channel></rss>"
        return Answer(headers={"Content-Type": "application/rss+xml"}, body=body.encode())

    def settles(self) -> None:
        """Nothing here comes later."""

    def arrived(self, text: str) -> int:
        return 0

    def is_write(self, arrival: Arrival) -> bool:
        return False


ANSWERING = {
    "bluesky": ("bluesky", BlueskyPeer),
    "mastodon": ("mastodon_emulator", MastodonPeer),
    "wordpress": ("wordpress", WordPressPeer),
}
"""The networks that can be answered: the fixture that runs each, and who sees it from inside."""


def answering_peer(request: pytest.FixtureRequest) -> Peer:
    """The network a fixture is parametrised with."""
    fixture, peer = ANSWERING[request.param]
    found: Peer = peer(request.getfixturevalue(fixture))
    return found
