"""Pictures in messages: their addresses are the word of whoever wrote."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.errors import AddressRefused, Gone, TooMany
from hub.inbox import pictures
from hub.kernel.http import Door
from hub.kernel.hub import Hub
from hub.testing.server import FakeServer
from hub.web import server


def test_a_message_cannot_send_us_to_what_the_operator_allows_connectors(hub: Hub) -> None:
    with FakeServer() as inside:
        inside.on("GET", "/secret.png").answers(200, "inside")
        hub.door = Door(allow=[inside.address])
        with pytest.raises(AddressRefused):
            pictures.fetch(hub, f"{inside.url}/secret.png")
        assert inside.arrivals == []


def test_slow_servers_of_senders_hold_half_of_the_threads_of_pages_at_most(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, answering = threading.Semaphore(0), threading.Event()

    def slow(*_: object, **__: object) -> None:
        arrived.release()
        assert answering.wait(60)
        raise Gone("picture")

    monkeypatch.setattr(hub.door, "request", slow)
    assert 2 * pictures.MOST_AT_ONCE <= server.PAGE_THREADS
    with ThreadPoolExecutor(pictures.MOST_AT_ONCE) as agents:
        asked = [
            agents.submit(pictures.fetch, hub, f"https://slow.example/{number}.png")
            for number in range(pictures.MOST_AT_ONCE)
        ]
        try:
            for _ in asked:
                assert arrived.acquire(timeout=60)
            with pytest.raises(TooMany):
                pictures.fetch(hub, "https://slow.example/another.png")
        finally:
            answering.set()
    assert {type(each.exception()) for each in asked} == {Gone}
    with pytest.raises(Gone):
        pictures.fetch(hub, "https://slow.example/later.png")
