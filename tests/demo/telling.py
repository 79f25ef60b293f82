"""The demo as a test looks at it: told in a folder, then read as the pages would read it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hub_plugins.sandbox import open_network
from hub_plugins.sandbox.network import Network

from hub.demo.tell import tell
from hub.inbox.model import Line
from hub.inbox.read import Reading, read_conversation
from hub.inbox.store import conversations
from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.testing.clock import START, FrozenClock

_TELL = """
import os
from datetime import datetime
from pathlib import Path
from hub.demo.tell import tell
from hub.kernel.config import read_config
from hub.kernel.hub import prepare
config = read_config(os.environ, demo=True)
prepare(config)
tell(config, clock=lambda: datetime.fromisoformat(os.environ["NOW"]))
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    config: Config

    @classmethod
    def at(cls, folder: Path, database_url: str = "") -> Demo:
        return cls(config=read_config({"HUB_DATABASE_URL": database_url}, data=folder, demo=True))

    def tell(self) -> Demo:
        prepare(self.config)
        tell(self.config, clock=FrozenClock())
        return self

    def tell_until(self, point: str) -> int:
        """Have a process tell it that dies at a crash point; returns its exit code."""
        environ = {
            **os.environ,
            "HUB_DATA": str(self.config.data),
            "HUB_DATABASE_URL": self.config.database_url,
            "HUB_CRASH_AT": point,
            "NOW": START.isoformat(),
        }
        return subprocess.run([sys.executable, "-c", _TELL], env=environ, timeout=300).returncode

    @contextlib.contextmanager
    def hub(self) -> Iterator[Hub]:
        with contextlib.closing(open_hub(self.config, clock=FrozenClock())) as hub:
            yield hub

    @contextlib.contextmanager
    def network(self) -> Iterator[Network]:
        with contextlib.closing(open_network(self.config.data, FrozenClock())) as network:
            yield network

    def lines(self) -> list[Line]:
        with self.hub() as hub, hub.database.reading() as session:
            return conversations.lines(session, teams=None, limit=500)

    def readings(self) -> list[Reading]:
        with self.hub() as hub, hub.database.reading() as session:
            lines = conversations.lines(session, teams=None, limit=500)
            return [read_conversation(hub, session, line.conversation) for line in lines]

    def told(self) -> set[tuple[str, ...]]:
        """Everything that was said and what became of it, whatever the ids and instants."""
        return {
            (
                reading.line.channel_name,
                reading.identity.name,
                reading.conversation.state.value,
                str(reading.conversation.unread),
                *(
                    f"{each.message.author_name}: {each.message.text}"
                    f" [{each.delivery.state.value if each.delivery else ''}]"
                    f"{' edited' if each.message.edited_at else ''}{' deleted' if each.message.deleted_at else ''}"
                    for each in reading.utterances
                ),
            )
            for reading in self.readings()
        }
