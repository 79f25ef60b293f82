"""One installation for many examples of a property: every example gets a channel of its own in it."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path

from hub.channels.connect import add_channel
from hub.channels.model import Channel
from hub.connector import Features, Page
from hub.inbox.ingest import Stored, store_page
from hub.inbox.store import conversations
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import Plugins
from hub.testing.clock import FrozenClock
from hub.testing.fake import FakeNetwork
from tests.desk import Desk

_NUMBERS = itertools.count(1)


@contextlib.contextmanager
def installation(folder: Path, url: str = "") -> Iterator[Hub]:
    """An open installation in a folder, on the engine the URL names; empty is SQLite."""
    config = read_config({"HUB_DATABASE_URL": url}, data=folder)
    prepare(config)
    opened = open_hub(config, clock=FrozenClock(), plugins=Plugins())
    opened.chance = lambda: 0.5
    try:
        yield opened
    finally:
        opened.close()


class Stage(Desk):
    """A desk on a fresh channel of a shared installation, to which pages can be given directly."""

    def __init__(self, hub: Hub, fake: FakeNetwork | None = None, *, features: Features | None = None) -> None:
        network = fake or FakeNetwork(hub.clock)
        if "fake" in hub.plugins.connectors:
            self._join(hub, network)
        else:
            super().__init__(hub, network, features=features)

    def _join(self, hub: Hub, fake: FakeNetwork) -> None:
        from tests.desk import inline

        self.hub, self.fake = hub, fake
        hub.plugins.connectors["fake"].network = fake  # type: ignore[attr-defined]
        self.connectors = inline(hub)
        with hub.database.transaction() as session:
            found = session.one("SELECT min(id) AS team, (SELECT min(id) FROM agents) AS agent FROM teams")
        assert found is not None
        self.team, self.agent = found["team"], found["agent"]
        number = next(_NUMBERS)
        values = {"handle": f"@brightwater{number}"}
        self.channel_id = add_channel(
            hub, self.connectors, kind="fake", name=f"channel {number}", team_id=self.team, values=values
        ).id

    @property
    def conversation_id(self) -> int:
        """The newest conversation of this channel."""
        with self.hub.database.reading() as session:
            return conversations.lines(session, teams=None, channel_id=self.channel_id)[0].conversation.id

    def stores(self, page: Page, *, pull: int) -> Stored:
        """Give one page to ingest as the leased pull of that number."""
        channel: Channel = self.channel
        with self.hub.database.transaction() as session:
            return store_page(session, channel, page, pull=pull, now=self.hub.clock())
