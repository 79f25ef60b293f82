"""The engine fetches pictures of emoji by itself; a server that hangs keeps nobody else's waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from hub.connector import Emoji
from hub.inbox import emoji
from hub.inbox.emoji import name_of
from hub.inbox.store import emoji as store
from hub.kernel.http import Response
from tests.engine.conftest import Installation, soon

Running = Callable[[], threading.Event]


def at(host: str, count: int) -> list[Emoji]:
    return [Emoji(code=f"e{number}", url=f"https://{host}/{number}.png") for number in range(count)]


def test_pictures_come_by_themselves_while_another_server_hangs(
    installation: Installation, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, drawn = installation.hub, BytesIO()
    Image.new("RGB", (8, 8), "teal").save(drawn, "PNG")
    asked, answering = list[str](), threading.Event()

    def tells(_method: str, url: str, **_: Any) -> Response:
        if "slow" in url:
            asked.append(url)
            assert answering.wait(300)
        return Response(status=200, body=drawn.getvalue())

    monkeypatch.setattr(hub.door, "request", tells)
    slow, quick = at("slow.example", 6), at("quick.example", 12)
    with hub.database.transaction() as session:
        store.want(session, {name_of(each): each.url for each in (*slow, *quick)}, {}, now=hub.clock())

    def kept(wanted: list[Emoji]) -> int:
        with hub.database.reading() as session:
            return len(emoji.kept(session, wanted))

    try:
        running()
        soon(lambda: kept(quick) == len(quick), "the pictures of the quick server")
        assert kept(slow) == 0
        assert len(asked) <= 3, "two of the four threads, and one that was begun in the same moment"
    finally:
        answering.set()
    soon(lambda: kept(slow) == len(slow), "those of the slow one")
