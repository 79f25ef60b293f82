"""An agent's desk at a webhook: what is posted is taken in as the web process does it, replies go to a real server."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hub_plugins.webhook import Webhook
from hub_plugins.webhook.signing import signed_headers

from hub.channels.connect import add_channel, remove_channel
from hub.channels.webhook import store
from hub.channels.webhook.intake import Taken, take_in
from hub.kernel.hub import Hub
from hub.outbox.model import OutboxItem
from hub.testing.fake import FakeNetwork
from tests.desk import Desk, plug_in
from tests.plugins.webhook_system import SECRET


class WebhookDesk(Desk):
    """The desk of tests/desk.py on a webhook channel, told apart by its settings."""

    def __init__(self, hub: Hub, **settings: str) -> None:
        super().__init__(hub, FakeNetwork(hub.clock))  # type: ignore[arg-type]
        plug_in(hub.plugins, Webhook)
        remove_channel(hub, self.channel_id)
        self.channel_id, self.hook = self.connects("Shop", **settings)

    def connects(self, name: str, **settings: str) -> tuple[int, str]:
        """Connect one more system; returns its channel and its address."""
        values = {"secret": SECRET, **settings}
        added = add_channel(self.hub, self.connectors, kind="webhook", name=name, team_id=self.team, values=values)
        with self.hub.database.reading() as session:
            return added.id, store.hook_of(session, added.id) or ""

    def is_sent(
        self, body: Any, *, name: str = "d1", secret: str = SECRET, at: datetime | None = None, hook: str = ""
    ) -> Taken:
        """The other system posts a body, JSON or bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {
            "content-type": "application/json",
            **signed_headers([secret], name, raw, now=at or self.hub.clock()),
        }
        return take_in(self.hub, self.connectors, hook or self.hook, headers=headers, body=raw)

    def waiting(self) -> int:
        """Deliveries that no page was made of yet."""
        with self.hub.database.reading() as session:
            return store.count_waiting(session, self.channel_id, most=1000)

    def arrived(self, outbox_id: int, seconds: float = 60) -> OutboxItem:
        """Time passes, the engine works, and this is what became of an item."""
        self.waits(seconds)
        self.resolves()
        return self.item(outbox_id)
