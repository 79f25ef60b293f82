"""Streams that stay open: they end when they are told to, and when nothing comes for too long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from hub.errors import Unavailable
from hub.kernel.http import Door, FetchLimits

PATIENCE = 120.0
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


class Silent:
    """A server that sends headers and a word, and then nothing more."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        self._connection, _ = self._listener.accept()
        self._connection.recv(65536)
        self._connection.sendall(HEADERS + b"hello")

    def close(self) -> None:
        self._listener.close()
        self._thread.join(PATIENCE)
        if self._connection is not None:
            self._connection.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    running = Silent()
    yield running
    running.close()


def test_a_stream_that_is_stopped_ends_though_nothing_comes(silent: Silent) -> None:
    door, stop, ended = Door(allow=[silent.host]), threading.Event(), threading.Event()
    pieces: list[bytes] = []

    def read() -> None:
        with door.stream("GET", f"http://{silent.host}/", limits=FetchLimits(seconds=3600), stop=stop) as answer:
            try:
                for piece in answer:
                    pieces.append(piece)
                    stop.set()
            except Unavailable:
                ended.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert ended.wait(PATIENCE)
    thread.join(PATIENCE)
    assert pieces == [b"hello"]
    door.close()


def test_a_stream_that_is_silent_for_too_long_is_given_up(silent: Silent) -> None:
    door = Door(allow=[silent.host])
    limits = FetchLimits(seconds=3600, silence=1.0)
    with pytest.raises(Unavailable) as ended, door.stream("GET", f"http://{silent.host}/", limits=limits) as answer:
        list(answer)
    assert ended.value.reason == "too_slow"
    door.close()
