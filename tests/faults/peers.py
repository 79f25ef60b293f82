"""The networks the faults are tried on, each as somebody there sees it."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

import pytest
from hub_plugins.webhook.signing import check_signature, signed_headers

from hub.testing.server import Answer, Arrival, FakeServer
from tests.faults.line import Line, Peer
from tests.peers.bluesky import BlueskyNetwork
from tests.peers.mastodon import Emulator
from tests.peers.wordpress import WordPress
from tests.plugins.webhook_system import SECRET


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


class WebhookPeer:
    """A system that posts what is said in it and is posted our answers; it ignores a repeated webhook-id, as declared.

    What it took is the judge. An id it knows that comes with other words is taken like a new one.
    """

    kind = "webhook"
    ignores_repeats = True
    line: Line
    """Whom it posts to, once that is connected; they agree on the time."""

    def __init__(self, server: FakeServer) -> None:
        self.url = server.url
        self._taken: list[tuple[str, dict[str, str]]] = []
        self._told = 0
        server.on("POST", "/replies").runs(self._take)

    def settings(self, url: str) -> dict[str, str]:
        return {"secret": SECRET, "reply_url": f"{url}/replies", "repeats": "yes" if self.ignores_repeats else "no"}

    def says(self, text: str) -> None:
        self._posts({"id": text, "text": text, "author": {"id": "lena", "name": "Lena Brandt"}})

    def settles(self) -> None:
        """It posts the answers it took since the last time, as ours."""
        fresh, self._told = self._taken[self._told :], len(self._taken)
        for number, (name, reply) in enumerate(fresh, self._told - len(fresh)):
            ours = {"id": f"r{number}", "text": reply["text"], "author": {"id": "us", "name": "Shop", "is_us": True}}
            self._posts({**ours, "parent": reply["in_reply_to"], "webhook_id": name})

    def arrived(self, text: str) -> int:
        return sum(text in reply["text"] for _, reply in self._taken)

    def is_write(self, arrival: Arrival) -> bool:
        return (arrival.method, arrival.path) == ("POST", "/replies")

    def _posts(self, message: dict[str, object]) -> None:
        body = json.dumps(message).encode()
        headers = signed_headers([SECRET], f"delivery of {message['id']}", body, now=self.line.clock())
        self.line.is_posted(headers, body)

    def _take(self, arrival: Arrival) -> Answer:
        headers = {name.lower(): value for name, value in arrival.headers.items()}
        name = check_signature([SECRET], headers, arrival.body, now=self.line.clock())
        reply = (name, arrival.json()["data"])
        if not (self.ignores_repeats and reply in self._taken):
            self._taken.append(reply)
        return Answer(status=201, body=json.dumps({"id": f"r{self._taken.index(reply)}"}).encode())


class ForgetfulWebhookPeer(WebhookPeer):
    """One that takes whatever comes, and is not declared to do anything else."""

    ignores_repeats = False


PLAYED: dict[str, Callable[[FakeServer], Peer]] = {
    "feed": FeedPeer,
    "webhook": WebhookPeer,
    "forgetful-webhook": ForgetfulWebhookPeer,
}
"""The networks that any server can be, and are a server of the test's own."""

ANSWERING = {
    "bluesky": ("bluesky", BlueskyPeer),
    "mastodon": ("mastodon_emulator", MastodonPeer),
    "wordpress": ("wordpress", WordPressPeer),
}
"""The networks with a server of their own that can be answered: the fixture that runs each, who sees it from inside."""


def answering_peer(request: pytest.FixtureRequest) -> Peer:
    """The network a fixture is parametrised with."""
    fixture, peer = ANSWERING[request.param]
    found: Peer = peer(request.getfixturevalue(fixture))
    return found
