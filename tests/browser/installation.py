"""A real installation for the browser: `hub up`, an admin who can sign in, and a hand on its network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from hub_plugins.sandbox.network import FILE, Network
from playwright.sync_api import Page

from hub.channels.children import ChildConnectors
from hub.channels.connect import add_channel
from hub.channels.store import all_channels, pull_soon
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub
from hub.people import agents, teams
from hub.people.model import OPERATOR, Role
from tests.app.running import Installation
from tests.processes import wait_until

EMAIL = "petra@brightwater.example"
PASSWORD = "kalk im kessel 1904"


@contextlib.contextmanager
def hub_of(installation: Installation) -> Iterator[Hub]:
    """The same installation, opened in the test's own process."""
    config = read_config({"HUB_BASE_URL": f"http://127.0.0.1:{installation.port}"}, data=installation.folder)
    hub = open_hub(config)
    try:
        yield hub
    finally:
        hub.close()


def add_admin(installation: Installation) -> None:
    with hub_of(installation) as hub:
        agents.add(hub, OPERATOR, email=EMAIL, name="Petra Novak", role=Role.ADMIN, password=PASSWORD)


def connect_sandbox(installation: Installation) -> None:
    """Connect @brightwater on a sandbox where nobody speaks unless the test says so."""
    with hub_of(installation) as hub, contextlib.closing(network_of(installation)) as network:
        network.hush()
        connectors = ChildConnectors(hub)
        try:
            team = teams.first(hub, OPERATOR)
            values = {"account": "@brightwater", "talk": "0"}
            add_channel(hub, connectors, kind="sandbox", name="@brightwater", team_id=team.id, values=values)
        finally:
            connectors.close()
        # What a first pull finds is history; what is said from now on is new.
        wait_until(lambda: _is_pulled(hub), "the first pull")


def _is_pulled(hub: Hub) -> bool:
    with hub.database.reading() as session:
        return all(channel.pulled_at for channel in all_channels(session))


def hurry(installation: Installation) -> None:
    """Have every channel pulled at the worker's next tick, as the button on its page does."""
    with hub_of(installation) as hub, hub.database.transaction() as session:
        for channel in all_channels(session):
            pull_soon(session, channel.id, now=hub.clock())


def network_of(installation: Installation) -> Network:
    return Network(installation.folder / FILE)


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox")
