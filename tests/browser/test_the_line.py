"""The line through the house as an agent walks it: a real Chromium, a real `hub up`, the sandbox network."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_plugins.sandbox.network import Network
from playwright.sync_api import Page, expect

from hub.channels.connect import note_failure, resume_channel
from hub.channels.store import all_channels
from hub.errors import AuthExpired
from tests.app.running import Installation
from tests.browser.installation import add_admin, connect_sandbox, hub_of, hurry, network_of, sign_in
from tests.browser.pages import Browsing, axe, fits_its_width

pytestmark = pytest.mark.timeout(600)
Ask = Callable[[Page, str], None]
ARRIVES = 120_000
"""Milliseconds a mention may take: the slowest quick pace is 15 s, on a busy machine."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("line") / "data"
    with Installation(folder).running() as up:
        add_admin(up)
        yield up


@pytest.fixture(scope="module")
def app_url(installation: Installation) -> str:
    return f"http://127.0.0.1:{installation.port}"


@pytest.fixture(scope="module")
def sandbox(installation: Installation) -> Iterator[Network]:
    """The connected sandbox; the first test connects it in the browser when it runs alone or first."""
    connect_sandbox(installation)
    with contextlib.closing(network_of(installation)) as network:
        yield network


def test_an_empty_inbox_says_what_to_do_and_a_channel_is_connected_from_there(page: Page) -> None:
    page.goto("/sign-in")
    card = page.get_by_role("main").bounding_box()
    assert card and page.viewport_size
    assert abs(card["x"] + card["width"] / 2 - page.viewport_size["width"] / 2) < 10, "the card is in the middle"
    sign_in(page)
    axe(page)
    page.get_by_role("main").get_by_role("link", name="Connect a channel").click()
    axe(page)
    page.get_by_role("link", name="Sandbox").click()
    page.get_by_label("Name", exact=True).fill("Practice")
    page.get_by_role("textbox", name="Account").fill("@practice")
    axe(page)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", name="Practice")).to_be_visible()
    axe(page)


def test_a_mention_appears_by_itself_is_answered_and_its_fate_is_shown(page: Page, sandbox: Network) -> None:
    sign_in(page)
    page.goto("/inbox?show=all")
    sandbox.person("lena").says("Is ten weeks normal for a C90?", to="@brightwater")
    row = page.locator(".row", has_text="Is ten weeks normal")
    expect(row).to_be_visible(timeout=ARRIVES)
    expect(row).to_have_class("row unread")
    row.get_by_role("link").click()
    page.get_by_label("Your reply").fill("With very hard water, yes.")
    page.get_by_role("button", name="Send").click()
    ours = page.locator(".msg.out", has_text="With very hard water, yes.")
    expect(ours).to_contain_text("sending in")
    expect(ours.locator("[data-state=sent]")).to_be_visible(timeout=ARRIVES)
    assert [arrival.text for arrival in sandbox.arrivals()].count("With very hard water, yes.") == 1


def test_a_page_goes_on_listening_after_a_proxy_had_no_stream_for_it(
    browsing: Browsing, page: Page, sandbox: Network
) -> None:
    browsing.allow("502")
    sign_in(page)
    # Not the page that signed in: it may begin to listen at any moment, and would be the one that is refused.
    fresh = browsing.open(session=page.context.storage_state())
    fresh.route("**/live?*", lambda route: route.fulfill(status=502, body="Bad gateway"), times=1)
    with fresh.expect_response(lambda answer: answer.status == 502):
        fresh.goto("/inbox?show=all")
    sandbox.person("tom").says("Are you listening again?", to="@brightwater")
    expect(fresh.locator(".row", has_text="Are you listening again?")).to_be_visible(timeout=ARRIVES)


def test_undo_brings_the_text_back_and_nothing_leaves(page: Page, sandbox: Network, open_conversation: Ask) -> None:
    open_conversation(page, "Does it fit an outside thread?")
    page.get_by_label("Your reply").fill("Let me look that up")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Your reply")).to_have_value("Let me look that up")
    expect(page.locator(".msg.out")).to_have_count(0)
    assert "Let me look that up" not in [arrival.text for arrival in sandbox.arrivals()]


def test_a_reply_that_never_reached_us_is_still_in_the_composer(
    browsing: Browsing, page: Page, open_conversation: Ask
) -> None:
    browsing.allow("ERR_FAILED")
    open_conversation(page, "Does the tap need a washer?")
    address = page.url
    page.route("**/replies*", lambda route: route.abort())
    page.get_by_label("Your reply").fill("One comes with it.")
    with page.expect_event("requestfailed", lambda request: "/replies" in request.url):
        page.get_by_role("button", name="Send").click()
    page.unroute("**/replies*")
    page.goto(address)
    expect(page.get_by_label("Your reply")).to_have_value("One comes with it.")
    page.get_by_role("button", name="Send").click()
    # The next test scripts what becomes of the next reply: this one has to be out by then.
    expect(page.locator(".msg.out [data-state=sent]")).to_be_visible(timeout=ARRIVES)
    expect(page.get_by_label("Your reply")).to_have_value("")


def test_a_refused_reply_shows_why_keeps_its_text_and_can_be_sent_again(
    page: Page, sandbox: Network, open_conversation: Ask
) -> None:
    open_conversation(page, "Where is my parcel?")
    sandbox.fails(next_sends=["refuse"])
    page.get_by_label("Your reply").fill("It arrives on Friday.")
    page.get_by_role("button", name="Send").click()
    failed = page.locator(".msg.failed", has_text="It arrives on Friday.")
    expect(failed).to_contain_text("Not sent.", timeout=ARRIVES)
    axe(page)
    failed.get_by_role("button", name="Send again").click()
    expect(page.locator(".msg.out [data-state=sent]")).to_be_visible(timeout=ARRIVES)
    assert [arrival.text for arrival in sandbox.arrivals()].count("It arrives on Friday.") == 1


def test_an_open_page_says_that_its_channel_is_signed_out_and_keeps_the_draft(
    installation: Installation, page: Page, open_conversation: Ask
) -> None:
    open_conversation(page, "Is it safe in a dishwasher?")
    page.get_by_label("Your reply").fill("Let me ask")
    thread = page.get_by_role("region", name="Messages")
    with hub_of(installation) as hub:
        with hub.database.reading() as session:
            (channel,) = [each for each in all_channels(session) if each.name == "@brightwater"]
        note_failure(hub, channel, AuthExpired("revoked"))
        try:
            expect(thread).to_contain_text("The channel is signed out: @brightwater")
            expect(page.get_by_label("Your reply")).to_have_value("Let me ask")
            axe(page)
        finally:
            resume_channel(hub, channel.id)
    expect(thread).not_to_contain_text("signed out")
    expect(page.get_by_label("Your reply")).to_have_value("Let me ask")


def test_the_whole_way_works_by_keyboard(page: Page, sandbox: Network, open_conversation: Ask) -> None:
    open_conversation(page, "Can I recycle the cartridge?")
    page.goto("/inbox?show=all")
    expect(page.locator(".row").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/**")
    page.keyboard.press("r")
    expect(page.get_by_label("Your reply")).to_be_focused()
    page.keyboard.type("Yes, send it back to us.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg.out", has_text="Yes, send it back to us.")).to_contain_text("sending in")
    page.keyboard.press("z")
    expect(page.get_by_label("Your reply")).to_have_value("Yes, send it back to us.")


def test_who_has_answered_walks_on_to_the_one_below(
    page: Page, installation: Installation, sandbox: Network, open_conversation: Ask
) -> None:
    open_conversation(page, "Is the lid safe in a dishwasher?")
    sandbox.person("tom").says("Do you repair old kettles?", to="@brightwater")
    hurry(installation)
    page.goto("/inbox")
    newer = page.locator(".row", has_text="Do you repair old kettles?")
    expect(newer).to_be_visible(timeout=ARRIVES)
    newer.get_by_role("link").click()
    below = page.locator(".row:has([aria-current]) + .row .who")
    expect(below).to_be_visible()
    next_one = page.locator(f"#{below.get_attribute('id')}")
    page.get_by_label("Your reply").fill("Gladly.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg.out", has_text="Gladly.")).to_contain_text("sending in")
    expect(page.locator(".row [aria-current]")).to_have_count(0)
    page.keyboard.press("j")
    expect(next_one).to_have_attribute("aria-current", "true")
    page.keyboard.press("n")
    expect(page.get_by_label("Your note")).to_be_focused()


def test_the_counter_follows_the_network_and_says_what_is_too_long(
    browsing: Browsing, page: Page, open_conversation: Ask
) -> None:
    browsing.allow("422")
    open_conversation(page, "How hard is 20 °dH?")
    page.get_by_label("Your reply").fill("👨‍👩‍👧‍👦" * 10)
    expect(page.locator("#left")).to_have_text("490 characters left")
    page.get_by_label("Your reply").fill("x" * 501)
    expect(page.locator("#left")).to_have_class("muted over")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Your reply")).to_have_value("x" * 501)


def test_without_javascript_it_reads_and_replies(browsing: Browsing, page: Page, open_conversation: Ask) -> None:
    open_conversation(page, "Do you ship to Subotica?")
    address = page.url
    plain = browsing.open(javascript=False, session=page.context.storage_state())
    plain.goto(address)
    plain.get_by_label("Your reply").fill("We do, in three days.")
    plain.get_by_role("button", name="Send").click()
    expect(plain.locator(".msg.out", has_text="We do, in three days.")).to_contain_text("leaves at")
    plain.get_by_role("button", name="Undo").click()
    expect(plain.get_by_label("Your reply")).to_have_value("We do, in three days.")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_list_and_conversation_fit_and_are_accessible(
    browsing: Browsing, page: Page, open_conversation: Ask, phone: bool, dark: bool
) -> None:
    open_conversation(page, "مرحبا، هل يعمل المرشح مع الماء العسر؟ " * 6)
    address = page.url
    other = browsing.open(phone=phone, dark=dark, session=page.context.storage_state())
    for path in ("/inbox?show=all", address):
        other.goto(path)
        expect(other.get_by_role("main")).to_be_visible()
        axe(other)
        fits_its_width(other)


def test_a_message_can_be_read_on_a_page_that_is_enlarged_twofold(page: Page, open_conversation: Ask) -> None:
    open_conversation(page, "How do I know when the cartridge is used up? " * 3)
    page.set_viewport_size({"width": 640, "height": 400})
    for part in (page.locator(".msg").first, page.get_by_label("Your reply"), page.get_by_role("button", name="Send")):
        part.scroll_into_view_if_needed()
        expect(part).to_be_in_viewport(ratio=0.9)
    fits_its_width(page)


@pytest.fixture
def open_conversation(installation: Installation, sandbox: Network) -> Callable[[Page, str], None]:
    """Somebody asks, and the page shows the conversation."""

    def ask(page: Page, question: str) -> None:
        sign_in(page)
        page.goto("/inbox?show=all")
        sandbox.person("milan").says(question, to="@brightwater")
        hurry(installation)
        row = page.locator(".row", has_text=question[:60].strip()).first
        expect(row).to_be_visible(timeout=ARRIVES)
        row.get_by_role("link").click()
        expect(page.locator(".msg", has_text=question[:60].strip()).first).to_be_visible()

    return ask
