"""The WordPress connector as the engine drives it, for tests on the fake site and on the real one."""

from __future__ import annotations

import logging
from pathlib import Path

from hub_plugins.wordpress import WordPress
from hub_plugins.wordpress.connector import WordPressSettings

from hub.connector import Action, Context, Outgoing, Plan, Receipt
from hub.kernel.clock import Clock
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from tests.plugins.driven import Driven


class Channel(Driven):
    """One site, read and answered as one user."""

    connector: WordPress

    def __init__(self, settings: WordPressSettings, folder: Path, *addresses: str, clock: Clock | None = None) -> None:
        door = Door(allow=addresses)
        context = Context(http=door, clock=clock or FrozenClock(), log=logging.getLogger("hub.test"), data=folder)
        super().__init__(WordPress(settings, context), door)

    def plan(self, id: str, text: str) -> Plan:
        return self.connector.plan(Outgoing(text=text, target=self.target(id)), "key")

    def answer(self, id: str, text: str) -> Receipt:
        (receipt,) = self.send(self.plan(id, text))
        return receipt

    def moderate(self, id: str, action: str) -> None:
        self.connector.act(Action(name=action, target=self.target(id)))
