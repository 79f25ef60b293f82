"""The watched pages notice what they are for; without this, a silent page would pass for a good one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.pages import Browsing, axe, fits_its_width

POLICY = "default-src 'none'; script-src 'self' 'nonce-good'; img-src 'self' data: http://elsewhere.test"
PAGES = {
    "/good": "<h1>Good</h1><p>Nothing to see.</p>",
    "/console": "<script nonce=good>console.error('oh no')</script>",
    "/uncaught": "<script nonce=good>nothing.here()</script>",
    "/inline": "<script>window.ran = true</script>",
    "/style": "<p style='color: red'>red</p>",
    "/elsewhere": "<img alt='' src='http://elsewhere.test/pixel.png'>",
    "/missing": "<img alt='' src='/none.png'>",
    "/nameless": "<h1>Form</h1><input>",
    "/wide": "<h1>Wide</h1><pre>" + "wide " * 400 + "</pre>",
}


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        head = "<title>Test</title><meta name=viewport content='width=device-width'><link rel=icon href=data:,>"
        self.wfile.write(f"<!doctype html><html lang=en><head>{head}</head><body><main>{body}".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def app_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def unjudged(browser: Browser, app_url: str) -> Iterator[Browsing]:
    """Pages whose problems the test itself looks at."""
    pages = Browsing(browser, app_url)
    yield pages
    pages.close()


def test_a_good_page_passes(page: Page) -> None:
    page.goto("/good")
    axe(page)
    fits_its_width(page)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/console", "oh no"),
        ("/uncaught", "nothing is not defined"),
        ("/inline", "script-src-elem refused inline"),
        ("/style", "style-src-attr refused inline"),
        ("/elsewhere", "another host: http://elsewhere.test/pixel.png"),
        ("/missing", "404"),
    ],
)
def test_a_page_that_misbehaves_is_told(unjudged: Browsing, path: str, problem: str) -> None:
    page = unjudged.open()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert problem in "\n".join(unjudged.problems)


def test_a_problem_the_test_expects_is_none(unjudged: Browsing) -> None:
    unjudged.allow("oh no")
    unjudged.open().goto("/console")
    assert not unjudged.problems


@pytest.mark.parametrize(
    ("check", "path", "told"), [(axe, "/nameless", "label"), (fits_its_width, "/wide", "360 px")], ids=["axe", "width"]
)
def test_a_check_names_what_it_found(unjudged: Browsing, check: Callable[[Page], None], path: str, told: str) -> None:
    page = unjudged.open(phone=True)
    page.goto(path)
    with pytest.raises(AssertionError, match=told):
        check(page)


def test_a_phone_is_narrow_and_a_dark_page_prefers_dark(phone_page: Page, dark_page: Page) -> None:
    for page in (phone_page, dark_page):
        page.goto("/good")
    assert phone_page.evaluate("innerWidth") == 360
    assert dark_page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


def test_a_page_without_javascript_runs_none(browsing: Browsing) -> None:
    page = browsing.open(javascript=False)
    page.goto("/uncaught")
    assert page.title() == "Test"
