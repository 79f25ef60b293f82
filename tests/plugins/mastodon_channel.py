"""The Mastodon connector as the engine drives it, for tests on the fake server, on an emulator and on recordings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from hub_plugins.mastodon import Mastodon
from hub_plugins.mastodon.connector import MastodonSettings

from hub.connector import (
    Action,
    Context,
    Incoming,
    Outgoing,
    Plan,
    Receipt,
    Upload,
    Visibility,
)
from hub.errors import Gone
from hub.kernel.clock import Clock
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from tests.plugins.driven import Driven


class SampleUploads:
    """Every picture is there, but one that is called `gone`."""

    def read(self, upload: Upload) -> bytes:
        if upload.id == "gone":
            raise Gone("upload")
        return upload.id.encode()


class Channel(Driven):
    """More settings may be given by name."""

    connector: Mastodon

    def __init__(
        self, address: str, token: str, folder: Path, *allowed: str, clock: Clock | None = None, **more: str
    ) -> None:
        door = Door(allow=allowed)
        context = Context(
            http=door,
            clock=clock or FrozenClock(),
            log=logging.getLogger("hub.test"),
            data=folder,
            uploads=SampleUploads(),
        )
        super().__init__(Mastodon(MastodonSettings(address=address, token=token, **more), context), door)

    def outgoing(self, id: str, text: str, *, visibility: Visibility | None = None, warning: str = "") -> Outgoing:
        target = self.target(id)
        return Outgoing(
            text=text, target=target, visibility=visibility or target.visibility, content_warning=warning, language="en"
        )

    def plan(self, id: str, text: str, key: str = "key-1", **more: str) -> Plan:
        return self.connector.plan(self.outgoing(id, text, warning=more.get("warning", "")), key)

    def answer(self, id: str, text: str, key: str = "key-1") -> list[Receipt]:
        """Send every part."""
        return self.send(self.plan(id, text, key))

    def act(self, id: str, name: str, text: str = "") -> None:
        self.connector.act(Action(name=name, target=self.target(id), text=text))


def shown(messages: Mapping[str, Incoming]) -> dict[str, str]:
    """Text by id."""
    return {id: message.text for id, message in messages.items()}
