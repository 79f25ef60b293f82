"""A Mastodon account connected in a real Chromium: away to the server's own page, another site, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.running import Installation
from tests.browser.installation import add_admin, sign_in
from tests.browser.pages import Browsing
from tests.peers.mastodon import Emulator

pytestmark = pytest.mark.timeout(600)  # the first time, the emulator has to be fetched
TESTED = 120_000
"""Milliseconds until somebody is back: the plugin's process is started, and the connection tested."""


@pytest.fixture(scope="module")
def server(mastodon_emulator: Emulator) -> str:
    """The emulator under a name of another site than the hub's, so that cookies go as they do on the internet."""
    return mastodon_emulator.url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("signing") / "data"
    made = Installation(folder)
    made.environ["HUB_ALLOW_HOSTS"] = server.removeprefix("http://")
    with made.running() as up:
        add_admin(up)
        yield up


@pytest.fixture(scope="module")
def app_url(installation: Installation) -> str:
    return f"http://127.0.0.1:{installation.port}"


def test_an_account_is_connected_by_signing_in_at_its_server(browsing: Browsing, page: Page, server: str) -> None:
    browsing.allow(server.removeprefix("http://"))
    sign_in(page)
    page.goto("/channels/connect/mastodon")
    page.get_by_label("Server address").fill(server)
    page.get_by_label("Name", exact=True).fill("Tom there")
    page.get_by_role("button", name="Sign in at the server").click()
    expect(page.get_by_role("heading", name="mastodon_mock")).to_be_visible(timeout=TESTED)
    assert page.url.startswith(server)
    page.get_by_role("button", name="@tom").click()
    expect(page.get_by_role("heading", name="Tom there")).to_be_visible(timeout=TESTED)
    expect(page.get_by_text("The channel is connected.")).to_be_visible()
    assert "code=" not in page.url
