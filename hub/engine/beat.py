"""A process that claims work: it beats every five seconds, and while it beats its claims are respected."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from hub.engine import store
from hub.engine.crew import log_failure
from hub.errors import HubError
from hub.kernel.hub import Hub

_log = logging.getLogger("hub.engine")
BEAT_SECONDS = 5.0


class Worker:
    """Registers this process for as long as the block runs. `id` is what claims are made under."""

    def __init__(self, hub: Hub, role: str) -> None:
        self.hub = hub
        self.role = role
        self.id = f"{role}-{hub.token()[:12]}"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="beat", daemon=True)

    def __enter__(self) -> Worker:
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        try:
            with self.hub.database.transaction() as session:
                store.leave(session, self.id)
        except HubError as failure:
            # Our claims are free all the same, as soon as we have been silent for a while.
            _log.warning("did not leave: %s", failure.code)

    def _beat_on(self) -> None:
        # Outside APScheduler on purpose: a step of the wall clock must not stop the heart, and nothing else may.
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._beat()
            except Exception as error:
                log_failure("beat", error)

    def _beat(self) -> None:
        with self.hub.database.transaction() as session:
            store.beat(session, self.id, role=self.role, now=self.hub.clock())
