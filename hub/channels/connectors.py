"""How the rest of Hubbub calls connectors: typed, with deadlines, whether they run in a child process or inside."""

from __future__ import annotations

import itertools
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.channels import wire
from hub.channels.ears import Ears
from hub.channels.host import Host
from hub.channels.model import Account, Remembered
from hub.channels.settings import fields_of
from hub.channels.wire import Answer, Request
from hub.connector import Accepted, Action, Check, Delivery, Outgoing, Page, Plan, Receipt, SignIn
from hub.errors import HubError, PluginFault
from hub.kernel.log import Logged
from hub.kernel.plugins import Plugins
from hub.kernel.redaction import redaction

_log = logging.getLogger("hub.children")

SECONDS: Mapping[str, float] = {
    "check": 20,
    "pull": 60,
    "receive": 10,
    "plan": 20,
    "send": 30,
    "reconcile": 30,
    "act": 30,
    "begin_sign_in": 20,
    "finish_sign_in": 20,
    "listen": 30,
    "stop_listening": 30,
    "observe": 10,
}
"""How long each call may take before the plugin counts as hanging."""

ITEMS_MOST = 2000
"""The longest page: it is stored in one transaction, during which nobody else can write."""


Remember = Callable[[Account, Remembered], None]
"""Keeps what a saved channel's connector remembers, for the next call; raises HubError when it cannot be kept now."""


def forget(account: Account, memory: Remembered) -> None:
    """For calls of which nothing is kept."""


def was_asked(error: HubError) -> bool:
    """False where a plugin is kept out, or we are stopping: it has not failed on what it was to be told."""
    return error.params.get("reason") not in ("quarantined", "stopping", "too_late")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A listening call under way. `ended` has the answer when it ends; `stop` asks it to, and returns at once."""

    ended: Future[Answer]
    stop: Callable[[], None] = field(repr=False)

    def result(self) -> None:
        """What became of it, once it has ended. Raises the connector's error, or PluginFault."""
        wire.read_answer("listen", self.ended.result())


class Connectors(ABC):
    """Calls connectors. Every method raises the ConnectorErrors of hub.errors, or PluginFault for a broken plugin.

    remember: called after each call in which a saved channel's connector wrote into its memory.
    """

    def __init__(
        self, plugins: Plugins, *, seconds: Mapping[str, float] = SECONDS, remember: Remember = forget
    ) -> None:
        self.plugins = plugins
        self._seconds = seconds
        self._remember = remember
        self._ids = itertools.count(1)

    @abstractmethod
    def _ask(self, plugin: str, request: Request) -> Answer:
        """Have a request answered by the plugin's process before its deadline. Raises PluginFault."""

    def check(self, account: Account) -> Check:
        found: Check = self._call(account, "check", ())
        return found

    def try_out(self, account: Account) -> tuple[Check, Remembered]:
        """Check settings that are not saved yet; also returns what the connector remembers of it, to be saved along."""
        answer = self._ask_about(account, "check", ())
        return wire.read_answer("check", answer), answer.memory or account.memory

    def pull(self, account: Account, cursor: str | None, deliveries: tuple[Delivery, ...] = ()) -> Page:
        page: Page = self._call(account, "pull", (cursor, deliveries))
        items = len(page.messages) + len(page.deleted) + len(page.skipped)
        if items > ITEMS_MOST:
            raise PluginFault(f"{items} items in one page, at most {ITEMS_MOST} fit", reason="too_large")
        return page

    def receive(self, account: Account, delivery: Delivery) -> Accepted:
        accepted: Accepted = self._call(account, "receive", (delivery,))
        return accepted

    def plan(self, account: Account, outgoing: Outgoing, key: str) -> Plan:
        plan: Plan = self._call(account, "plan", (outgoing, key))
        return plan

    def send(self, account: Account, plan: Plan, part: int, previous: Receipt | None, *, deadline: int = 0) -> Receipt:
        """deadline: as `deadline_of` told it before the item was marked as being sent."""
        receipt: Receipt = self._call(account, "send", (plan, part, previous), deadline=deadline)
        return receipt

    def reconcile(self, account: Account, plan: Plan, part: int, since: datetime) -> Receipt | None:
        receipt: Receipt | None = self._call(account, "reconcile", (plan, part, since))
        return receipt

    def act(self, account: Account, action: Action, *, deadline: int = 0) -> None:
        self._call(account, "act", (action,), deadline=deadline)

    def deadline_of(self, method: str) -> int:
        """When a call decided on now must have begun: who was stopped in between must not make it any more."""
        return wire.deadline_in(self._seconds[method])

    def begin_sign_in(self, account: Account, redirect_uri: str) -> tuple[SignIn, Remembered]:
        """Where a person signs in; also what the connector remembers of it for the next who does."""
        answer = self._ask_about(account, "begin_sign_in", (redirect_uri,))
        return wire.read_answer("begin_sign_in", answer), answer.memory or account.memory

    def finish_sign_in(
        self, account: Account, state: str, query: Mapping[str, str]
    ) -> tuple[Mapping[str, str], Remembered]:
        """The settings won by signing in, and what the connector remembers of it."""
        answer = self._ask_about(account, "finish_sign_in", (state, dict(query)))
        return wire.read_answer("finish_sign_in", answer), answer.memory or account.memory

    def listen(self, account: Account, wake: Callable[[], None]) -> Listening:
        """Keep one listening call for a channel; `wake` is called from another thread. Raises PluginFault and
        Unavailable when it could not begin."""
        request = self._request(account, "listen")
        return self._begin(self.plugins.plugin_of(account.kind), wire.stamped(request, next(self._ids), (), 30), wake)

    @abstractmethod
    def _begin(self, plugin: str, request: Request, wake: Callable[[], None]) -> Listening:
        """Begin a listening call in the plugin's process."""

    def observe(self, plugin: str, logged: Logged) -> None:
        """Tell one plugin what happened; raises PluginFault when it raises, hangs or dies."""
        arguments = (logged.kind, wire.encode_event(logged.event))
        answer = self._asked(plugin, Request(id=0, method="observe", deadline=0, kind=plugin), arguments)
        wire.read_answer("observe", answer)

    def close(self) -> None:
        """End everything this object started."""

    def _call(self, account: Account, method: str, arguments: tuple[Any, ...], *, deadline: int = 0) -> Any:
        answer = self._ask_about(account, method, arguments, deadline=deadline)
        if answer.memory is not None and account.channel_id:
            self._keep(account, answer.memory)
        return wire.read_answer(method, answer)

    def _keep(self, account: Account, memory: Remembered) -> None:
        try:
            self._remember(account, memory)
        except HubError as error:  # the next answer brings it again; what was done at the network counts more
            _log.warning("the memory of channel %s could not be kept now: %s", account.channel_id, error.code)

    def _ask_about(self, account: Account, method: str, arguments: tuple[Any, ...], *, deadline: int = 0) -> Answer:
        plugin = self.plugins.plugin_of(account.kind)
        return self._asked(plugin, self._request(account, method, deadline=deadline), arguments)

    def _request(self, account: Account, method: str, *, deadline: int = 0) -> Request:
        self._hide_secrets(account)
        return Request(
            id=0,
            method=method,
            deadline=deadline,
            kind=account.kind,
            channel_id=account.channel_id,
            settings=account.settings,
            memory=account.memory,
        )

    def _asked(self, plugin: str, request: Request, arguments: tuple[Any, ...]) -> Answer:
        stamped = wire.stamped(request, next(self._ids), arguments, self._seconds[request.method])
        return self._ask(plugin, stamped)

    def _hide_secrets(self, account: Account) -> None:
        """Whatever a plugin prints of them, our log does not show it."""
        for each in fields_of(self.plugins.connector(account.kind).Settings):
            if each.secret:
                redaction.register(account.settings.get(each.name, ""))


class InlineConnectors(Connectors):
    """Runs connectors in this process: for connectors that write our own database, and for quick tests."""

    def __init__(
        self, plugins: Plugins, host: Host, *, seconds: Mapping[str, float] = SECONDS, remember: Remember = forget
    ) -> None:
        super().__init__(plugins, seconds=seconds, remember=remember)
        self._host = host

    def _ask(self, plugin: str, request: Request) -> Answer:
        return self._host.answer(request)

    def _begin(self, plugin: str, request: Request, wake: Callable[[], None]) -> Listening:
        ended: Future[Answer] = Future()

        def tell(answer: Answer) -> None:
            wake() if answer.wake else ended.set_result(answer)

        ears = Ears(self._host.listen, tell)
        ears.takes(request)
        return Listening(ended=ended, stop=lambda: ears.stop(request.id))

    def close(self) -> None:
        self._host.close()
