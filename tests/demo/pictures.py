"""Takes the pictures of the README from a fresh demo: `.venv/bin/python -m tests.demo.pictures`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.pages import CHROMIUM_FLAGS
from tests.demo.visit import PASSWORD, DemoInstallation
from tests.house import ROOT

PICTURES = {"inbox.png": "light", "inbox-dark.png": "dark"}
SIZE = {"width": 1440, "height": 900}
DRAFT = "Nearly: at 17 °dH the lab saw 75 to 80 days. The light on the lid tells her in time, and"


def come_in(browser: Browser, link: str) -> object:
    """Choose a password with a one-time link; returns the browser's state."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    page.wait_for_url("**/inbox")
    return context.storage_state()


def take(browser: Browser, base: str, state: object, colours: str, file: Path) -> None:
    context = browser.new_context(
        base_url=base,
        storage_state=state,  # type: ignore[arg-type]
        viewport=SIZE,  # type: ignore[arg-type]
        color_scheme=colours,  # type: ignore[arg-type]
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.goto("/inbox")
    page.locator("article.row", has_text="My sister has").get_by_role("link").first.click()
    with page.expect_response("**/measure"):
        page.get_by_label("Your reply").fill(DRAFT)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file)
    context.close()
    with Image.open(file) as taken:
        few = taken.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = DemoInstallation(Path(folder) / "demo")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        with demo.running():
            base = f"http://127.0.0.1:{demo.port}"
            state = come_in(browser, demo.links["Ana Kovač"])
            for name, colours in PICTURES.items():
                take(browser, base, state, colours, ROOT / "docs" / name)
        browser.close()


if __name__ == "__main__":
    main()
