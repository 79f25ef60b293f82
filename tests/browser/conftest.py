"""A real Chromium. The tests here (or a fixture above them) give `app_url`, the address of the app under test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.pages import CHROMIUM_FLAGS, Browsing, shot

# A machine that has other things to do is slow, and that is no finding; Playwright waits for 5 seconds.
expect.set_options(timeout=60_000)


# Not for the whole session: while Playwright runs, this thread has a running event loop, in which no other test of
# this session could call asyncio.run.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; Playwright never downloads one of its own."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is missing: install Debian's chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def browsing(browser: Browser, app_url: str, request: pytest.FixtureRequest) -> Iterator[Browsing]:
    """Opens pages (`browsing.open(phone=True, dark=True)`); the test fails when anything went wrong on one of them."""
    pages = Browsing(browser, app_url)
    yield pages
    for number, page in enumerate(pages.pages(), 1):
        shot(page, f"{request.node.name}-{number}")
    pages.close()
    assert not pages.problems, "\n".join(pages.problems)


@pytest.fixture
def page(browsing: Browsing) -> Page:
    """A desktop page in light colours."""
    return browsing.open()


@pytest.fixture
def phone_page(browsing: Browsing) -> Page:
    """A page 360 pixels wide."""
    return browsing.open(phone=True)


@pytest.fixture
def dark_page(browsing: Browsing) -> Page:
    """A desktop page for somebody who prefers dark colours."""
    return browsing.open(dark=True)
