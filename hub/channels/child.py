"""The process a plugin's connectors run in: reads requests from its pipe, answers them, ends when the pipe closes.

Started as `python -m hub.channels.child` by hub.channels.children, which writes one Start frame first.
"""

from __future__ import annotations

import logging
import os
import resource
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import BinaryIO

import msgspec

from hub.channels.host import Host
from hub.channels.wire import MOST_BYTES, Answer, Request
from hub.connector import Context
from hub.kernel.clock import system_clock
from hub.kernel.http import Door
from hub.kernel.plugins import GROUP, load_plugins

_LENGTH = struct.Struct("!I")
_THREADS = 8
_ADDRESS_SPACE = 4 * 1024**3
_OPEN_FILES = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first frame: which plugin this process is for, and what its connectors are given."""

    plugin: str
    data: str
    allow_hosts: tuple[str, ...]


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame, or None when the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MOST_BYTES:
        return None
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: BinaryIO, body: bytes) -> None:
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def main() -> None:
    requests, answers = _take_pipes()
    first = read_frame(requests)
    if first is None:
        return
    start = msgspec.msgpack.decode(first, type=Start)
    _limit()
    host = Host(
        load_plugins(point for point in entry_points(group=GROUP) if point.name == start.plugin), _context(start)
    )
    lock = threading.Lock()

    def serve(request: Request) -> None:
        answer = _fitting(host.answer(request))
        with lock:
            write_frame(answers, answer)

    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="call")
    while (frame := read_frame(requests)) is not None:
        pool.submit(serve, msgspec.msgpack.decode(frame, type=Request))
    # The parent is gone or wants us gone: a hanging call must not keep this process.
    os._exit(0)


def _fitting(answer: Answer) -> bytes:
    encoded = msgspec.msgpack.encode(answer)
    if len(encoded) <= MOST_BYTES:
        return encoded
    return msgspec.msgpack.encode(Answer(id=answer.id))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipe for ourselves: whatever a plugin prints goes to the log, not between the frames."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return requests, answers


def _limit() -> None:
    for what, most in ((resource.RLIMIT_AS, _ADDRESS_SPACE), (resource.RLIMIT_NOFILE, _OPEN_FILES)):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _context(start: Start) -> Callable[[str], Context]:
    door = Door(allow=start.allow_hosts)

    def make(kind: str) -> Context:
        return Context(
            http=door, clock=system_clock, log=logging.getLogger(f"hub.plugin.{kind}"), data=Path(start.data)
        )

    return make


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    main()
