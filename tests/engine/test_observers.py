"""Plugins that observe: told in a process of their own, at least once, each at its own pace."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.channels.children import ChildConnectors
from hub.engine.engine import Engine
from hub.engine.observe import observers, tell
from hub.events import ChannelChanged, MessageReceived, ReplySettled
from hub.kernel import log
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import load_plugins
from tests.engine.conftest import soon, started
from tests.plugging import PluginFolder

LISTENER = '''
"""Writes down what it hears, beside itself, and then does what the file of its orders says."""
import os
import time
from pathlib import Path
from hub import hookimpl

HERE = Path(__file__)

def hear(event, number):
    with HERE.with_suffix(".heard").open("a") as heard:
        heard.write(f"{type(event).__name__} {number} {os.getpid()}\\n")
    orders = HERE.with_suffix(".orders")
    order = orders.read_text() if orders.exists() else ""
    if order == f"raise at {number}":
        raise ValueError(number)
    if order == f"die at {number}":
        os._exit(9)
    while order == f"hang at {number}":
        time.sleep(60)

@hookimpl
def message_received(event):
    hear(event, event.message_id)

@hookimpl
def reply_settled(event):
    hear(event, event.outbox_id)
'''


class Audience:
    """An open hub with two listening plugins, `ear` and `other`."""

    def __init__(self, hub: Hub, connectors: ChildConnectors, folder: Path) -> None:
        self.hub = hub
        self.connectors = connectors
        self._folder = folder
        for plugin in observers(hub):
            self.tells(plugin)  # who was just installed hears what happens from now on

    def tells(self, plugin: str) -> int:
        return tell(self.hub, self.connectors, plugin, threading.Event())

    def happens(self, *numbers: int) -> None:
        with self.hub.database.transaction() as session:
            for number in numbers:
                log.append(session, MessageReceived(message_id=number, direction="in"), at=self.hub.clock())

    def orders(self, plugin: str, order: str) -> None:
        (self._folder / f"plugged_{plugin}.orders").write_text(order)

    def heard(self, plugin: str) -> list[int]:
        return [int(line.split()[1]) for line in self._lines(plugin)]

    def pids(self, plugin: str) -> set[int]:
        return {int(line.split()[2]) for line in self._lines(plugin)}

    def _lines(self, plugin: str) -> list[str]:
        file = self._folder / f"plugged_{plugin}.heard"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def open_audience(
    tmp_path: Path, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Audience]]:
    plugins = PluginFolder(tmp_path / "plugins", monkeypatch)
    plugins.install("ear", LISTENER)
    plugins.install("other", LISTENER)
    config = read_config({"HUB_DATABASE_URL": engine_url}, data=tmp_path / "data")
    prepare(config)
    with contextlib.ExitStack() as opened:
        hub = opened.enter_context(contextlib.closing(open_hub(config, plugins=load_plugins(plugins.points()))))

        def audience(**options: object) -> Audience:
            connectors = ChildConnectors(hub, **options)  # type: ignore[arg-type]
            return Audience(hub, opened.enter_context(contextlib.closing(connectors)), plugins.folder)

        yield audience


@pytest.fixture
def audience(open_audience: Callable[..., Audience]) -> Audience:
    return open_audience()


def test_a_plugin_hears_what_it_listens_to_in_order_and_in_its_own_process(audience: Audience) -> None:
    audience.happens(1, 2)
    with audience.hub.database.transaction() as session:
        log.append(session, ChannelChanged(state="active"), at=audience.hub.clock())
        log.append(session, ReplySettled(outbox_id=7, state="sent"), at=audience.hub.clock())
    assert audience.tells("ear") == 3
    assert audience.heard("ear") == [1, 2, 7]
    assert audience.pids("ear") == {audience.connectors.pids()["ear"]}
    assert audience.tells("ear") == 0
    assert audience.heard("other") == []


def test_what_nobody_listens_to_is_read_once(audience: Audience) -> None:
    with audience.hub.database.transaction() as session:
        log.append(session, ChannelChanged(state="active"), at=audience.hub.clock())
        newest = log.newest(session)

    def is_read() -> bool:
        # An event counts when no transaction of the whole PostgreSQL is older than it; that may take a moment.
        audience.tells("ear")
        with audience.hub.database.reading() as session:
            return log.reader_position(session, "plugin:ear") in (newest, log.newest(session))

    soon(is_read, "the event to be read")
    with audience.hub.database.reading() as session:
        assert log.read(session, log.reader_position(session, "plugin:ear") or log.START) == []


def test_an_event_that_a_plugin_cannot_bear_is_passed_over_after_some_tries(audience: Audience) -> None:
    audience.orders("ear", "raise at 1")
    audience.happens(1, 2)
    tries = 0
    while 2 not in audience.heard("ear"):
        audience.tells("ear")
        tries += 1
    assert audience.heard("ear") == [1] * 5 + [2]
    assert tries == 5


def test_a_plugin_that_dies_hears_the_event_again(audience: Audience) -> None:
    audience.orders("ear", "die at 1")
    audience.happens(1)
    assert audience.tells("ear") == 0
    audience.orders("ear", "go on")
    assert audience.tells("ear") == 1
    assert audience.heard("ear") == [1, 1]


def test_events_wait_for_a_plugin_that_is_kept_out(open_audience: Callable[..., Audience]) -> None:
    now = 1000.0
    audience = open_audience(monotonic=lambda: now)
    audience.orders("ear", "die at 1")
    audience.happens(1)
    for _ in range(5):
        audience.tells("ear")
    audience.happens(2, 3)
    for _ in range(10):
        assert audience.tells("ear") == 0
    now += 601
    audience.tells("ear")
    assert audience.heard("ear") == [1] * 5 + [2, 3]


def test_a_listener_that_raises_or_hangs_does_not_keep_others_from_hearing(audience: Audience) -> None:
    audience.orders("ear", "hang at 1")
    with started(Engine(audience.hub, audience.connectors, finish_seconds=0.1)):
        audience.happens(1, 2)
        soon(lambda: audience.heard("ear") == [1] and audience.heard("other") == [1, 2], "the other to hear it all")
