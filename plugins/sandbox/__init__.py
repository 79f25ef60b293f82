"""The sandbox: a small network of its own whose people talk back, and the connector that speaks to it."""

from __future__ import annotations

from collections.abc import Callable

from hub import Connector, hookimpl


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    from .connector import SandboxConnector

    register(SandboxConnector)
