"""Threads for one sort of work, of which no kind of channel gets more than its share, however it hangs."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

from hub.errors import HubError

_log = logging.getLogger("hub.engine")


class Crew:
    """`threads` workers; `share` is how many of them one kind of channel (or one plugin) is given at most."""

    def __init__(self, name: str, *, threads: int, share: int) -> None:
        self.share = share
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running: dict[Future[None], str] = {}
        self._lock = threading.Lock()
        self._freed = threading.Event()

    @property
    def free(self) -> int:
        """How many more pieces of work it can begin at once."""
        with self._lock:
            return self._threads - len(self._running)

    @property
    def crowded(self) -> frozenset[str]:
        """The kinds that have their share already."""
        with self._lock:
            return frozenset(kind for kind, busy in Counter(self._running.values()).items() if busy >= self.share)

    def start(self, kind: str, work: Callable[[], object], *, failed: Callable[[Exception], None]) -> None:
        """Begin a piece of work; what it raises is logged and handed to `failed`."""
        future = self._executor.submit(_kept_in, work, failed)
        with self._lock:
            self._running[future] = kind
        future.add_done_callback(self._forget)

    def wait_for_room(self, seconds: float) -> None:
        """Return as soon as a piece of work has ended since the last call, or after so many seconds."""
        self._freed.wait(max(seconds, 0))
        self._freed.clear()

    def finish(self, seconds: float) -> bool:
        """Wait for what is under way; returns whether all of it ended in time."""
        with self._lock:
            running = set(self._running)
        return not wait_for(running, timeout=max(seconds, 0)).not_done

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _forget(self, future: Future[None]) -> None:
        with self._lock:
            self._running.pop(future, None)
        self._freed.set()


def _kept_in(work: Callable[[], object], failed: Callable[[Exception], None]) -> None:
    try:
        work()
    except Exception as error:
        log_failure("work", error)
        failed(error)


def log_failure(what: str, error: BaseException | None) -> None:
    """One line for what we foresaw, the place in the code for what we did not."""
    if isinstance(error, HubError):
        _log.warning("%s failed: %s %s", what, error.code, error.params)
    else:
        _log.error("%s failed", what, exc_info=error)
