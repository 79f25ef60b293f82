"""The process a plugin's connectors run in: reads requests from its pipe, answers them, ends when the pipe closes.

Started as `python -m hub.channels.child` by hub.channels.parent, which writes one Start frame first.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path

import msgspec

from hub.channels.ears import Ears
from hub.channels.frames import MOST_BYTES, read_frame, write_frame
from hub.channels.host import Host
from hub.channels.upload_files import UploadFiles
from hub.channels.wire import Answer, Request, Start, encode, to_problem
from hub.connector import Context
from hub.errors import PluginFault
from hub.kernel.clock import system_clock
from hub.kernel.http import Door
from hub.kernel.plugins import GROUP, load_plugins

_THREADS = 32
"""More than the engine ever asks at once, so that no call waits for another channel's."""

_ADDRESS_SPACE = 2 * 1024**3
_OPEN_FILES = 512
_STANDSTILL_SECONDS = 30


def main() -> None:
    requests, answers = _take_pipes()
    first = read_frame(requests)
    if first is None:
        return
    _protect_the_parent()
    start = msgspec.msgpack.decode(first, type=Start)
    host: Future[Host] = Future()
    # Requests are read from the start: a plugin that hangs while it is imported must still notice the closed pipe.
    reading = threading.Thread(target=_serve, args=(requests, answers, host), name="requests")
    reading.start()
    points = [point for point in entry_points(group=GROUP) if point.name == start.plugin]
    host.set_result(Host(load_plugins(points), _context(start)))
    reading.join()


def _serve(requests: int, answers: int, host: Future[Host]) -> None:
    """Hand each request to a thread until the pipe closes, then end, whatever hangs."""
    lock = threading.Lock()

    def tell(answer: Answer) -> None:
        encoded = _fitting(answer)
        with lock, contextlib.suppress(OSError):
            write_frame(answers, encoded)

    ears = Ears(lambda request, wake, stop: host.result().listen(request, wake, stop), tell)
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="call")
    try:
        while (frame := read_frame(requests)) is not None:
            request = msgspec.msgpack.decode(frame, type=Request)
            if not ears.takes(request):
                pool.submit(lambda asked: tell(host.result().answer(asked)), request)
    finally:
        _end()


def _end() -> None:
    """End this process at once, and with it what the plugin started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _fitting(answer: Answer) -> bytes:
    encoded = msgspec.msgpack.encode(answer)
    if len(encoded) <= MOST_BYTES:
        return encoded
    problem = to_problem(PluginFault(f"{len(encoded)} bytes in one answer", reason="too_large"))
    return msgspec.msgpack.encode(Answer(id=answer.id, problem=encode(problem)))


def _take_pipes() -> tuple[int, int]:
    """Keep the pipes for ourselves: whatever a plugin prints goes to the log, not between the frames."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return requests, answers


def _protect_the_parent() -> None:
    """Keep what a plugin does to the machine in this process, and its end in the parent's hands."""
    for what, most in ((resource.RLIMIT_AS, _ADDRESS_SPACE), (resource.RLIMIT_NOFILE, _OPEN_FILES)):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        # Short of memory, the kernel takes this process and not the one that holds the database.
        Path("/proc/self/oom_score_adj").write_text("1000")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # A stop goes to every process of a service; the parent lets calls under way finish, then closes the pipe.
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_end_at_standstill, name="standstill", daemon=True).start()


def _end_at_standstill() -> None:
    """A call that never lets other threads run would also keep us from seeing the pipe close: the kernel's alarm
    ends this process when we could not set it back in time."""
    while True:
        signal.alarm(_STANDSTILL_SECONDS)
        time.sleep(_STANDSTILL_SECONDS / 3)


def _context(start: Start) -> Callable[[str], Context]:
    door = Door(allow=start.allow_hosts)
    uploads = UploadFiles(Path(start.data) / "media")

    def make(kind: str) -> Context:
        log = logging.getLogger(f"hub.plugin.{kind}")
        return Context(http=door, clock=system_clock, log=log, data=Path(start.data), uploads=uploads)

    return make


def _log_to_parent() -> None:
    """Write one line for each record: level, logger, text; the parent hides secrets and writes them to its log.

    Libraries are heard from WARNING up: some tell whole addresses, tokens included, at INFO.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("hub").setLevel(logging.INFO)


if __name__ == "__main__":
    _log_to_parent()
    main()
