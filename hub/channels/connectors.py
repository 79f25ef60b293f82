"""How the rest of Hubbub calls connectors: typed, with deadlines, whether they run in a child process or inside."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.channels import wire
from hub.channels.host import Host
from hub.channels.model import Account
from hub.channels.settings import fields_of
from hub.channels.wire import Answer, Request
from hub.connector import Accepted, Action, Check, Delivery, Outgoing, Page, Plan, Receipt
from hub.errors import PluginFault
from hub.kernel.log import Logged
from hub.kernel.plugins import Plugins
from hub.kernel.redaction import redaction

SECONDS: Mapping[str, float] = {
    "check": 20,
    "pull": 60,
    "receive": 5,
    "plan": 20,
    "send": 30,
    "reconcile": 30,
    "act": 30,
    "observe": 10,
}
"""How long each call may take before the plugin counts as hanging."""

ITEMS_MOST = 2000
"""The longest page: it is stored in one transaction, during which nobody else can write."""


class Connectors(ABC):
    """Calls connectors. Every method raises the ConnectorErrors of hub.errors, or PluginFault for a broken plugin."""

    def __init__(self, plugins: Plugins, *, seconds: Mapping[str, float] = SECONDS) -> None:
        self.plugins = plugins
        self._seconds = seconds
        self._ids = itertools.count(1)

    @abstractmethod
    def _ask(self, plugin: str, request: Request) -> Answer:
        """Have a request answered by the plugin's process before its deadline. Raises PluginFault."""

    def check(self, account: Account) -> Check:
        found: Check = self._call(account, "check", ())
        return found

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

    def send(self, account: Account, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        receipt: Receipt = self._call(account, "send", (plan, part, previous))
        return receipt

    def reconcile(self, account: Account, plan: Plan, part: int, since: datetime) -> Receipt | None:
        receipt: Receipt | None = self._call(account, "reconcile", (plan, part, since))
        return receipt

    def act(self, account: Account, action: Action) -> None:
        self._call(account, "act", (action,))

    def observe(self, plugin: str, logged: Logged) -> None:
        """Tell one plugin what happened; raises PluginFault when it raises, hangs or dies."""
        arguments = (logged.kind, wire.encode_event(logged.event))
        self._result(plugin, Request(id=0, method="observe", deadline=0, kind=plugin), arguments)

    def close(self) -> None:
        """End everything this object started."""

    def _call(self, account: Account, method: str, arguments: tuple[Any, ...]) -> Any:
        plugin = self.plugins.plugin_of(account.kind)
        self._hide_secrets(account)
        request = Request(
            id=0,
            method=method,
            deadline=0,
            kind=account.kind,
            channel_id=account.channel_id,
            settings=account.settings,
        )
        return self._result(plugin, request, arguments)

    def _result(self, plugin: str, request: Request, arguments: tuple[Any, ...]) -> Any:
        stamped = wire.stamped(request, next(self._ids), arguments, self._seconds[request.method])
        return wire.read_answer(request.method, self._ask(plugin, stamped))

    def _hide_secrets(self, account: Account) -> None:
        """Whatever a plugin prints of them, our log does not show it."""
        for field in fields_of(self.plugins.connector(account.kind).Settings):
            if field.secret:
                redaction.register(account.settings.get(field.name, ""))


class InlineConnectors(Connectors):
    """Runs connectors in this process: for connectors that write our own database, and for quick tests."""

    def __init__(self, plugins: Plugins, host: Host) -> None:
        super().__init__(plugins)
        self._host = host

    def _ask(self, plugin: str, request: Request) -> Answer:
        return self._host.answer(request)

    def close(self) -> None:
        self._host.close()
