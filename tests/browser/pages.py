"""Pages of a real Chromium that report what a person would not see: errors, violations, requests to other hosts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError

CHROMIUM_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # What is not on this machine does not exist: a page that asks for it fails here as it would anywhere.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
_REPORT_VIOLATIONS = """
    document.addEventListener('securitypolicyviolation', event => window.reportViolation(
        `${event.effectiveDirective} refused ${event.blockedURI} at ${event.sourceFile || location.pathname}`))
"""
LOCAL_SCHEMES = {"data", "blob", "about"}


class Browsing:
    """The pages of one test. What goes wrong on any of them is in `problems`, unless the test said `allow` first."""

    def __init__(self, browser: Browser, app_url: str) -> None:
        self.problems: list[str] = []
        self._browser = browser
        self._app_url = app_url
        self._contexts: list[BrowserContext] = []
        self._allowed: list[re.Pattern[str]] = []

    def open(self, *, phone: bool = False, dark: bool = False, javascript: bool = True, session: Any = None) -> Page:
        """A page of its own browser session; `page.goto("/inbox")` is relative to the app.

        session: the `storage_state()` of another page's context, to be signed in as the same person.
        """
        context = self._browser.new_context(
            **(PHONE if phone else DESKTOP),
            base_url=self._app_url,
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            storage_state=session,
            reduced_motion="reduce",
            timezone_id="UTC",
            locale="en-GB",
        )
        context.set_default_timeout(90_000)
        self._contexts.append(context)
        self._watch(context)
        return context.new_page()

    def allow(self, pattern: str) -> None:
        """Expect a problem that matches: a test of failures says which ones the browser will log."""
        self._allowed.append(re.compile(pattern))

    def pages(self) -> Iterator[Page]:
        for context in self._contexts:
            yield from context.pages

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _watch(self, context: BrowserContext) -> None:
        context.expose_binding("reportViolation", lambda _page, told: self._report(f"content security policy: {told}"))
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._report(f"console: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self._report(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in LOCAL_SCHEMES and asked.netloc != urlsplit(self._app_url).netloc:
            self._report(f"request to another host: {request.url}")

    def _report(self, problem: str) -> None:
        if not any(pattern.search(problem) for pattern in self._allowed):
            self.problems.append(problem)


def axe(page: Page) -> None:
    """Assert that axe finds no fault of accessibility, and name each one with the element it is at."""
    found = Axe().run(page).response["violations"]
    lines = [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n    {node['target'][0]}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
    assert not lines, f"axe on {page.url}\n" + "\n".join(lines)


def fits_its_width(page: Page) -> None:
    """Assert that the page does not scroll sideways."""
    wide, shown = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= shown, f"{page.url} is {wide} px wide on a screen of {shown} px"


def shot(page: Page, name: str) -> None:
    """Save what the page looks like now under HUB_SCREENSHOTS; does nothing where that is not set."""
    folder = os.environ.get("HUB_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w-]+", "-", name).strip("-")
        page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)
