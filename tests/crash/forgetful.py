"""The sandbox network without its kindness: it takes no id of ours, so whatever is sent twice arrives twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hub_plugins.sandbox.connector import SandboxConnector
from hub_plugins.sandbox.mapping import receipt_of

from hub import Connector, Features, Outgoing, Part, Plan, Receipt, hookimpl


class Forgetful(SandboxConnector):
    kind = "forgetful"
    label = "Forgetful sandbox"
    features = Features(send=True, reconcile=True, threads=True, edits=True)

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text),))

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        parent, text = plan.outgoing.target.remote_id, plan.parts[part].text
        for arrival in self._network.arrivals():
            if (arrival.parent, arrival.text) == (parent, text):
                return receipt_of(arrival)
        return None


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Forgetful)
