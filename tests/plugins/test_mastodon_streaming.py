"""Mastodon's stream as a wake-up call, on a hand-written server; tests/peers has the emulator's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_plugins.mastodon.streaming import events, streaming_address

from hub.errors import ConnectorError, NotFound, Unavailable
from hub.testing.server import Answer, FakeServer
from tests.plugins.mastodon_channel import Channel
from tests.plugins.mastodon_server import TOKEN, Dialect, FakeMastodon

NOTIFICATIONS, HOME = "/api/v1/streaming/user/notification", "/api/v1/streaming/user"
HELLO = b":)\nevent: notification\ndata: {}\n\n:thump\n\nevent: update\ndata: {}\n\n"


@pytest.fixture
def server() -> Iterator[FakeMastodon]:
    with FakeMastodon() as running:
        yield running


@pytest.fixture
def channel(server: FakeMastodon, tmp_path: Path) -> Iterator[Channel]:
    made = Channel(server.url, TOKEN, tmp_path, server.server.address)
    yield made
    made.close()


def streams(server: FakeMastodon, body: bytes, path: str = NOTIFICATIONS) -> None:
    server.server.on("GET", path).plays(Answer(headers={"Content-Type": "text/event-stream"}, body=body))


def hears(channel: Channel) -> int:
    """Listen until the stream ends; returns the number of wake-up calls."""
    heard: list[None] = []
    channel.connector.listen(lambda: heard.append(None), threading.Event())
    return len(heard)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b"", 1),
        (b":thump\n\n:thump\n\n", 1),
        (HELLO, 2),
        (HELLO.replace(b"\n", b"\r\n"), 2),
        (b"event: delete\ndata: 1\n\nevent: status.update\ndata: {}\n\nevent: hologram\ndata: {}\n\n", 3),
        (b"event: notification\ndata: {}\n", 1),
        (b'event: notification\ndata: {"type":"favourite"}\n\n', 1),
        (b'event: notification\ndata: {"type":"mention"}\n\n', 2),
        (b'event: notification\ndata: {"type":"hologram"}\n\n', 2),
        (b'event: notification\ndata: {"type":\n\n', 2),
    ],
)
def test_a_stream_wakes_us_when_it_begins_and_when_something_happened(
    channel: Channel, server: FakeMastodon, body: bytes, count: int
) -> None:
    streams(server, body)
    assert hears(channel) == count
    asked = server.server.received("GET", NOTIFICATIONS)[0]
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in asked.path + asked.query


def test_a_server_without_a_stream_of_notifications_is_heard_on_the_other_one(
    channel: Channel, server: FakeMastodon
) -> None:
    server.dialect = Dialect(stream="none")
    streams(server, HELLO, HOME)
    assert hears(channel) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
def test_a_server_without_a_stream_says_so_once(channel: Channel, server: FakeMastodon, status: int) -> None:
    for path in (NOTIFICATIONS, HOME):
        server.refuses("GET", path, status, "Not found")
    with pytest.raises(NotFound) as refused:
        hears(channel)
    assert refused.value.reason == "no_stream"


def test_a_page_is_no_stream(channel: Channel, server: FakeMastodon) -> None:
    for path in (NOTIFICATIONS, HOME):
        server.refuses("GET", path, 200)
    with pytest.raises(NotFound):
        hears(channel)


def test_a_server_that_is_down_is_tried_again(channel: Channel, server: FakeMastodon) -> None:
    server.refuses("GET", NOTIFICATIONS, 503)
    with pytest.raises(Unavailable):
        hears(channel)


def test_an_address_inside_is_never_streamed_from(channel: Channel, server: FakeMastodon) -> None:
    body = b'{"domain":"home.example","configuration":{"urls":{"streaming":"wss://169.254.169.254"}}}'
    server.server.on("GET", "/api/v2/instance").plays(Answer(headers={"Content-Type": "application/json"}, body=body))
    with pytest.raises(ConnectorError) as refused:
        hears(channel)
    assert refused.value.code == "not_found"


def test_a_server_cannot_point_us_at_an_address_that_only_the_operator_allowed(
    server: FakeMastodon, tmp_path: Path
) -> None:
    with FakeServer() as inside:
        told = f"ws://localhost:{inside.address.rpartition(':')[2]}"
        body = json.dumps({"domain": "home.example", "configuration": {"urls": {"streaming": told}}}).encode()
        answer = Answer(headers={"Content-Type": "application/json"}, body=body)
        server.server.on("GET", "/api/v2/instance").plays(answer)
        made = Channel(server.url, TOKEN, tmp_path, server.server.address, told.removeprefix("ws://"))
        with pytest.raises(NotFound):
            hears(made)
        assert inside.arrivals == []
        made.close()


def test_what_was_let_in_later_is_read_at_once_however_old(channel: Channel, server: FakeMastodon) -> None:
    for number in range(100):
        server.says(f"{number}")
    filtered = sorted(server.notifications)[10]
    server.dialect = Dialect(filtered=False)
    server.hidden = {filtered}
    channel.pull()
    hidden = server.notifications[filtered]["status"]
    assert hidden not in channel.messages
    server.hidden = set()
    channel.pull()
    assert hidden not in channel.messages
    streams(server, b"event: notifications_merged\ndata: 1\n\n")
    assert hears(channel) == 2
    assert hidden in channel.pull()
    assert channel.pull() == []


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_events_are_read_however_they_are_cut(size: int) -> None:
    pieces = [HELLO[at : at + size] for at in range(0, len(HELLO), size)]
    assert list(events(pieces)) == [("notification", b"{}"), ("update", b"{}")]


@pytest.mark.parametrize(
    ("instance", "address"),
    [
        ({"configuration": {"urls": {"streaming": "wss://streaming.example"}}}, "https://streaming.example"),
        ({"urls": {"streaming_api": "wss://streaming.example:4000"}}, "https://streaming.example:4000"),
        ({"configuration": {"urls": {"streaming": "ws://plain.example"}}}, "https://home.example"),
        ({"configuration": {"urls": None}}, "https://home.example"),
        ({"configuration": {"urls": {"streaming": "javascript:alert(1)"}}}, "https://home.example"),
        ({}, "https://home.example"),
        (None, "https://home.example"),
    ],
)
def test_the_stream_is_where_the_server_says(instance: object, address: str) -> None:
    assert streaming_address(instance, "https://home.example") == address
