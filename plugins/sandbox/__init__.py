"""The sandbox: a small network of its own whose people talk back, and the connector that speaks to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hub import Connector, hookimpl

if TYPE_CHECKING:
    from hub.kernel.clock import Clock

    from .network import Network


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    from .connector import SandboxConnector

    register(SandboxConnector)


def open_network(data: Path, clock: Clock) -> Network:
    """The network in the data folder of a hub, for the demo that has its people speak."""
    from .network import FILE, Network

    return Network(data / FILE, clock)
