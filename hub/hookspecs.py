"""Every hook of Hubbub, one line each; docs/hooks.md has a section with an example for each.

`register_*` hooks contribute and run while Hubbub starts. Hooks in the past tense observe: they are fed from the event
log, one plugin at a time, at least once, in the plugin's own child process; one that raises harms nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from hub.connector import Connector
    from hub.events import MessageReceived, ReplySettled

PROJECT = "hubbub"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Contribute kinds of channels: call `register` with each Connector class."""


@hookspec
def register_commands(cli: click.Group) -> None:
    """Contribute commands to `hub`: add them to the group."""


@hookspec
def message_received(event: MessageReceived) -> None:
    """A new message was stored."""


@hookspec
def reply_settled(event: ReplySettled) -> None:
    """A reply was sent, failed, was cancelled, or its fate is unknown."""
