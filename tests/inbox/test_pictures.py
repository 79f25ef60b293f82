"""Pictures in messages: their addresses are the word of whoever wrote."""

from __future__ import annotations

import os
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
from hub.testing.clock import FrozenClock
from hub.testing.server import FakeServer
from hub.web import server

DAY = 24 * 3600


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


class Album:
    """Pictures on a network that counts who asks for them."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub = hub
        self.asked: list[str] = []
        drawn = BytesIO()
        Image.effect_noise((64, 64), 90).save(drawn, "PNG")

        def tells(_method: str, url: str, **_: Any) -> Response:
            self.asked.append(url)
            return Response(status=200, body=drawn.getvalue())

        monkeypatch.setattr(hub.door, "request", tells)

    def shows(self, *names: str) -> int:
        """Somebody looks at these; returns the bytes of the last one."""
        return [len(pictures.fetch(self.hub, f"https://lena.example/{name}").body) for name in names][-1]

    def fetched(self) -> list[str]:
        """What was asked for since the last time."""
        told, self.asked = [url.rpartition("/")[2] for url in self.asked], []
        return told


@pytest.fixture
def album(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Album:
    return Album(hub, monkeypatch)


def test_what_nobody_looks_at_goes_after_a_month_and_is_fetched_again_when_somebody_does(
    hub: Hub, album: Album, frozen_clock: FrozenClock
) -> None:
    album.shows("seen", "unseen")
    for _ in range(5):
        frozen_clock.tick(10 * DAY)
        album.shows("seen")
        pictures.sweep(hub)
    assert album.fetched() == ["seen", "unseen"]
    album.shows("seen", "unseen")
    assert album.fetched() == ["unseen"]


def test_all_together_take_no_more_than_they_may_and_the_longest_unseen_goes_first(
    hub: Hub, album: Album, frozen_clock: FrozenClock
) -> None:
    for name in ("first", "second", "third"):
        size = album.shows(name)
        frozen_clock.tick(2 * DAY)
    album.shows("first")
    assert pictures.sweep(hub, most_bytes=2 * size) == 1
    assert pictures.sweep(hub, most_bytes=2 * size) == 0
    album.fetched()
    album.shows("first", "third", "second")
    assert album.fetched() == ["second"]


def test_only_what_was_fetched_is_swept(hub: Hub, album: Album, frozen_clock: FrozenClock) -> None:
    album.shows("old")
    (old,) = hub.config.media.iterdir()
    half = old.with_name(f"{'0' * 64}.12-34.part")
    others = [hub.config.media / name for name in ("uploads/" + "f" * 64 + ".jpg", "emoji/" + "f" * 32 + ".webp", "x")]
    for file in (half, *others):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"0")
        os.utime(file, times=(0, 0))
    frozen_clock.tick(31 * DAY)
    assert pictures.sweep(hub, most_bytes=0) == 2
    assert not old.exists()
    assert not half.exists()
    assert all(file.exists() for file in others)


def test_a_sweep_of_nothing_is_none(hub: Hub) -> None:
    hub.config.media.rmdir()
    assert pictures.sweep(hub) == 0
