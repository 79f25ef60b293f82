"""A process that claims work: it beats every five seconds, and while it beats its claims are respected."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from hub.engine import store
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
        with self.hub.database.transaction() as session:
            store.leave(session, self.id)

    def _beat_on(self) -> None:
        # Outside APScheduler on purpose: a step of the wall clock must not stop the heart.
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self._beat()
            except HubError as error:
                _log.warning("beat missed: %s", error.code)

    def _beat(self) -> None:
        with self.hub.database.transaction() as session:
            store.beat(session, self.id, role=self.role, now=self.hub.clock())
