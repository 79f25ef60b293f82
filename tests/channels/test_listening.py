"""Listening calls in real child processes: wake-up calls, ends, and what becomes of them when a plugin misbehaves."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.channels.children import ChildConnectors
from hub.channels.connectors import Listening
from hub.channels.ears import MOST, Ears
from hub.channels.model import Account
from hub.channels.wire import Answer, Request
from hub.errors import NotFound, PluginFault, Unavailable
from tests.plugging import PluginFolder
from tests.processes import wait_until

ATTENTIVE = Path(__file__).with_name("attentive.py").read_text()
PATIENCE = 120.0

Start = Callable[..., ChildConnectors]


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginFolder]:
    folder = PluginFolder(tmp_path / "plugins", monkeypatch)
    folder.install("attentive", ATTENTIVE)
    yield folder


class Heard:
    """Counts the wake-up calls; they come from another thread."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, PATIENCE)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def attentive(does: str = "listens", *, bell: Path | str = "", channel_id: int = 1) -> Account:
    return Account(kind="attentive", channel_id=channel_id, settings={"does": does, "bell": str(bell)})


def end_of(listening: Listening) -> BaseException | None:
    listening.ended.result(PATIENCE)
    try:
        listening.result()
    except Exception as error:
        return error
    return None


def test_news_wake_us_and_a_stop_ends_the_call(children: Start, heard: Heard, tmp_path: Path) -> None:
    bell = tmp_path / "bell"
    listening = children().listen(attentive(bell=bell), heard)
    for count in (1, 2):
        bell.touch()
        heard.wait_for(count)
    listening.stop()
    assert end_of(listening) is None


def test_a_storm_of_news_is_a_handful_of_calls(children: Start, heard: Heard) -> None:
    listening = children().listen(attentive("storms"), heard)
    heard.wait_for(2)  # the first at once, the last at the end of its second
    listening.stop()
    assert end_of(listening) is None
    assert heard.count < 100


def test_a_server_that_offers_no_listening_says_so(children: Start, heard: Heard) -> None:
    assert isinstance(end_of(children().listen(attentive("refuses"), heard)), NotFound)


def test_a_process_that_listens_is_not_ended_for_being_idle(children: Start, heard: Heard, tmp_path: Path) -> None:
    connectors = children(idle_seconds=0.05)
    bell = tmp_path / "bell"
    listening = connectors.listen(attentive(bell=bell), heard)
    pid = connectors.pids()["attentive"]
    for count in range(1, 4):
        bell.touch()
        heard.wait_for(count)  # a second apart each: many times the idle time
    assert connectors.pids() == {"attentive": pid}
    listening.stop()
    assert end_of(listening) is None
    wait_until(lambda: not connectors.pids(), "the end of the idle process")


def test_the_death_of_the_process_ends_the_call(children: Start, heard: Heard) -> None:
    connectors = children()
    listening = connectors.listen(attentive(), heard)
    os.kill(connectors.pids()["attentive"], signal.SIGKILL)
    with pytest.raises(PluginFault, match="ended"):
        listening.ended.result(PATIENCE)


def test_a_process_that_hangs_elsewhere_is_ended_though_it_listens(children: Start, heard: Heard) -> None:
    connectors = children(seconds={"pull": 0.2})
    listening = connectors.listen(attentive(), heard)
    with pytest.raises(PluginFault):
        while True:
            with contextlib.suppress(Unavailable):  # on a slow machine its time is over before it was begun
                connectors.pull(attentive("hangs", channel_id=2), None)
    with pytest.raises(PluginFault, match="ended"):
        listening.ended.result(PATIENCE)


def test_closing_ends_every_call(children: Start, heard: Heard) -> None:
    connectors = children()
    listening = connectors.listen(attentive(), heard)
    connectors.close()
    with pytest.raises(PluginFault):
        listening.ended.result(PATIENCE)


def test_no_more_than_so_many_are_listened_to_at_once() -> None:
    told: list[Answer] = []
    begun = threading.Semaphore(0)
    ended = threading.Semaphore(0)

    def listen(request: Request, wake: Callable[[], None], stop: threading.Event) -> Answer:
        begun.release()
        stop.wait(PATIENCE)
        ended.release()
        return Answer(id=request.id)

    ears = Ears(listen, told.append)
    for id in range(MOST + 1):
        assert ears.takes(Request(id=id, method="listen", deadline=0))
    assert all(begun.acquire(timeout=PATIENCE) for _ in range(MOST))
    assert [answer.id for answer in told] == [MOST]
    assert b"too_many_listeners" in told[0].problem
    for id in range(MOST):
        ears.stop(id)
    assert all(ended.acquire(timeout=PATIENCE) for _ in range(MOST))
    wait_until(lambda: len(told) == MOST + 1, "the ends of all calls")
    for id in range(MOST):
        assert ears.takes(Request(id=id, method="listen", deadline=0))
    assert all(begun.acquire(timeout=PATIENCE) for _ in range(MOST)), "who ended left a place"
    for id in range(MOST):
        ears.stop(id)
    wait_until(lambda: len(told) == 2 * MOST + 1, "the ends of all calls")
