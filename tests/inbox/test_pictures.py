"""Pictures in messages: their addresses are the word of whoever wrote."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from hub.errors import AddressRefused, Gone, TooMany
from hub.inbox import pictures
from hub.kernel.http import Door, Response
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


def test_a_disk_that_takes_no_picture_costs_nobody_the_picture(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, asked = BytesIO(), list[Any]()
    Image.new("RGB", (8, 8), "teal").save(drawn, "PNG")

    def tells(*call: Any, **_: Any) -> Response:
        asked.append(call)
        return Response(status=200, body=drawn.getvalue())

    monkeypatch.setattr(hub.door, "request", tells)
    hub.config.media.rmdir()
    hub.config.media.write_text("no folder, so that nothing can be written")
    shown = [pictures.fetch(hub, "https://lena.example/light.png").body for _ in range(2)]
    hub.config.media.unlink()
    # Its folder may be thrown away at any time, and is made anew.
    shown += [pictures.fetch(hub, "https://lena.example/light.png").body for _ in range(2)]
    assert len(set(shown)) == 1
    assert len(asked) == 3
    assert [file.suffix for file in hub.config.media.iterdir()] in ([".jpg"], [".webp"])
