"""Keeps one listening call for every channel that can listen: news are pulled at once instead of at the next turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hub.channels import store as channels
from hub.channels.connect import read_account
from hub.channels.connectors import Connectors, Listening
from hub.engine import store
from hub.errors import HubError
from hub.kernel.hub import Hub

_log = logging.getLogger("hub.engine")
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
STEADY_SECONDS = 60.0
"""A call that went on for so long was a good one: the next pause is short again."""

DAY = 86_400.0
STOP_SECONDS = 2.0
_HOPELESS = frozenset({"not_found", "gone", "misconfigured", "rejected", "scope_missing"})
"""The server does not offer it (today): it is asked again after a day, and pulled meanwhile as any other."""


@dataclass(slots=True, kw_only=True)
class _Ear:
    """One channel's. `due` and `since` by the monotonic clock; mark: of the settings it listens with."""

    mark: str
    due: float = 0.0
    failures: int = 0
    since: float = 0.0
    listening: Listening | None = None


def pause_after(failures: int, *, chance: float) -> float:
    """Seconds until the next try after so many calls in a row that ended soon; doubling, spread by chance. Pure."""
    return min(FIRST_PAUSE * float(1 << min(failures, 10)), LONGEST_PAUSE) * (0.5 + chance / 2)


class Listeners:
    """Begins, supervises and ends the listening calls of this worker, and makes the pulls due that they call for.

    Of several workers each listens for its share of the channels.
    """

    def __init__(self, hub: Hub, connectors: Connectors, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._connectors = connectors
        self._monotonic = monotonic
        self._ears: dict[int, _Ear] = {}
        self._woken: set[int] = set()
        self._lock = threading.Lock()

    def tick(self, worker: str) -> None:
        """Do what is due now; called every second."""
        self._pull_woken()
        kinds = [kind for kind, found in self._hub.plugins.connectors.items() if found.features.listens]
        if not kinds and not self._ears:
            return
        wanted = self._wanted(worker, kinds)
        for channel_id in [id for id, ear in self._ears.items() if wanted.get(id) != ear.mark]:
            self._end(self._ears.pop(channel_id))
        for channel_id, mark in wanted.items():
            self._attend(channel_id, self._ears.setdefault(channel_id, _Ear(mark=mark)))

    def stop(self) -> None:
        """End every call; returns when they have ended, after two seconds at most."""
        calls = [ear.listening for ear in self._ears.values() if ear.listening is not None]
        for call in calls:
            call.stop()
        until = self._monotonic() + STOP_SECONDS
        for call in calls:
            _wait(call, until - self._monotonic())
        self._ears.clear()

    @property
    def count(self) -> int:
        """How many calls are under way."""
        return sum(ear.listening is not None for ear in self._ears.values())

    def _wanted(self, worker: str, kinds: list[str]) -> dict[int, str]:
        with self._hub.database.reading() as session:
            found = channels.to_hear(session, kinds)
            workers = sorted(alive.id for alive in store.alive(session) if alive.role == "worker")
        if worker not in workers:  # our beat is late: what is heard is heard on
            return {id: mark for id, mark in found.items() if id in self._ears}
        return {id: mark for id, mark in found.items() if workers[id % len(workers)] == worker}

    def _attend(self, channel_id: int, ear: _Ear) -> None:
        if ear.listening is not None and ear.listening.ended.done():
            self._note_end(channel_id, ear, ear.listening)
        if ear.listening is None and ear.due <= self._monotonic():
            self._begin(channel_id, ear)

    def _begin(self, channel_id: int, ear: _Ear) -> None:
        ear.since = self._monotonic()
        # What came while nobody listened has to be looked for.
        self._wake(channel_id)
        try:
            account = read_account(self._hub, channel_id)
            ear.listening = self._connectors.listen(account, partial(self._wake, channel_id))
        except HubError as error:
            self._rest(channel_id, ear, error)

    def _note_end(self, channel_id: int, ear: _Ear, call: Listening) -> None:
        ear.listening = None
        try:
            call.result()
        except HubError as error:
            self._rest(channel_id, ear, error)
        else:
            self._rest(channel_id, ear, None)

    def _rest(self, channel_id: int, ear: _Ear, error: HubError | None) -> None:
        now = self._monotonic()
        ear.failures = 0 if now - ear.since >= STEADY_SECONDS else ear.failures + 1
        pause = pause_after(ear.failures, chance=self._hub.chance())
        hopeless = error is not None and error.code in _HOPELESS
        ear.due = now + (DAY if hopeless else pause)
        if error is not None:
            level = logging.INFO if hopeless or ear.failures < 5 else logging.WARNING
            _log.log(level, "listening of channel %s ended: %s %s", channel_id, error.code, error.params.get("reason"))

    def _wake(self, channel_id: int) -> None:
        with self._lock:
            self._woken.add(channel_id)

    def _pull_woken(self) -> None:
        with self._lock:
            woken, self._woken = self._woken, set()
        if not woken:
            return
        try:
            with self._hub.database.transaction() as session:
                channels.wake(session, sorted(woken), now=self._hub.clock())
        except HubError:
            with self._lock:
                self._woken |= woken
            raise

    def _end(self, ear: _Ear) -> None:
        if ear.listening is not None:
            ear.listening.stop()


def _wait(call: Listening, seconds: float) -> None:
    try:
        call.ended.exception(timeout=max(seconds, 0))
    except TimeoutError:
        _log.info("a listening call did not end in time")
