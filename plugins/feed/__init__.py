"""Feeds: comments and mentions out of RSS, Atom, RDF and JSON Feed, answered through a companion channel."""

from __future__ import annotations

from collections.abc import Callable

from hub import Connector, hookimpl


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    from .connector import FeedConnector

    register(FeedConnector)
