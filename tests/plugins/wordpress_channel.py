"""The WordPress connector as the engine drives it, for tests on the fake site and on the real one."""

from __future__ import annotations

import logging
from pathlib import Path

from hub_plugins.wordpress import WordPress
from hub_plugins.wordpress.connector import WordPressSettings

from hub.connector import Action, Context, DeletedBy, Incoming, Outgoing, Plan, Receipt, Target
from hub.kernel.clock import Clock
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock


class Channel:
    """The connector as the engine drives it: it remembers the cursor."""

    def __init__(self, settings: WordPressSettings, folder: Path, *addresses: str, clock: Clock | None = None) -> None:
        door = Door(allow=addresses)
        context = Context(http=door, clock=clock or FrozenClock(), log=logging.getLogger("hub.test"), data=folder)
        self.connector = WordPress(settings, context)
        self.cursor: str | None = None
        self.messages: dict[str, Incoming] = {}
        self.deleted: dict[str, DeletedBy] = {}

    def pull(self) -> list[str]:
        """Pull until there is no more; returns the ids that came."""
        came: list[str] = []
        more = True
        while more:
            page = self.connector.pull(self.cursor)
            self.cursor, more = page.cursor, page.more
            came += [message.remote_id for message in page.messages]
            self.messages |= {message.remote_id: message for message in page.messages}
            self.deleted |= {deleted.remote_id: deleted.by for deleted in page.deleted}
        return came

    def plan(self, id: str, text: str) -> Plan:
        return self.connector.plan(Outgoing(text=text, target=self.target(id)), "key")

    def answer(self, id: str, text: str) -> Receipt:
        return self.connector.send(self.plan(id, text), 0, None)

    def moderate(self, id: str, action: str) -> None:
        self.connector.act(Action(name=action, target=self.target(id)))

    def target(self, id: str) -> Target:
        message = self.messages[id]
        return Target(remote_id=id, root_id=message.root_id, author=message.author)
