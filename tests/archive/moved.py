"""The desk of an installation that was brought back: it pulls and sends on the channels that came with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hub.archive.backup import take
from hub.archive.model import Restored, Wanted
from hub.archive.restore import restore
from hub.channels.store import all_channels
from hub.inbox.pull import pull_now
from hub.kernel.config import Config
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem
from hub.outbox.resolve import resolve_due
from hub.outbox.send import send_due
from hub.testing.clock import START
from tests.desk import inline

LATER = START + timedelta(hours=1)


def backed_up(hub: Hub, file: Path) -> Path:
    take(hub.config, hub.database, file, now=hub.clock())
    return file


def bring(target: Config, file: Path, wanted: Wanted | None = None) -> Restored:
    return restore(target, file, wanted or Wanted(), now=LATER)


class MovedDesk:
    worker = "moved"

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.connectors = inline(hub)

    def pulls(self) -> None:
        with self.hub.database.reading() as session:
            channels = all_channels(session)
        for channel in channels:
            pull_now(self.hub, self.connectors, self.worker, channel.id)

    def waits(self, seconds: float) -> None:
        """Time passes, and the engine does what has become due."""
        self.hub.clock.tick(seconds)  # type: ignore[attr-defined]
        send_due(self.hub, self.connectors, self.worker)
        resolve_due(self.hub, self.connectors, self.worker)

    def item(self, outbox_id: int) -> OutboxItem:
        with self.hub.database.reading() as session:
            return outbox.item(session, outbox_id)

    def texts(self) -> list[str]:
        """Every message there is, oldest first."""
        with self.hub.database.reading() as session:
            return [row["text"] for row in session.all("SELECT text FROM messages ORDER BY created_at, id")]
