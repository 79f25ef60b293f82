"""The contract kit against a blog's comment feed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape

import pytest
from hub_plugins.feed.connector import FeedConnector, FeedSettings

from hub.connector import Visibility
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.contract import ConnectorContract, FakeNetwork
from hub.testing.server import FakeServer
from tests.plugins.feed_blog import COMMENTS, Blog


class CommentFeed(FakeNetwork):
    """The kit's words for a blog. Three pages are as many entries as a feed may have before the oldest are dropped."""

    page_size = 150
    rate_limits = ("seconds", "date")

    def __init__(self, blog: Blog) -> None:
        self.blog = blog

    def says(
        self,
        text: str,
        *,
        parent: str | None = None,
        at: datetime | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        html: str | None = None,
    ) -> str:
        return self.blog.comments(escape(text) if html is None else html, parent=parent, at=at)

    def edits(self, id: str, text: str) -> None:
        self.blog.changes(id, html=escape(text))

    def garbles(self, id: str) -> None:
        self.blog.changes(id, odd="<entry><published>the day before yesterday</published></entry>")

    def estranges(self, id: str) -> None:
        self.blog.changes(id, odd='{<mood xmlns="urn:new">9</mood><category term="poll"/><content type="x/y"/>}')

    def fails(self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = ()) -> None:
        self.blog.next_faults.extend(next_pulls)


class TestFeedContract(ConnectorContract):
    connector_class = FeedConnector

    @pytest.fixture
    def server(self) -> Iterator[FakeServer]:
        with FakeServer() as server:
            yield server

    @pytest.fixture
    def door(self, server: FakeServer) -> Iterator[Door]:
        door = Door(allow=[server.address])
        yield door
        door.close()

    @pytest.fixture
    def network(self, server: FakeServer, clock: FrozenClock) -> FakeNetwork:
        return CommentFeed(Blog(server, clock))

    @pytest.fixture
    def second_network(self, server: FakeServer, clock: FrozenClock) -> FakeNetwork:
        return CommentFeed(Blog(server, clock, "/second" + COMMENTS))

    @pytest.fixture
    def settings(self, server: FakeServer) -> FeedSettings:
        return FeedSettings(address=server.url + COMMENTS)

    @pytest.fixture
    def second_settings(self, server: FakeServer) -> FeedSettings:
        return FeedSettings(address=server.url + "/second" + COMMENTS)
