"""Pictures, likes, changes and deletions in a real Chromium, by keyboard and without JavaScript."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_plugins.sandbox.network import Network
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.app.running import Installation
from tests.browser.installation import add_admin, connect_sandbox, hurry, network_of, sign_in
from tests.browser.pages import Browsing, axe, fits_its_width
from tests.kernel.test_images import picture
from tests.processes import wait_until

pytestmark = pytest.mark.timeout(600)
ARRIVES = 120_000
"""Milliseconds something may take on its way to the network and back, on a busy machine."""

DROP = """(composer, [body, name]) => {
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name, { type: "image/png" }));
    composer.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("pictures") / "data"
    with Installation(folder).running() as up:
        add_admin(up)
        connect_sandbox(up)
        yield up


@pytest.fixture(scope="module")
def app_url(installation: Installation) -> str:
    return f"http://127.0.0.1:{installation.port}"


@pytest.fixture(scope="module")
def sandbox(installation: Installation) -> Iterator[Network]:
    with contextlib.closing(network_of(installation)) as network:
        yield network


def opened(page: Page, installation: Installation, sandbox: Network, question: str) -> str:
    """Sign in and open the conversation in which milan asks; returns its address."""
    sign_in(page)
    page.goto("/inbox?show=all")
    sandbox.person("milan").says(question, to="@brightwater")
    hurry(installation)
    row = page.locator(".row", has_text=question)
    expect(row).to_be_visible(timeout=ARRIVES)
    row.get_by_role("link").click()
    expect(page.locator(".msg", has_text=question)).to_be_visible()
    return page.url


def jpeg(name: str) -> FilePayload:
    return FilePayload(name=name, mimeType="image/jpeg", buffer=picture("JPEG", (400, 300)))


def sent_with(sandbox: Network, text: str) -> tuple[str, ...] | None:
    """The descriptions of the pictures that arrived with a text; None while it has not."""
    return next((arrival.pictures for arrival in sandbox.arrivals() if arrival.text == text), None)


def uploads(page: Page) -> Locator:
    return page.locator("#pictures .upload")


def test_pictures_are_added_described_kept_over_a_reload_and_arrive(
    browsing: Browsing, page: Page, installation: Installation, sandbox: Network
) -> None:
    opened(page, installation, sandbox, "How does the cartridge go in?")
    page.get_by_label("Your reply").fill("Like this.")
    page.locator("#files").set_input_files([jpeg("first.jpg"), jpeg("second.jpg")])
    expect(uploads(page)).to_have_count(2)
    # The place to describe it is where the keyboard is.
    expect(page.get_by_label("What “second.jpg” shows")).to_be_focused()
    page.keyboard.type("The valve")
    expect(uploads(page).nth(0).get_by_text("Please describe it")).to_be_visible()
    expect(uploads(page).nth(1).get_by_text("Please describe it")).to_be_hidden()
    axe(page)
    page.reload()
    expect(uploads(page)).to_have_count(2)
    expect(page.get_by_label("What “second.jpg” shows")).to_have_value("The valve")
    expect(page.get_by_label("Your reply")).to_have_value("Like this.")
    page.get_by_role("button", name="Take “first.jpg” out").press("Enter")
    expect(uploads(page)).to_have_count(1)
    browsing.allow("422")
    page.locator("#files").set_input_files(FilePayload(name="x.png", mimeType="image/png", buffer=b"no picture"))
    expect(page.get_by_text("no picture that can be sent")).to_be_visible()
    page.get_by_label("Your reply").press("Control+Enter")
    ours = page.locator(".msg.out", has_text="Like this.")
    expect(ours.get_by_role("img", name="The valve")).to_be_visible()
    expect(uploads(page)).to_have_count(0)
    expect(ours.locator("[data-state=sent]")).to_be_visible(timeout=ARRIVES)
    assert sent_with(sandbox, "Like this.") == ("The valve",)


def test_a_picture_can_be_dropped_and_one_too_many_is_said(
    page: Page, installation: Installation, sandbox: Network
) -> None:
    import base64

    opened(page, installation, sandbox, "Is there a drawing?")
    body = base64.b64encode(picture("PNG")).decode()
    composer = page.locator("#composer")
    for number in range(4):
        composer.evaluate(DROP, [body, f"{number}.png"])
        expect(uploads(page)).to_have_count(number + 1)
    composer.evaluate(DROP, [body, "fifth.png"])
    expect(page.get_by_text("Only 4 pictures fit into one post there.")).to_be_visible()
    expect(uploads(page)).to_have_count(4)


def test_the_composer_without_javascript_takes_pictures_too(
    browsing: Browsing, page: Page, installation: Installation, sandbox: Network
) -> None:
    address = opened(page, installation, sandbox, "And without scripts?")
    plain = browsing.open(javascript=False, session=page.context.storage_state())
    plain.goto(address)
    plain.get_by_label("Your reply").fill("Without any.")
    plain.locator("#files").set_input_files(jpeg("plain.jpg"))
    plain.get_by_role("button", name="Add", exact=True).click()
    plain.get_by_label("What “plain.jpg” shows").fill("A plain filter")
    plain.get_by_role("button", name="Preview").click()
    expect(plain.get_by_label("Your reply")).to_have_value("Without any.")
    expect(plain.get_by_label("What “plain.jpg” shows")).to_have_value("A plain filter")
    plain.get_by_role("button", name="Send").click()
    wait_until(lambda: sent_with(sandbox, "Without any.") == ("A plain filter",), "the reply", seconds=ARRIVES / 1000)


def test_sixty_megabytes_end_in_a_sentence_where_the_person_is(
    browsing: Browsing, page: Page, installation: Installation, sandbox: Network, tmp_path: Path
) -> None:
    address = opened(page, installation, sandbox, "How large may it be?")
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(60_000_000)
    page.locator("#files").set_input_files(huge)
    expect(page.get_by_text("This picture is too large: at most 10 MB can be taken.")).to_be_visible()
    browsing.allow("413")
    plain = browsing.open(javascript=False, session=page.context.storage_state())
    plain.goto(address)
    plain.locator("#files").set_input_files(huge)
    plain.get_by_role("button", name="Add", exact=True).click()
    expect(plain.get_by_text("These pictures are too large")).to_be_visible(timeout=ARRIVES)


def test_a_message_is_liked_and_ours_is_changed_and_deleted_by_keyboard(
    page: Page, installation: Installation, sandbox: Network
) -> None:
    opened(page, installation, sandbox, "Is eight weeks normal?")
    like = page.get_by_role("button", name="Like")
    expect(like).to_have_attribute("aria-pressed", "false")
    like.press("Enter")
    pressed = page.get_by_role("button", name="Like", exact=True)
    expect(pressed).to_have_attribute("aria-pressed", "true")
    # The keyboard is still there, also when the network has answered, and so is the list that was looked at.
    expect(pressed).to_be_focused()
    expect(page.get_by_text("being liked…")).to_be_hidden(timeout=ARRIVES)
    expect(pressed).to_be_focused()
    assert "show=all" in page.url
    page.get_by_label("Your reply").fill("Ten weeks.")
    page.get_by_label("Your reply").press("Control+Enter")
    ours = page.locator(".msg.out", has_text="Ten weeks.")
    expect(ours.locator("[data-state=sent]")).to_be_visible(timeout=ARRIVES)
    assert sandbox.likes()
    hurry(installation)
    edit = ours.get_by_role("link", name="Edit")
    expect(edit).to_be_visible(timeout=ARRIVES)
    edit.press("Enter")
    expect(page.get_by_label("Your reply")).to_have_value("Ten weeks.")
    axe(page)
    page.get_by_label("Your reply").fill("Eight weeks.")
    page.get_by_label("Your reply").press("Control+Enter")
    changed = page.locator(".msg.out", has_text="Eight weeks.")
    expect(changed).to_be_visible(timeout=ARRIVES)
    asked, sure = changed.get_by_text("Delete", exact=True), changed.get_by_role("button", name="Delete it there")
    asked.press("Enter")
    axe(page)
    # The echo of the change may come meanwhile: it draws the message anew, with the question closed.
    if not sure.is_visible():
        asked.press("Enter")
    sure.press("Enter")
    expect(page.get_by_text("Deleted on the network")).to_be_visible(timeout=ARRIVES)


@pytest.mark.parametrize(("phone", "dark"), [(False, True), (True, False)], ids=["dark desktop", "light phone"])
def test_the_composer_fits_and_is_accessible(
    browsing: Browsing, page: Page, installation: Installation, sandbox: Network, phone: bool, dark: bool
) -> None:
    address = opened(page, installation, sandbox, f"Does it fit? {phone} {dark}")
    other = browsing.open(phone=phone, dark=dark, session=page.context.storage_state())
    other.goto(address)
    other.locator("#files").set_input_files(jpeg("a-picture-with-quite-a-long-name-of-its-own.jpg"))
    expect(uploads(other)).to_have_count(1)
    other.get_by_text("Content warning, quote").click()
    axe(other)
    fits_its_width(other)
    # Where its row has no room for it, as with longer words than the English, it is alone in the next one.
    other.locator("#composer .ft").evaluate("foot => foot.prepend('Wort '.repeat(foot.clientWidth / 40))")
    send = other.get_by_role("button", name="Send").bounding_box()
    foot = other.locator("#composer .ft").bounding_box()
    assert send is not None
    assert foot is not None
    assert 0 <= foot["x"] + foot["width"] - send["x"] - send["width"] < 20
