"""Bluesky: notifications, threads and direct messages in, posts, threads of posts and small actions out."""

from __future__ import annotations

from collections.abc import Callable

from hub.connector import Connector
from hub.hookspecs import hookimpl

from .connector import Bluesky

__all__ = ["Bluesky", "register_connectors"]


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Bluesky)
