"""The Bluesky connector as the engine drives it, for tests on the fake server and on the network's own servers."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub_plugins.bluesky import Bluesky
from hub_plugins.bluesky.connector import BlueskySettings

from hub.connector import (
    Action,
    Context,
    Memory,
    Outgoing,
    Plan,
    Receipt,
    Upload,
    Visibility,
)
from hub.kernel.clock import Clock, system_clock
from hub.kernel.http import Door
from tests.plugins.driven import Driven


class Pictures:
    """Uploads that a test made."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def read(self, upload: Upload) -> bytes:
        return self.content[upload.id]


class Channel(Driven):
    """Remembers what its connector remembers, too; `pictures` are those that may be sent."""

    connector: Bluesky

    def __init__(
        self,
        service: str,
        handle: str,
        password: str,
        folder: Path,
        *allowed: str,
        clock: Clock = system_clock,
        memory: Memory | None = None,
        door: Door | None = None,
        link_cards: str = "yes",
        tags: str = "",
    ) -> None:
        self.memory = memory or Memory()
        self.pictures = Pictures()
        door = door or Door(allow=allowed, resolve=only_this_machine)
        self._context = Context(
            http=door,
            clock=clock,
            log=logging.getLogger("hub.test"),
            data=folder,
            memory=self.memory,
            uploads=self.pictures,
        )
        self._settings = BlueskySettings(
            handle=handle, app_password=password, service=service, link_cards=link_cards, tags=tags
        )
        super().__init__(Bluesky(self._settings, self._context), door)

    def another(self) -> Bluesky:
        """A second instance of the same channel, as the engine has one for writing."""
        return Bluesky(self._settings, self._context)

    def outgoing(self, id: str, text: str, **more: Any) -> Outgoing:
        target = self.target(id)
        fields: dict[str, Any] = {"visibility": target.visibility, "language": "en", **more}
        return Outgoing(text=text, target=target, **fields)

    def plan(self, id: str, text: str, key: str = "key-1", **more: Any) -> Plan:
        return self.connector.plan(self.outgoing(id, text, **more), key)

    def answer(self, id: str, text: str, key: str = "key-1", **more: Any) -> list[Receipt]:
        """Send every part."""
        return self.send(self.plan(id, text, key, **more))

    def picture(self, content: bytes, alt: str, *, width: int = 8, height: int = 8) -> Upload:
        upload = Upload(
            id=f"u{len(self.pictures.content)}",
            media_type="image/png",
            size=len(content),
            alt=alt,
            width=width,
            height=height,
        )
        self.pictures.content[upload.id] = content
        return upload

    def act(self, id: str, *names: str) -> None:
        for name in names:
            self.connector.act(Action(name=name, target=self.target(id)))


def only_this_machine(host: str, port: int, *hints: int) -> list[Any]:
    """Look names up without asking anybody: links in answers lead nowhere."""
    if host != "localhost":
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return socket.getaddrinfo(host, port, *hints)


def directly() -> Mapping[str, Any]:
    """For an answer in a direct message."""
    return {"visibility": Visibility.DIRECT}
