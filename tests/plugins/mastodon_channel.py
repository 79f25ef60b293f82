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
    DeletedBy,
    Incoming,
    Outgoing,
    Page,
    Plan,
    Receipt,
    Target,
    Upload,
    Visibility,
)
from hub.errors import Gone
from hub.kernel.clock import Clock
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock


class SampleUploads:
    """Every picture is there, but one that is called `gone`."""

    def read(self, upload: Upload) -> bytes:
        if upload.id == "gone":
            raise Gone("upload")
        return upload.id.encode()


class Channel:
    """The connector as the engine drives it: it remembers the cursor, and what was told last of each message."""

    def __init__(
        self, address: str, token: str, folder: Path, *allowed: str, clock: Clock | None = None, **more: str
    ) -> None:
        self._door = Door(allow=allowed)
        context = Context(
            http=self._door,
            clock=clock or FrozenClock(),
            log=logging.getLogger("hub.test"),
            data=folder,
            uploads=SampleUploads(),
        )
        self.connector = Mastodon(MastodonSettings(address=address, token=token, **more), context)
        self.cursor: str | None = None
        self.pages: list[Page] = []
        self.messages: dict[str, Incoming] = {}
        self.deleted: dict[str, DeletedBy] = {}

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

    def outgoing(self, id: str, text: str, *, visibility: Visibility | None = None, warning: str = "") -> Outgoing:
        target = self.target(id)
        return Outgoing(
            text=text, target=target, visibility=visibility or target.visibility, content_warning=warning, language="en"
        )

    def plan(self, id: str, text: str, key: str = "key-1", **more: str) -> Plan:
        return self.connector.plan(self.outgoing(id, text, warning=more.get("warning", "")), key)

    def answer(self, id: str, text: str, key: str = "key-1") -> list[Receipt]:
        """Send every part."""
        plan = self.plan(id, text, key)
        sent: list[Receipt] = []
        for number in range(len(plan.parts)):
            sent.append(self.connector.send(plan, number, sent[-1] if sent else None))
        return sent

    def act(self, id: str, name: str, text: str = "") -> None:
        self.connector.act(Action(name=name, target=self.target(id), text=text))

    def close(self) -> None:
        self.connector.close()
        self._door.close()


def shown(messages: Mapping[str, Incoming]) -> dict[str, str]:
    """Text by id."""
    return {id: message.text for id, message in messages.items()}
