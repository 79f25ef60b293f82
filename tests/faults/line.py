"""The whole line over one network behind the fault proxy: an installation whose clocks the test moves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from hub.channels.connect import add_channel
from hub.channels.model import Channel
from hub.channels.store import channel as read_channel
from hub.channels.webhook.intake import take_in
from hub.channels.webhook.store import hook_of
from hub.engine import store as workers
from hub.errors import HubError
from hub.inbox.pull import Pulled, claim_due, pull_leased
from hub.inbox.reply import Draft, queue_reply
from hub.inbox.store import conversations, messages
from hub.kernel.clock import system_clock
from hub.kernel.config import read_config
from hub.kernel.http import Door
from hub.kernel.http.connection import GuardedSocket
from hub.kernel.http.limits import DeadlinePassed
from hub.kernel.hub import Hub, open_hub, prepare
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem, State
from hub.outbox.resolve import resolve_due
from hub.outbox.send import send_due
from hub.testing.server import Arrival
from tests.desk import inline
from tests.faults.proxy import FaultProxy

SETTLED = {State.SENT, State.FAILED, State.UNKNOWN}
_TEAM = "INSERT INTO teams (name, created_at) VALUES ('Care', :now) RETURNING id"
_AGENT = """
    INSERT INTO agents (email, name, role, created_at) VALUES ('ana@brightwater.example', 'Ana', 'agent', :now)
    RETURNING id"""


class Peer(Protocol):
    """A network as these tests need it: somebody speaks, and it is counted what of ours arrived."""

    kind: str
    url: str

    def settings(self, url: str) -> dict[str, str]:
        """The channel's settings when the network is reached at this address."""

    def says(self, text: str) -> None:
        """Somebody says something to us; returns when it can be read."""

    def settles(self) -> None:
        """Wait until what we wrote can be read."""

    def arrived(self, text: str) -> int:
        """How often the network holds an answer of ours with these words."""

    def is_write(self, arrival: Arrival) -> bool:
        """Whether a request is the visible write of a reply."""


class ShiftedClock:
    """The real time (networks stamp what they hold), moved on by the test."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.by


class Stopwatch:
    """The door's clock. From the moment an answer never ends it runs so fast that the door's patience is over soon."""

    def __init__(self) -> None:
        self.hurries = threading.Event()
        self._ahead = 0.0

    def __call__(self) -> float:
        if self.hurries.is_set():
            self._ahead += 1.0
        return time.monotonic() + self._ahead


class _Watching(GuardedSocket):
    """Looks at the stopwatch while it waits."""

    def settimeout(self, seconds: float | None) -> None:
        super().settimeout(None if seconds is None else min(seconds, 0.05))

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        while True:
            try:
                return super().recv_into(buffer, nbytes, flags)
            except DeadlinePassed:
                raise
            except TimeoutError:
                continue


def _dial(ip: str, port: int, seconds: float) -> GuardedSocket:
    opened = _Watching(socket.AF_INET, socket.SOCK_STREAM)
    socket.socket.settimeout(opened, seconds)
    opened.connect((ip, port))
    return opened


class Line:
    """One channel of one installation; methods say what happens."""

    worker = "line"

    def __init__(self, peer: Peer, proxy: FaultProxy, folder: Path) -> None:
        self.peer = peer
        self.proxy = proxy
        self.clock = ShiftedClock()
        config = read_config({"HUB_ALLOW_HOSTS": proxy.address}, data=folder)
        prepare(config)
        self.hub: Hub = open_hub(config, clock=self.clock)
        self.stopwatch = Stopwatch()
        proxy.on_endless = self.stopwatch.hurries.set
        self.hub.door = Door(allow=[proxy.address], monotonic=self.stopwatch, open_socket=_dial)
        self.connectors = inline(self.hub)
        with self.hub.database.transaction() as session:
            self.team = session.insert(_TEAM, now=self.clock())
            self.agent = session.insert(_AGENT, now=self.clock())
        self.channel_id = add_channel(
            self.hub, self.connectors, kind=peer.kind, name="ours", team_id=self.team, values=peer.settings(proxy.url)
        ).id

    def close(self) -> None:
        self.connectors.close()
        self.hub.close()

    @property
    def channel(self) -> Channel:
        with self.hub.database.reading() as session:
            return read_channel(session, self.channel_id)

    def is_posted(self, headers: Mapping[str, str], body: bytes) -> None:
        """The network posts something to the channel's address."""
        with self.hub.database.reading() as session:
            hook = hook_of(session, self.channel_id) or ""
        take_in(self.hub, self.connectors, hook, headers=headers, body=body)

    def pulls(self) -> HubError | None:
        """Pull as the engine does when it is time; returns what went wrong."""
        self.clock.by += timedelta(minutes=6)
        try:
            while self._pulled().more:
                pass
        except HubError as error:
            return error
        finally:
            self.stopwatch.hurries.clear()
        return None

    def _pulled(self) -> Pulled:
        with self.hub.database.transaction() as session:
            session.run("UPDATE channels SET next_pull_at = 0, quiet_until = NULL")
        (lease,) = claim_due(self.hub, self.worker)
        return pull_leased(self.hub, self.connectors, lease, loud=True)

    def count(self, text: str) -> int:
        """How many messages of the inbox hold these words."""
        with self.hub.database.reading() as session:
            return sum(
                text in message.text
                for line in conversations.lines(session, teams=None, limit=500)
                for message in messages.of_conversation(session, line.conversation.id)
            )

    def is_another_process(self) -> None:
        """Nothing that the one before held in memory is left, and its claims are noticed to be a dead worker's."""
        self.connectors.close()
        self.connectors = inline(self.hub)
        with self.hub.database.transaction() as session:
            workers.leave(session, self.worker)

    def answers(self, to: str, text: str, *, key: str = "") -> int:
        """Queue a reply to the message with these words; its undo time is over."""
        with self.hub.database.reading() as session:
            conversation_id = next(
                line.conversation.id
                for line in conversations.lines(session, teams=None, limit=500)
                if any(to in each.text for each in messages.of_conversation(session, line.conversation.id))
            )
        draft = Draft(
            conversation_id=conversation_id, agent_id=self.agent, text=text, client_key=key or self.hub.token()
        )
        return queue_reply(self.hub, draft, undo=timedelta(0))

    def goes_on_until(self, is_over: Callable[[], bool]) -> None:
        """Let time pass and the engine work until it is over, or a day has gone by."""
        for _ in range(24):
            if is_over():
                return
            self.clock.by += timedelta(minutes=1)
            self._passes_deadlines()
            send_due(self.hub, self.connectors, self.worker)
            self.stopwatch.hurries.clear()
            resolve_due(self.hub, self.connectors, self.worker)
        raise AssertionError("it never came to an end")

    def item(self, outbox_id: int) -> OutboxItem:
        with self.hub.database.reading() as session:
            return outbox.item(session, outbox_id)

    def _passes_deadlines(self) -> None:
        """Of the workers' own clock, which no test can move."""
        with self.hub.database.transaction() as session:
            session.run("UPDATE outbox SET sending_until_ms = 0")
