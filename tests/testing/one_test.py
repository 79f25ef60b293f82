"""Runs single tests of the contract kit by hand, on the sandbox network."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import Any

from hub_plugins.sandbox.network import FILE, Network

from hub.connector import Connector, Context
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.contract import ConnectorContract
from hub.testing.contract.extras import SampleUploads
from tests.plugins.sandbox_corner import SandboxCorner


def run_one(
    connector: type[Connector],
    test: str,
    given: dict[str, Any],
    data: Path,
    *,
    corner: type[SandboxCorner] = SandboxCorner,
) -> None:
    """Run one test of the kit by hand, with what its fixtures would give."""
    kit = kit_for(connector)
    data.mkdir(exist_ok=True)
    clock, door = FrozenClock(), Door()
    network = Network(data / FILE, clock)
    context = Context(http=door, clock=clock, log=logging.getLogger("test"), data=data, uploads=SampleUploads())
    values = given | {
        "clock": clock,
        "context": context,
        "settings": connector.Settings(),
        "second_settings": connector.Settings(account="@helpline24"),
        "network": corner(network, "@brightwater"),
        "second_network": corner(network, "@helpline24"),
        "connector": connector(connector.Settings(), context),
    }
    run = getattr(kit(), test)
    try:
        run(**{name: values[name] for name in inspect.signature(run).parameters})
    finally:
        values["connector"].close()
        network.close()
        door.close()


def kit_for(connector: type[Connector]) -> type[ConnectorContract]:
    return type("Kit", (ConnectorContract,), {"connector_class": connector})
