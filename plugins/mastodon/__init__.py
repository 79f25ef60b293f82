"""Mastodon and servers that speak its API: notifications and threads in, replies and small actions out."""

from __future__ import annotations

from collections.abc import Callable

from hub.connector import Connector
from hub.hookspecs import hookimpl

from .connector import Mastodon

__all__ = ["Mastodon", "register_connectors"]


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Mastodon)
