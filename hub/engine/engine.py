"""The worker: APScheduler is the clock, our tables say what is due, claims say who does it.

One table of named ticks. A tick claims what is due and hands it to a crew of threads; a channel that hangs keeps one
thread and its own claim, a plugin that hangs its share of the threads, nothing else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, timedelta
from functools import partial
from typing import Protocol, TypeVar

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from hub.channels import store as channels
from hub.channels.connectors import Connectors
from hub.channels.sign_in import journey
from hub.channels.webhook import store as webhook
from hub.engine import observe, store
from hub.engine.beat import Worker
from hub.engine.clock_watch import ClockWatch
from hub.engine.crew import Crew, log_failure
from hub.engine.debts import Debts, GiveBack
from hub.engine.listening import Listeners
from hub.errors import HubError
from hub.inbox import emoji, indexing, pictures, pull, uploads
from hub.inbox.follow import follow_outbox
from hub.inbox.store.emoji import Wanted
from hub.kernel import log
from hub.kernel.clock import Clock, system_clock
from hub.kernel.hub import Hub
from hub.outbox import resolve, send
from hub.outbox import store as outbox
from hub.outbox.model import Claim, OutboxItem
from hub.people import limits, sessions

_log = logging.getLogger("hub.engine")

FINISH_SECONDS = 20.0
"""How long work under way may go on after the stop; what the supervisor grants, less the end of the children."""

_KEEP_EVENTS = timedelta(days=14)
_KEEP_DELIVERIES = timedelta(days=30)
_WATCH_SECONDS = 1.0
_TICK_SECONDS = 0.8
_PULL_SECONDS = 0.4
"""How long a tick may hand out work; shorter than the time to the next. What was delivered shows within a second."""


class OnChannel(Protocol):
    """Something claimed that belongs to a channel and is numbered by a fence."""

    @property
    def channel_id(self) -> int: ...

    @property
    def fence(self) -> int: ...


S = TypeVar("S")
T = TypeVar("T", bound=OnChannel)


class Engine:
    """Does what is due until it is told to stop. `wall` is the clock people set, watched for steps."""

    def __init__(
        self, hub: Hub, connectors: Connectors, *, wall: Clock = system_clock, finish_seconds: float = FINISH_SECONDS
    ) -> None:
        self.hub = hub
        self.connectors = connectors
        self._wall = wall
        self._finish_seconds = finish_seconds
        self._pulling = Crew("pull", threads=24, share=6)
        self._sending = Crew("send", threads=16, share=4)
        self._resolving = Crew("resolve", threads=6, share=2)
        self._observing = Crew("observe", threads=8, share=1)
        self._fetching = Crew("fetch", threads=4, share=2)
        self._debts = Debts()
        self._listeners = Listeners(hub, connectors)
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then claim nothing more and finish what is under way within FINISH_SECONDS."""
        with Worker(self.hub, "worker") as worker:
            self._schedule(worker.id, stop)
            self._scheduler.start()
            try:
                self._watch_clock(stop)
            finally:
                stop.set()
                _log.info("stopping")
                self._scheduler.shutdown(wait=True)
                self._finish()

    def _schedule(self, worker: str, stop: threading.Event) -> None:
        ticks: dict[str, tuple[float, Callable[[], None]]] = {
            "pull": (0.5, partial(self._pull, worker, stop)),
            "listen": (1.0, partial(self._listeners.tick, worker)),
            "send": (1.0, partial(self._send, worker, stop)),
            "resolve": (5.0, partial(self._resolve, worker, stop)),
            "observe": (1.0, partial(self._observe, stop)),
            "follow": (1.0, partial(follow_outbox, self.hub)),
            "search": (1.0, self._index),
            "emoji": (1.0, partial(self._fetch_emoji, stop)),
            "give_back": (1.0, partial(self._debts.settle, self.hub.database)),
            "sweep": (60.0, self._sweep),
            "sweep_pictures": (600.0, self._sweep_pictures),
        }
        for name, (seconds, tick) in ticks.items():
            self._scheduler.add_job(tick, "interval", seconds=seconds, id=name, name=name, next_run_time=self._wall())
        self._scheduler.add_listener(_log_failed_tick, EVENT_JOB_ERROR)

    def _pull(self, worker: str, stop: threading.Event) -> None:
        self._hand_out(
            self._pulling,
            stop,
            partial(pull.claim_due, self.hub, worker),
            lambda lease: pull.pull_leased(self.hub, self.connectors, lease),
            lambda lease: partial(channels.release, channel_id=lease.channel_id, worker=worker, fence=lease.fence),
            seconds=_PULL_SECONDS,
        )

    def _send(self, worker: str, stop: threading.Event) -> None:
        self._hand_out(
            self._sending,
            stop,
            partial(send.claim_due, self.hub, worker),
            lambda item: send.send_item(self.hub, self.connectors, worker, item),
            lambda item: _release(item, worker),
        )

    def _resolve(self, worker: str, stop: threading.Event) -> None:
        self._hand_out(
            self._resolving,
            stop,
            partial(resolve.claim_stuck, self.hub, worker),
            lambda item: resolve.resolve_item(self.hub, self.connectors, worker, item),
            lambda item: _release(item, worker),
        )

    def _hand_out(
        self,
        crew: Crew,
        stop: threading.Event,
        claim: Callable[..., Sequence[T]],
        work: Callable[[T], object],
        give_back: Callable[[T], GiveBack],
        *,
        seconds: float = _TICK_SECONDS,
    ) -> None:
        """Begin what is due of channels; without those of kinds that have their share of the threads."""

        def claim_next(limit: int, crowded: Collection[str]) -> Sequence[tuple[str, T]]:
            kinds = self._kinds()
            without = [channel_id for channel_id, kind in kinds.items() if kind in crowded]
            return [(kinds.get(item.channel_id, ""), item) for item in claim(limit=limit, without=without)]

        def begin(kind: str, item: T) -> None:
            crew.start(kind, partial(work, item), failed=partial(self._debts.owe, give_back(item)))

        _share_out(crew, stop, claim_next, begin, seconds=seconds)

    def _kinds(self) -> dict[int, str]:
        with self.hub.database.reading() as session:
            return channels.kinds(session)

    def _observe(self, stop: threading.Event) -> None:
        for plugin in observe.observers(self.hub):
            if self._observing.free and plugin not in self._observing.crowded:
                work = partial(observe.tell, self.hub, self.connectors, plugin, stop)
                self._observing.start(plugin, work, failed=_nothing_owed)

    def _fetch_emoji(self, stop: threading.Event) -> None:
        """Begin to fetch the pictures that messages name; a slow server holds up no other's."""

        def claim_next(limit: int, crowded: Collection[str]) -> Sequence[tuple[str, Wanted]]:
            return [(each.host, each) for each in emoji.claim_due(self.hub, limit=limit, without=crowded)]

        def begin(host: str, wanted: Wanted) -> None:
            self._fetching.start(host, partial(emoji.fetch, self.hub, wanted), failed=_nothing_owed)

        _share_out(self._fetching, stop, claim_next, begin)

    def _index(self) -> None:
        indexing.sweep(self.hub)

    def _sweep(self) -> None:
        now = self.hub.clock()
        with self.hub.database.transaction() as session:
            log.forget(session, before=now - _KEEP_EVENTS)
            sessions.forget(session, now=now)
            limits.forget(session, now=now)
            journey.forget(session, self.hub)
            webhook.forget(session, before=now - _KEEP_DELIVERIES)
            store.forget_silent(session)
        uploads.sweep(self.hub)
        emoji.sweep(self.hub)
        self._bring_forward()

    def _sweep_pictures(self) -> None:
        pictures.sweep(self.hub)

    def _bring_forward(self) -> None:
        """What was put off by a clock that stood in the future is due by the clock we have now."""
        now = self.hub.clock()
        with self.hub.database.transaction() as session:
            channels.bring_forward(session, now=now)
            outbox.bring_forward(session, now=now)

    def _watch_clock(self, stop: threading.Event) -> None:
        """Wait for the end. After a step back of the wall clock APScheduler's jobs would stand still until the old
        time returns: notice it by the monotonic clock and set them anew."""
        watch = ClockWatch(self._wall)
        while not stop.wait(_WATCH_SECONDS):
            step = watch.step()
            if step:
                _log.warning("the clock was set by %.0f s", step)
                self._set_anew(self._scheduler.get_jobs())

    def _set_anew(self, jobs: Iterable[object]) -> None:
        for job in jobs:
            job.modify(next_run_time=self._wall())  # type: ignore[attr-defined]
        try:
            self._bring_forward()
        except HubError as error:
            log_failure("bring forward", error)  # the sweep does it again

    def _finish(self) -> None:
        self._listeners.stop()
        crews = (self._sending, self._resolving, self._pulling, self._observing, self._fetching)
        until = time.monotonic() + self._finish_seconds
        finished = [crew.finish(until - time.monotonic()) for crew in crews]
        self.connectors.close()
        for crew in crews:
            # What still ran was just ended with its children: let it write down what became of it.
            crew.finish(0.0 if all(finished) else 2.0)
            crew.close()


def _release(item: OutboxItem, worker: str) -> GiveBack:
    return partial(outbox.release, outbox_id=item.id, claim=Claim(worker=worker, fence=item.fence))


def _share_out(
    crew: Crew,
    stop: threading.Event,
    claim: Callable[[int, Collection[str]], Sequence[tuple[str, S]]],
    begin: Callable[[str, S], None],
    *,
    seconds: float = _TICK_SECONDS,
) -> None:
    """Claim what is due, a share at a time, without the names that have theirs, and begin each under its name.

    While a name has its share, go on as soon as one of its threads is free, until the next tick takes over.
    """
    until = time.monotonic() + seconds
    while not stop.is_set() and time.monotonic() < until:
        crowded = crew.crowded
        limit = min(crew.free, crew.share)
        claimed = claim(limit, crowded)
        for name, item in claimed:
            begin(name, item)
        if len(claimed) < limit and not crowded:
            return
        if len(claimed) < limit or not limit:
            crew.wait_for_room(until - time.monotonic())


def _nothing_owed(error: Exception) -> None:
    """An observer's position says where to go on; a picture that was not fetched is due again."""


def _log_failed_tick(event: JobExecutionEvent) -> None:
    log_failure(f"tick {event.job_id}", event.exception)
