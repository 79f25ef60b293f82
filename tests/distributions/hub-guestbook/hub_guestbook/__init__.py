"""A guest book as a channel, a diary of what happens, and a command that reads it out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hub import Connector, hookimpl

from .connector import Guestbook

if TYPE_CHECKING:
    import click

    from hub.events import MessageReceived, ReplySettled

DIARY = Path(__file__).with_name("diary.txt")


@hookimpl
def register_connectors(register: Callable[[type[Connector]], None]) -> None:
    register(Guestbook)


@hookimpl
def register_commands(cli: click.Group) -> None:
    import click

    @cli.group()
    def guestbook() -> None:
        """The guest book."""

    @guestbook.command()
    def diary() -> None:
        """Read out what has happened."""
        click.echo(DIARY.read_text() if DIARY.exists() else "Nothing has happened yet.")


@hookimpl
def message_received(event: MessageReceived) -> None:
    _note(f"received {event.direction}{' history' if event.history else ''}")


@hookimpl
def reply_settled(event: ReplySettled) -> None:
    _note(f"reply {event.state}")


def _note(line: str) -> None:
    with DIARY.open("a") as diary:
        diary.write(f"{line}\n")
