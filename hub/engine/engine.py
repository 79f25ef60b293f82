"""The worker: APScheduler is the clock, our tables say what is due, claims say who does it.

One table of named ticks. A tick claims what is due and hands it to a pool; a channel that hangs keeps one thread of a
pool and its own claim, nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from datetime import UTC, timedelta
from functools import partial

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from hub.channels.connectors import Connectors
from hub.engine import store
from hub.engine.beat import Worker
from hub.engine.observe import tell_observers
from hub.errors import HubError
from hub.inbox import pull
from hub.kernel import log
from hub.kernel.clock import system_clock
from hub.kernel.hub import Hub
from hub.outbox import resolve, send

_log = logging.getLogger("hub.engine")

PULL_THREADS = 8
SEND_THREADS = 6
STOP_SECONDS = 25.0
_KEEP_EVENTS = timedelta(days=14)
_CLOCK_STEP_SECONDS = 2.0
_WATCH_SECONDS = 1.0


class Engine:
    """Does what is due until it is told to stop."""

    def __init__(self, hub: Hub, connectors: Connectors) -> None:
        self.hub = hub
        self.connectors = connectors
        self._pulling = _Pool(PULL_THREADS, "pull")
        self._sending = _Pool(SEND_THREADS, "send")
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then claim nothing more and finish what is under way within STOP_SECONDS."""
        with Worker(self.hub, "worker") as worker:
            self._schedule(worker.id)
            self._scheduler.start()
            try:
                self._watch_clock(stop)
            finally:
                self._scheduler.shutdown(wait=True)
                self._finish()

    def _schedule(self, worker: str) -> None:
        ticks: dict[str, tuple[float, Callable[[], None]]] = {
            "pull": (1.0, partial(self._pull, worker)),
            "send": (1.0, partial(self._send, worker)),
            "resolve": (5.0, partial(self._resolve, worker)),
            "observe": (1.0, self._observe),
            "sweep": (60.0, self._sweep),
        }
        for name, (seconds, tick) in ticks.items():
            self._scheduler.add_job(tick, "interval", seconds=seconds, id=name, next_run_time=system_clock())
        self._scheduler.add_listener(_log_failed_tick, EVENT_JOB_ERROR)

    def _pull(self, worker: str) -> None:
        for lease in pull.claim_due(self.hub, worker, limit=self._pulling.free):
            self._pulling.start(partial(pull.pull_leased, self.hub, self.connectors, lease))

    def _send(self, worker: str) -> None:
        for item in send.claim_due(self.hub, worker, limit=self._sending.free):
            self._sending.start(partial(send.send_item, self.hub, self.connectors, worker, item))

    def _resolve(self, worker: str) -> None:
        for item in resolve.claim_stuck(self.hub, worker, limit=self._sending.free):
            self._sending.start(partial(resolve.resolve_item, self.hub, self.connectors, worker, item))

    def _observe(self) -> None:
        tell_observers(self.hub, self.connectors)

    def _sweep(self) -> None:
        with self.hub.database.transaction() as session:
            log.forget(session, before=self.hub.clock() - _KEEP_EVENTS)
            store.forget_silent(session)
        self.connectors.end_idle()

    def _watch_clock(self, stop: threading.Event) -> None:
        """Wait for the end. After a step back of the wall clock APScheduler's jobs would stand still until the old
        time returns: notice it by the monotonic clock and set them anew."""
        wall, steady = system_clock(), time.monotonic()
        while not stop.wait(_WATCH_SECONDS):
            drift = (system_clock() - wall).total_seconds() - (time.monotonic() - steady)
            if abs(drift) > _CLOCK_STEP_SECONDS:
                _log.warning("the clock was set by %.0f s", drift)
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=system_clock())
            wall, steady = system_clock(), time.monotonic()

    def _finish(self) -> None:
        until = time.monotonic() + STOP_SECONDS
        for pool in (self._sending, self._pulling):
            pool.finish(until - time.monotonic())
        self.connectors.close()


class _Pool:
    """A fixed number of threads that says how many are free."""

    def __init__(self, threads: int, name: str) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running: set[Future[None]] = set()
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        with self._lock:
            return self._threads - len(self._running)

    def start(self, work: Callable[[], object]) -> None:
        future = self._executor.submit(_logged, work)
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._forget)

    def finish(self, seconds: float) -> None:
        with self._lock:
            running = set(self._running)
        wait_for(running, timeout=max(seconds, 0))
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _forget(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)


def _logged(work: Callable[[], object]) -> None:
    try:
        work()
    except HubError as error:
        _log.warning("work failed: %s %s", error.code, error.params)
    except Exception:
        _log.exception("work failed")


def _log_failed_tick(event: JobExecutionEvent) -> None:
    if isinstance(event.exception, HubError):
        _log.warning("tick %s failed: %s %s", event.job_id, event.exception.code, event.exception.params)
    else:
        _log.error("tick %s failed", event.job_id, exc_info=event.exception)
