"""Opens the installation a command works on, as HUB_* and its options say."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.channels.connectors import Connectors
    from hub.channels.model import Channel
    from hub.kernel.config import Config
    from hub.kernel.hub import Hub

_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}

demo_option = click.option("--demo", is_flag=True, help="Use the demo company's data folder (default ./hub-demo).")
host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
port_option = click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="Port to listen at."
)


def config(*, demo: bool = False) -> Config:
    """The settings. Raises Invalid naming the variable at fault."""
    from hub.kernel.config import read_config

    return read_config(os.environ, demo=demo)


def config_at(host: str, port: int, *, demo: bool = False) -> Config:
    """The settings of a server at an address, which is its HUB_BASE_URL unless that is set."""
    found = config(demo=demo)
    if os.environ.get("HUB_BASE_URL"):
        return found
    name = _EVERY_ADDRESS.get(host, f"[{host}]" if ":" in host else host)
    return dataclasses.replace(found, base_url=f"http://{name}:{port}")


def must_exist(settings: Config) -> None:
    """Raises DatabaseUnusable("not_prepared") before anything would make a folder or a file."""
    from hub.errors import DatabaseUnusable

    if not settings.database_url and not settings.database_file.exists():
        raise DatabaseUnusable("not_prepared", str(settings.database_file))


@contextlib.contextmanager
def opened() -> Iterator[Hub]:
    """The installation for one command. Raises what `open_hub` raises."""
    from hub.kernel.hub import open_hub, use_noted_address

    settings = config()
    must_exist(settings)
    with contextlib.closing(open_hub(settings)) as hub:
        if not os.environ.get("HUB_BASE_URL"):
            use_noted_address(hub)
        yield hub


@contextlib.contextmanager
def opened_with_connectors() -> Iterator[tuple[Hub, Connectors]]:
    """The same with connectors in child processes, for commands that reach a network."""
    from hub.channels.children import ChildConnectors

    with opened() as hub, contextlib.closing(ChildConnectors(hub)) as connectors:
        yield hub, connectors


def find_channel(hub: Hub, wanted: str) -> Channel:
    """A channel by its id or its name. Raises Invalid("channel", …)."""
    from hub.channels.store import all_channels
    from hub.errors import Invalid

    with hub.database.reading() as session:
        channels = all_channels(session)
    found = [each for each in channels if wanted == str(each.id) or wanted.casefold() == each.name.casefold()]
    if len(found) != 1:
        raise Invalid("channel", "several_channels" if found else "unknown_channel", name=wanted)
    return found[0]


def chosen_channels(hub: Hub, wanted: str | None) -> list[Channel]:
    """The channel that was named, or all that are not paused."""
    from hub.channels.model import ChannelState
    from hub.channels.store import all_channels

    if wanted is not None:
        return [find_channel(hub, wanted)]
    with hub.database.reading() as session:
        return [each for each in all_channels(session) if each.state is not ChannelState.PAUSED]


def find_teams(hub: Hub, wanted: tuple[str, ...]) -> list[int]:
    """Ids of teams named on the command line. Raises Invalid("team", "unknown_team")."""
    from hub.errors import Invalid
    from hub.people import teams
    from hub.people.model import OPERATOR

    known = {team.name.casefold(): team.id for team in teams.listed(hub, OPERATOR)}
    for name in wanted:
        if name.casefold() not in known:
            raise Invalid("team", "unknown_team", name=name)
    return [known[name.casefold()] for name in wanted]
