"""A running engine over real child processes, on the sandbox network."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hub_plugins.sandbox.network import FILE, Network

from hub.channels import store as channels
from hub.channels.children import ChildConnectors
from hub.channels.connect import add_channel
from hub.channels.model import Channel
from hub.engine.engine import Engine
from hub.inbox.reply import Draft, queue_reply
from hub.kernel.clock import system_clock
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem, State
from tests.processes import wait_until

_TEAM = "INSERT INTO teams (name, created_at) VALUES (:name, :now) RETURNING id"
_AGENT = """
    INSERT INTO agents (email, name, role, created_at) VALUES (:email, :name, 'agent', :now) RETURNING id"""


class SettableClock:
    """The real time, until somebody sets the clock."""

    def __init__(self) -> None:
        self.set_by = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.set_by


class Installation:
    """An open hub with one sandbox channel whose people speak only when told to; methods say what happens."""

    def __init__(self, hub: Hub, connectors: ChildConnectors) -> None:
        self.hub = hub
        self.connectors = connectors
        self.network = Network(hub.config.data / FILE)
        self.network.hush()
        with hub.database.transaction() as session:
            self.team = session.insert(_TEAM, name="Care", now=hub.clock())
            self.agent = session.insert(_AGENT, email="ana@brightwater.example", name="Ana Kovač", now=hub.clock())
        self.channel_id = self.connects("@brightwater")

    def connects(self, account: str) -> int:
        values = {"account": account, "talk": "0"}
        return add_channel(self.hub, self.connectors, kind="sandbox", name=account, team_id=self.team, values=values).id

    def hears(self, text: str, *, to: str = "@brightwater") -> None:
        """Somebody says something; the channel's pull is due now."""
        self.network.person("lena").says(text, to=to)
        self.pull_is_due()

    def pull_is_due(self) -> None:
        with self.hub.database.transaction() as session:
            session.run("UPDATE channels SET next_pull_at = 0 WHERE state = 'active'")

    def answers(self, to: str, text: str) -> int:
        """Queue a reply whose undo time is over."""
        return queue_reply(
            self.hub,
            Draft(
                conversation_id=self.conversation_of(to), agent_id=self.agent, text=text, client_key=self.hub.token()
            ),
            undo=timedelta(0),
        )

    def texts(self) -> list[str]:
        with self.hub.database.reading() as session:
            rows = session.all("SELECT text FROM messages WHERE direction = 'in' ORDER BY id")
        return [row["text"] for row in rows]

    def conversation_of(self, text: str) -> int:
        with self.hub.database.reading() as session:
            found = session.one("SELECT conversation_id FROM messages WHERE text = :text", text=text)
        assert found is not None
        return int(found["conversation_id"])

    def item(self, outbox_id: int) -> OutboxItem:
        with self.hub.database.reading() as session:
            return outbox.item(session, outbox_id)

    def is_sent(self, outbox_id: int) -> bool:
        return self.item(outbox_id).state is State.SENT

    def channel(self, channel_id: int = 0) -> Channel:
        with self.hub.database.reading() as session:
            return channels.channel(session, channel_id or self.channel_id)

    def arrivals(self) -> list[str]:
        return [arrival.text for arrival in self.network.arrivals()]

    def claims(self) -> int:
        """How many channels and outbox items somebody has claimed."""
        with self.hub.database.reading() as session:
            row = session.one(
                "SELECT (SELECT count(*) FROM channels WHERE claimed_by IS NOT NULL)"
                " + (SELECT count(*) FROM outbox WHERE claimed_by IS NOT NULL) AS claims"
            )
        return int(row["claims"]) if row else 0


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def installation(tmp_path: Path, engine_url: str, clock: SettableClock) -> Iterator[Installation]:
    config = read_config({"HUB_DATABASE_URL": engine_url}, data=tmp_path / "data")
    prepare(config)
    with (
        contextlib.closing(open_hub(config, clock=clock)) as hub,
        contextlib.closing(ChildConnectors(hub)) as connectors,
    ):
        yield Installation(hub, connectors)


@pytest.fixture
def running(installation: Installation, clock: SettableClock) -> Iterator[Callable[[], threading.Event]]:
    """Starts engines; each call returns the event that stops that one."""
    with contextlib.ExitStack() as ending:

        def start() -> threading.Event:
            return ending.enter_context(
                started(Engine(installation.hub, installation.connectors, wall=clock, finish_seconds=2))
            )

        yield start


@contextlib.contextmanager
def started(engine: Engine) -> Iterator[threading.Event]:
    """An engine at work in a thread of its own, stopped when the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=engine.run, args=(stop,), name="engine")
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


def soon(ready: Callable[[], bool], what: str) -> None:
    wait_until(ready, what)
