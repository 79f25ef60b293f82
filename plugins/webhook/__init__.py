"""Any system as a channel without code: signed webhooks in, mapped by JMESPath, and replies out as signed webhooks."""

from __future__ import annotations

from collections.abc import Callable

from hub.connector import Connector
from hub.hookspecs import hookimpl

from .connector import Webhook

__all__ = ["Webhook", "register_connectors"]


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Webhook)
