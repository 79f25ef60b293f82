"""Comments of a WordPress site: read with their moderation states, answered in their thread, moderated."""

from __future__ import annotations

from collections.abc import Callable

from hub.connector import Connector
from hub.hookspecs import hookimpl

from .connector import WordPress

__all__ = ["WordPress", "register_connectors"]


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(WordPress)
