"""A connector as the engine drives it, for tests on hand-written servers, on emulators and on the networks' own."""

from __future__ import annotations

from hub.connector import DeletedBy, Incoming, Page, Plan, Post, Receipt, Target
from hub.connector.contract import Connector
from hub.kernel.http import Door
from hub.testing.contract.answering import target_of


class Driven:
    """Remembers the cursor, every page, and what was told last of each message."""

    def __init__(self, connector: Connector, door: Door) -> None:
        self.connector = connector
        self._door = door
        self.cursor: str | None = None
        self.pages: list[Page] = []
        self.messages: dict[str, Incoming] = {}
        self.deleted: dict[str, DeletedBy] = {}
        self.posts: dict[str, Post] = {}

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
        self.posts |= {post.remote_id: post for post in page.posts}
        return page

    def target(self, id: str) -> Target:
        return target_of(self.messages[id])

    def send(self, plan: Plan) -> list[Receipt]:
        """Send every part."""
        sent: list[Receipt] = []
        for number in range(len(plan.parts)):
            sent.append(self.connector.send(plan, number, sent[-1] if sent else None))
        return sent

    def close(self) -> None:
        self.connector.close()
        self._door.close()
