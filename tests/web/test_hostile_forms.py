"""Whatever a browser is made to send: fields nobody asked for change nothing, no query breaks a page, and nothing that
a developer or a proxy may have left behind is open.

Every page is walked, so that a new one is tried as well.
"""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from hub.app import build_pages
from tests.web.browser import Browser
from tests.web.conftest import Opened
from tests.web.routes import PAGES
from tests.web.test_routes import Place, contents, fill, place

__all__ = ["place"]

FORMS = [route for route in PAGES if route.startswith("POST ") and route not in ("POST /csp-report", "POST /sign-out")]
"""A report is a browser's and read by nobody; signing out always works."""

ASKED = (
    "show",
    "channel",
    "state",
    "before",
    "after",
    "current",
    "edit",
    "quote",
    "next",
    "done",
    "q",
    "sort",
    "order",
)
WORDS = (
    *("'", '"', "';--", "\u2019", "\uff07", "0) UNION SELECT 1--", "CASE WHEN 1=1 THEN 1 ELSE 0 END", "%00", "\0"),
    *(
        "-1",
        "1e3",
        "9" * 30,
        "x" * 5000,
        "5.5",
        "5.5.5",
        "٣",
        "\u202e",
        "<script>",
        "{{7*7}}",
        "%(x)s",
        "{0.__class__}",
    ),
)
THEIRS = (
    *("text", "client_key", "visibility", "content_warning", "language", "target", "edit", "quote", "named", "member"),
    *("letter", "newest", "team_id", "name", "email", "role", "time_zone", "password", "next", "message", "answers"),
)
"""Fields that some form has."""

LEFTOVERS = (
    *("/?debug=1", "/?_trace=1", "/?__debugger__=yes&cmd=resource&f=debugger.js", "/console", "/.git/config", "/.env"),
    *(
        "/debug",
        "/admin",
        "/static/",
        "/static/../key",
        "/docs",
        "/openapi.json",
        "/swagger",
        "/graphql",
        "/.well-known",
    ),
    *("/hub.db", "/key", "/server-status", "/phpinfo.php", "/api", "/api/", "/api/docs", "/api/v1/docs", "/api/v1"),
)
"""Consoles, files and descriptions that installations of other makes have left open."""

OF_A_PROXY = ("X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-Email")

NOT_THEIRS = (
    *("role", "team_id", "is_admin", "verified", "created_at", "id", "remote_id", "status", "state", "agent_id"),
    *("__class__", "password_hash", "channel_id", "conversation_id", "Name", "name ", "na\u200bme", "x[]"),
)
"""Fields of rows that no form may set, unless it is the form for it (OWASP ASVS 5.0, 15.3.3)."""


@pytest.mark.parametrize("route", FORMS)
def test_a_form_takes_nothing_but_its_own_and_no_nonsense_breaks_it(route: str, browser: Browser, place: Place) -> None:
    browser.enter(browser.crew.admin("Vera"))
    good = {"csrf_token": browser.form_token(), **PAGES[route].fields}
    path = fill(route.removeprefix("POST "), {**place.arguments, "token": "x" * 43}, browser)

    def status(name: str, value: str) -> int:
        return browser.send(path, {**good, name: value}, {"Sec-Fetch-Site": "same-origin"}).status_code

    before = contents(browser)
    for name in set(NOT_THEIRS) - set(good):
        assert (name, status(name, "1")) in ((name, 404), (name, 422))
    assert contents(browser) == before
    for name in THEIRS:
        for word in ("9" * 30, "\0'\u202e"):
            assert status(name, word) < 500, (name, word)


def test_no_query_breaks_a_page(browser: Browser, place: Place) -> None:
    admin = browser.enter(browser.crew.admin("Vera"))
    for route in (known for known in PAGES if known.startswith("GET ") and "<token>" not in known):
        path = fill(route.removeprefix("GET "), place.arguments, browser)
        for word in WORDS:
            answer = admin.get(path, query_string=dict.fromkeys(ASKED, word))
            assert answer.status_code not in range(500, 600) or "health" in route, (route, word)
            assert "Traceback" not in answer.text
            assert "<script>" not in answer.text


def test_nothing_is_left_open(browser: Browser) -> None:
    app = build_pages(browser.crew.hub, browser.app.extensions["hub"].connectors)
    for path in LEFTOVERS:
        answer = Client(app).get(path, base_url=browser.base_url)
        assert answer.status_code == 404 or str(answer.location).startswith(("/sign-in", "/inbox")), path
        assert "Werkzeug" not in answer.text + str(answer.headers), path


def test_a_method_that_no_page_takes_is_refused_and_echoes_nothing(browser: Browser) -> None:
    browser.enter(browser.crew.admin("Vera"))
    for method in ("TRACE", "TRACK", "CONNECT", "PROPFIND", "DELETE", "PATCH"):
        answer = browser.send("/inbox", {}, {"X-Echo": "a secret"}, method=method)
        assert answer.status_code in (403, 405), method
        assert "a secret" not in answer.text, method


@pytest.mark.parametrize("hops", ["0", "1"])
def test_no_header_of_a_proxy_signs_anybody_in(hops: str, visit: Opened) -> None:
    browser = visit(HUB_TRUSTED_PROXIES=hops)
    olga = browser.crew.admin("Olga")
    program = Client(build_pages(browser.crew.hub, browser.app.extensions["hub"].connectors))
    for header in OF_A_PROXY:
        for who in (olga.email, "Olga", str(olga.id)):
            answer = browser.get("/inbox", headers={header: who, "X-Forwarded-For": "127.0.0.1"})
            assert answer.location == "/sign-in?next=/inbox", header
        told = program.get("/api/v1/conversations", base_url=browser.base_url, headers={header: olga.email})
        assert told.status_code == 401, header
