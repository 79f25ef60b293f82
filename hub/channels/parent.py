"""Our end of one plugin's process: its pipes, the calls it owes us, and how it is ended."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, TimeoutError
from typing import BinaryIO, cast

import msgspec

from hub.channels.frames import read_frame, write_frame
from hub.channels.plugin_log import relay
from hub.channels.wire import Answer, Request, Start
from hub.errors import PluginFault
from hub.kernel.clock import uptime_ns

_log = logging.getLogger("hub.children")
GRACE_SECONDS = 2.0
"""How much longer than its deadline a call may take, and how long a process may take to end."""

_WRITING = frozenset({"send", "act"})
_NEEDED = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"})
_NEEDED_BEGIN = ("LC_", "PYTHON", "SSL_CERT_")


class Ended(Exception):
    """The process takes no more calls; this one was not begun."""


class Child:
    """One plugin's process. No caller ever waits for the pipe: one thread writes, one reads, one passes on its log."""

    def __init__(self, start: Start, *, idle_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.plugin = start.plugin
        self.crashed_at: float | None = None
        self._idle_seconds = idle_seconds
        self._monotonic = monotonic
        self._process = _started()
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._owed: dict[int, Future[Answer]] = {}
        self._listening: dict[int, tuple[Future[Answer], Callable[[], None]]] = {}
        self._lock = threading.Lock()
        self._is_open = True
        self._is_collected = False
        self._waiting.put(msgspec.msgpack.encode(start))
        self._reader = self._run("answers of", self._read_on)
        self._run("requests to", self._write_on)
        self._run("log of", self._relay)

    @property
    def is_open(self) -> bool:
        """Whether it takes calls."""
        with self._lock:
            return self._is_open

    @property
    def has_ended(self) -> bool:
        return not self._reader.is_alive()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: Request) -> Answer:
        """Wait for the answer until a little after the request's deadline. Raises PluginFault when it hangs or dies,
        and Ended when it took no more calls."""
        promise: Future[Answer] = Future()
        with self._lock:
            if not self._is_open:
                raise Ended
            self._owed[request.id] = promise
        self._waiting.put(msgspec.msgpack.encode(request))
        try:
            return promise.result(timeout=(request.deadline - uptime_ns()) / 1e9 + GRACE_SECONDS)
        except TimeoutError:
            self._give_up(request)
            raise PluginFault(f"no answer to {request.method} in time", reason="hangs") from None
        finally:
            self._forget(request)

    def listen(self, request: Request, wake: Callable[[], None]) -> Future[Answer]:
        """Begin a call that goes on for as long as it likes, and calls `wake` from our reading thread. While it does,
        the process is not ended for being idle. Raises Ended when it takes no more calls."""
        promise: Future[Answer] = Future()
        with self._lock:
            if not self._is_open:
                raise Ended
            self._listening[request.id] = (promise, wake)
        self._waiting.put(msgspec.msgpack.encode(request))
        return promise

    def tell(self, request: Request) -> None:
        """Hand over a request that is not answered; one to a process that ends is lost with it."""
        self._waiting.put(msgspec.msgpack.encode(request))

    def end(self) -> None:
        """Take no more calls and close its pipe, which ends it. Returns at once; `join` waits."""
        with self._lock:
            self._is_open = False
        self._waiting.put(None)

    def join(self, seconds: float) -> None:
        """Wait until it has ended; kill it when it does not listen."""
        self._reader.join(max(seconds, 0))
        if self._reader.is_alive():
            self._kill()
            self._reader.join(GRACE_SECONDS)

    def _run(self, does: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=f"{does} {self.plugin}", daemon=True)
        thread.start()
        return thread

    def _give_up(self, request: Request) -> None:
        """Give a process that hangs no more calls. Those under way may finish, unless the one that hangs is about to
        write something: it must not do so after we looked whether it did."""
        _log.warning("plugin %s hangs in %s of channel %s", self.plugin, request.method, request.channel_id)
        with self._lock:
            self._note_crash()
        if request.method in _WRITING:
            self._kill()

    def _note_crash(self) -> None:
        if self._is_open:
            self._is_open = False
            self.crashed_at = self._monotonic()

    def _forget(self, request: Request) -> None:
        """A process that was given up ends with the last call it owed."""
        with self._lock:
            self._owed.pop(request.id, None)
            is_given_up = self.crashed_at is not None and not self._owed
        if is_given_up:
            self._kill()

    def _write_on(self) -> None:
        pipe = cast(BinaryIO, self._process.stdin)
        with contextlib.suppress(OSError), pipe:
            while (frame := self._next_frame()) is not None:
                write_frame(pipe.fileno(), frame)
        self.join(GRACE_SECONDS)

    def _next_frame(self) -> bytes | None:
        """The next frame to write; None when it shall end, or nobody asked for a while."""
        while True:
            with contextlib.suppress(queue.Empty):
                return self._waiting.get(timeout=self._idle_seconds)
            with self._lock:
                if not self._owed and not self._listening:
                    self._is_open = False
                    return None

    def _read_on(self) -> None:
        pipe = cast(BinaryIO, self._process.stdout)
        with contextlib.suppress(OSError, msgspec.MsgspecError), pipe:
            while (frame := read_frame(pipe.fileno())) is not None:
                self._deliver(msgspec.msgpack.decode(frame, type=Answer))
        # Without its answers it is of no use, whether it died, closed its pipe or sent garbage.
        with self._lock:
            if self._is_open:
                _log.warning("plugin %s died", self.plugin)
            self._note_crash()
        self._kill()
        self._collect()
        self._fail_owed()
        self._waiting.put(None)

    def _relay(self) -> None:
        with cast(BinaryIO, self._process.stderr) as printed:
            relay(printed, self.plugin)

    def _deliver(self, answer: Answer) -> None:
        with self._lock:
            listening = self._listening.get(answer.id) if answer.wake else self._listening.pop(answer.id, None)
            promise = self._owed.pop(answer.id, None)
        if listening is not None:
            heard, wake = listening
            wake() if answer.wake else heard.set_result(answer)
        elif promise is not None:
            promise.set_result(answer)

    def _fail_owed(self) -> None:
        with self._lock:
            owed = [*self._owed.values(), *(promise for promise, _ in self._listening.values())]
            self._owed, self._listening = {}, {}
        for promise in owed:
            promise.set_exception(PluginFault(f"{self.plugin} ended while it was asked", reason="died"))

    def _kill(self) -> None:
        """End the process and all it started, unless it is collected: then its number may be somebody else's."""
        with self._lock, contextlib.suppress(ProcessLookupError):
            if not self._is_collected:
                os.killpg(self._process.pid, signal.SIGKILL)

    def _collect(self) -> None:
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            self._is_collected = True
            self._process.wait()


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "hub.channels.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ_for_children(os.environ),
        start_new_session=True,
    )


def environ_for_children(environ: Mapping[str, str]) -> dict[str, str]:
    """What a plugin's process needs to run; not where the database is, nor what else this process was told."""
    return {name: value for name, value in environ.items() if name in _NEEDED or name.startswith(_NEEDED_BEGIN)}
