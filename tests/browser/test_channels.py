"""Channels and outbox in a real Chromium: connecting by hand, errors in place, health that changes by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hub.channels.connect import note_failure, remove_channel
from hub.channels.store import all_channels, bury
from hub.errors import AuthExpired
from tests.app.running import Installation
from tests.browser.installation import add_admin, connect_sandbox, hub_of, sign_in
from tests.browser.pages import Browsing, axe, fits_its_width

pytestmark = pytest.mark.timeout(600)
CHANNEL_PAGES = ("", "/settings", "/unreadable", "/remove")
TESTED = 120_000
"""Milliseconds a test of a connection may take: it starts the plugin's process."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("channels") / "data"
    with Installation(folder).running() as up:
        add_admin(up)
        yield up


@pytest.fixture(scope="module")
def app_url(installation: Installation) -> str:
    return f"http://127.0.0.1:{installation.port}"


@pytest.fixture
def connected(installation: Installation) -> Iterator[Installation]:
    """With one sandbox channel, @brightwater; afterwards with none.

    A test asks for it before its page: else the page is still open when the channel goes, looks for it, and complains.
    """
    connect_sandbox(installation)
    yield installation
    with hub_of(installation) as hub:
        with hub.database.reading() as session:
            channels = all_channels(session)
        for channel in channels:
            remove_channel(hub, channel.id)


def test_an_error_stands_at_its_field_what_was_typed_is_kept_and_a_second_try_connects(
    connected: Installation, browsing: Browsing, page: Page
) -> None:
    browsing.allow("422")
    sign_in(page)
    page.goto("/channels/connect/sandbox")
    page.get_by_label("Conversations per hour").fill("many")
    page.get_by_label("Name", exact=True).fill("Practice")
    page.get_by_label("Account (optional)").fill("@practice")
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_label("Conversations per hour")).to_have_accessible_description(
        re.compile("This is not a number")
    )
    axe(page)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Practice")
    page.get_by_label("Conversations per hour").fill("0")
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_role("heading", name="Practice")).to_be_visible(timeout=TESTED)


def test_the_button_says_that_it_tests_and_pressed_twice_connects_once(connected: Installation, page: Page) -> None:
    sign_in(page)
    page.goto("/channels/connect/sandbox")
    page.get_by_label("Conversations per hour").fill("0")
    page.get_by_label("Name", exact=True).fill("Twice")
    page.get_by_label("Account (optional)").fill("@twice")
    # What the page says after the first press is read in the same turn: the answer may come at any moment.
    said = page.evaluate(
        """() => {
            const form = document.querySelector("form[data-busy]"), button = form.querySelector("button");
            button.click();
            const said = [button.textContent, button.getAttribute("aria-disabled"), form.getAttribute("aria-busy")];
            button.click();
            return [...said, document.getElementById("status").textContent];
        }"""
    )
    assert said == ["Testing the connection…", "true", "true", "Testing the connection…"]
    expect(page.get_by_role("heading", name="Twice")).to_be_visible(timeout=TESTED)
    with hub_of(connected) as hub, hub.database.reading() as session:
        assert [channel.name for channel in all_channels(session)].count("Twice") == 1


def test_health_changes_while_somebody_looks(connected: Installation, page: Page) -> None:
    sign_in(page)
    page.goto("/channels")
    row = page.get_by_role("listitem").filter(has_text="@brightwater")
    expect(row).to_contain_text("working", timeout=TESTED)
    with hub_of(connected) as hub:
        with hub.database.reading() as session:
            channel = all_channels(session)[0]
        note_failure(hub, channel, AuthExpired("revoked"))
    expect(row).to_contain_text("signed out")
    expect(row).to_contain_text("Sign the channel in again.")
    row.get_by_role("link", name="@brightwater").click()
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("status")).to_contain_text("The connection works.", timeout=TESTED)
    expect(page.get_by_role("main")).not_to_contain_text("signed out")


def test_a_channel_is_connected_without_javascript(connected: Installation, browsing: Browsing, page: Page) -> None:
    sign_in(page)
    plain = browsing.open(javascript=False, session=page.context.storage_state())
    plain.goto("/channels/connect")
    plain.get_by_role("link", name="Sandbox").click()
    plain.get_by_label("Name", exact=True).fill("Plain")
    plain.get_by_label("Account (optional)").fill("@plain")
    plain.get_by_role("button", name="Test and connect").click()
    expect(plain.get_by_role("heading", name="Plain")).to_be_visible(timeout=TESTED)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_every_page_fits_and_is_accessible(
    connected: Installation, browsing: Browsing, page: Page, phone: bool, dark: bool
) -> None:
    sign_in(page)
    with hub_of(connected) as hub, hub.database.transaction() as session:
        channel = all_channels(session)[0]
        bury(session, channel.id, reason="KeyError: 'author'", raw='{"id": 1, "text": "' + "long" * 200, at=hub.clock())
    shown = browsing.open(phone=phone, dark=dark, session=page.context.storage_state())
    pages = ("", "/connect", "/connect/wordpress", *(f"/{channel.id}{path}" for path in CHANNEL_PAGES))
    for path in (*(f"/channels{path}" for path in pages), "/outbox", "/outbox?state=unknown"):
        shown.goto(path)
        expect(shown.get_by_role("heading", level=1)).to_be_visible()
        for detail in shown.locator("main summary").all():
            detail.click()
        axe(shown)
        fits_its_width(shown)


def test_a_webhook_shows_what_an_example_becomes_and_which_expression_leads_astray(
    browsing: Browsing, installation: Installation
) -> None:
    page = browsing.open(phone=True)
    sign_in(page)
    page.goto("/channels/connect/webhook")
    page.get_by_text("Try it on an example").click()
    page.get_by_role("button", name="Show what it becomes").click()
    expect(page.get_by_role("article", name="As it would arrive")).to_contain_text("Lena Brandt", timeout=TESTED)
    axe(page)
    page.get_by_text("Where the fields are in a body").click()
    page.get_by_label("Text", exact=True).fill("body.words")
    page.get_by_role("button", name="Show what it becomes").click()
    expect(page.get_by_label("Text", exact=True)).to_have_accessible_description(
        re.compile("There is nothing in the body"), timeout=TESTED
    )
    expect(page.get_by_label("Signing secret", exact=True)).to_have_value(re.compile("whsec_"))
    axe(page)
    fits_its_width(page)


def test_enter_in_a_field_of_a_webhook_saves_it_and_does_not_press_the_preview(
    connected: Installation, browsing: Browsing, page: Page
) -> None:
    sign_in(page)
    page.goto("/channels/connect/webhook")
    page.get_by_label("Name", exact=True).fill("Orders")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Orders")).to_be_visible(timeout=TESTED)
    page.goto("/channels")
    expect(page.get_by_role("main")).to_contain_text("Orders")
