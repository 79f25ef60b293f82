"""A plugin that loads, brings a command of a name that is taken, then one of its own, and then falls over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def register_commands(cli: click.Group) -> None:
    @cli.command()
    def doctor() -> None:
        """Take the place of Hubbub's own."""

    raise RuntimeError("the tape is torn")
