"""The Bluesky connector as the engine drives it, for tests on the fake server and on the network's own servers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub_plugins.bluesky import Bluesky
from hub_plugins.bluesky.connector import BlueskySettings

from hub.connector import (
    Action,
    Context,
    DeletedBy,
    Incoming,
    Memory,
    Outgoing,
    Page,
    Plan,
    Receipt,
    Target,
    Upload,
    Visibility,
)
from hub.kernel.clock import Clock, system_clock
from hub.kernel.http import Door


class Pictures:
    """Uploads that a test made."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def read(self, upload: Upload) -> bytes:
        return self.content[upload.id]


class Channel:
    """Remembers the cursor, the memory, and what was told last of each message."""

    def __init__(
        self,
        service: str,
        handle: str,
        password: str,
        folder: Path,
        *allowed: str,
        clock: Clock = system_clock,
        memory: Memory | None = None,
    ) -> None:
        self.memory = memory or Memory()
        self.pictures = Pictures()
        self._door = Door(allow=allowed)
        self._context = Context(
            http=self._door,
            clock=clock,
            log=logging.getLogger("hub.test"),
            data=folder,
            memory=self.memory,
            uploads=self.pictures,
        )
        self._settings = BlueskySettings(handle=handle, app_password=password, service=service)
        self.connector = Bluesky(self._settings, self._context)
        self.cursor: str | None = None
        self.pages: list[Page] = []
        self.messages: dict[str, Incoming] = {}
        self.deleted: dict[str, DeletedBy] = {}

    def another(self) -> Bluesky:
        """A second instance of the same channel, as the engine has one for writing."""
        return Bluesky(self._settings, self._context)

    def pull(self) -> list[str]:
        """Pull until there is no more; returns the ids that came, in order."""
        came: list[str] = []
        more = True
        while more:
            page = self.step()
            came += [message.remote_id for message in page.messages]
            more = page.more
        return came

    def step(self) -> Page:
        page = self.connector.pull(self.cursor)
        self.cursor = page.cursor
        self.pages.append(page)
        self.messages |= {message.remote_id: message for message in page.messages}
        self.deleted |= {deleted.remote_id: deleted.by for deleted in page.deleted}
        return page

    def target(self, id: str) -> Target:
        message = self.messages[id]
        return Target(
            remote_id=id,
            revision=message.revision,
            author=message.author,
            visibility=message.visibility,
            permalink=message.permalink,
            must_mention=message.reply.must_mention,
            is_ours=message.author.is_us,
            raw=message.raw,
        )

    def outgoing(self, id: str, text: str, **more: Any) -> Outgoing:
        target = self.target(id)
        fields: dict[str, Any] = {"visibility": target.visibility, "language": "en", **more}
        return Outgoing(text=text, target=target, **fields)

    def plan(self, id: str, text: str, key: str = "key-1", **more: Any) -> Plan:
        return self.connector.plan(self.outgoing(id, text, **more), key)

    def answer(self, id: str, text: str, key: str = "key-1", **more: Any) -> list[Receipt]:
        """Send every part."""
        plan = self.plan(id, text, key, **more)
        sent: list[Receipt] = []
        for number in range(len(plan.parts)):
            sent.append(self.connector.send(plan, number, sent[-1] if sent else None))
        return sent

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

    def close(self) -> None:
        self.connector.close()
        self._door.close()


def directly() -> Mapping[str, Any]:
    """For an answer in a direct message."""
    return {"visibility": Visibility.DIRECT}
