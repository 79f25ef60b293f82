"""Headers on every answer, forms that are ours, hosts we answer to, and where a redirect may go."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from hub.people import agents, sessions
from hub.people.model import OPERATOR
from hub.web.security import safe_next
from tests.people.crew import PASSWORD
from tests.web.browser import Browser
from tests.web.conftest import Opened

POLICY = (
    r"default-src 'none'; script-src 'nonce-[\w-]{43}' 'strict-dynamic'; style-src 'self'; img-src 'self'; "
    r"font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    r"frame-ancestors 'none'; report-uri /csp-report"
)


def answers(browser: Browser) -> dict[str, TestResponse]:
    """One answer of every sort: pages, a redirect, a file, JSON, and each way to fail."""
    browser.enter(browser.crew.admin())
    stranger = browser.another()

    @browser.app.get("/broken")
    def broken() -> str:
        raise RuntimeError("a secret")

    digest = browser.app.extensions["hub"].assets.digest
    return {
        "page": browser.get("/people"),
        "public page": stranger.get("/sign-in"),
        "redirect": stranger.get("/people"),
        "file": browser.get(f"/static/{digest}/hub.css"),
        "json": browser.get("/health/ready"),
        "no token": browser.send("/account/name", {"name": "x"}, {"Sec-Fetch-Site": "same-origin"}),
        "nothing there": browser.get("/nothing"),
        "wrong method": browser.get("/sign-out"),
        "unknown host": browser.get("/people", base_url="http://evil.example"),
        "invalid": browser.submit("/account/name", name=""),
        "too large": browser.submit("/account/name", name="x" * 2_000_000),
        "broken": browser.get("/broken"),
        "fragment": browser.get("/nothing", headers={"HX-Request": "true"}),
        "report": browser.send("/csp-report", {}, {}),
    }


def test_every_answer_carries_every_header(browser: Browser) -> None:
    for name, answer in answers(browser).items():
        headers = answer.headers
        assert re.fullmatch(POLICY, headers["Content-Security-Policy"]), name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Referrer-Policy"] == "no-referrer", name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert "camera=()" in headers["Permissions-Policy"], name
        assert headers["X-DNS-Prefetch-Control"] == "off", name
        assert "Access-Control-Allow-Origin" not in headers, name
        assert "Strict-Transport-Security" not in headers, name
        assert headers["X-Request-Id"], name
        if name == "file":
            assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        else:
            assert headers["Cache-Control"] == "no-store", name
            assert "Cookie" in headers["Vary"], name


def test_failures_say_the_right_status_and_nothing_else(browser: Browser) -> None:
    found = {name: answer.status_code for name, answer in answers(browser).items()}
    assert found == {
        "page": 200,
        "public page": 200,
        "redirect": 303,
        "file": 200,
        "json": 503,
        "no token": 403,
        "nothing there": 404,
        "wrong method": 405,
        "unknown host": 400,
        "invalid": 422,
        "too large": 413,
        "broken": 500,
        "fragment": 404,
        "report": 204,
    }


def test_over_tls_browsers_are_told_to_stay_there(visit: Opened) -> None:
    browser = visit(HUB_BASE_URL="https://hub.brightwater.example")
    answer = browser.get("/sign-in")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert re.fullmatch(r"__Host-hub-form=[\w-]{43}; Secure; HttpOnly; Path=/; SameSite=Lax", cookie)


def test_on_plain_http_beyond_loopback_the_origin_is_told(visit: Opened) -> None:
    browser = visit(HUB_BASE_URL="http://hub.lan:8080")
    assert browser.get("/sign-in").headers["Referrer-Policy"] == "same-origin"


def test_a_nonce_is_used_once_and_stands_on_every_script(browser: Browser) -> None:
    seen = set()
    for _ in range(3):
        answer = browser.get("/sign-in")
        (nonce,) = set(re.findall(r"'nonce-([\w-]+)'", answer.headers["Content-Security-Policy"]))
        seen.add(nonce)
        scripts = re.findall(r"<script\b[^>]*>", answer.text)
        assert scripts
        assert all(f'nonce="{nonce}"' in script for script in scripts)
    assert len(seen) == 3


def test_no_page_has_an_inline_style_or_handler(browser: Browser) -> None:
    crew = browser.crew
    team = crew.team()
    ana = crew.agent("Ana", team)
    browser.enter(crew.admin())
    for path in ("/people", f"/people/{ana.id}", "/people/invite", f"/people/teams/{team.id}", "/account", "/sign-in"):
        assert not re.search(r"<[^>]+\s(?:style|on\w+)\s*=|<style\b|javascript:", browser.get(path).text), path


# Forms

OURS = {"Sec-Fetch-Site": "same-origin"}
GOOD, FOREIGN, NONE = "good", "foreign", "none"
CSRF: list[tuple[str, dict[str, str], str, int]] = [
    ("a form of ours", OURS, GOOD, 303),
    ("a form of ours, with its origin", OURS | {"Origin": "http://127.0.0.1:8080"}, GOOD, 303),
    ("a form of a page that sends no referrer", OURS | {"Origin": "null"}, GOOD, 303),
    ("a browser without Sec-Fetch-Site", {"Origin": "http://127.0.0.1:8080"}, GOOD, 303),
    ("by another name of this machine", {"Origin": "http://localhost:8080"}, GOOD, 303),
    ("no token", OURS, NONE, 403),
    ("somebody else's token", OURS, FOREIGN, 403),
    ("another site", {"Sec-Fetch-Site": "cross-site"}, GOOD, 403),
    ("a neighbour on the same domain", {"Sec-Fetch-Site": "same-site"}, GOOD, 403),
    ("typed or bookmarked", {"Sec-Fetch-Site": "none"}, GOOD, 403),
    ("another origin", {"Origin": "https://evil.example"}, GOOD, 403),
    ("another port", {"Origin": "http://127.0.0.1:9999"}, GOOD, 403),
    ("another scheme", {"Origin": "https://127.0.0.1:8080"}, GOOD, 403),
    ("a hidden origin", {"Origin": "null"}, GOOD, 403),
    ("an origin that only begins like ours", {"Origin": "http://127.0.0.1:8080.evil.example"}, GOOD, 403),
    ("both, and they differ", OURS | {"Origin": "https://evil.example"}, GOOD, 403),
    ("nothing said", {}, GOOD, 403),
    ("a method in a header", OURS | {"X-HTTP-Method-Override": "GET"}, NONE, 403),
    ("plain text", OURS | {"Content-Type": "text/plain"}, NONE, 403),
]


@pytest.mark.parametrize(("headers", "token", "status"), [row[1:] for row in CSRF], ids=[row[0] for row in CSRF])
def test_a_form_counts_only_with_our_token_and_from_our_page(
    headers: dict[str, str], token: str, status: int, browser: Browser
) -> None:
    ana = browser.crew.agent()
    browser.enter(ana)
    stranger = browser.another().enter(browser.crew.agent("Jonas"))
    tokens = {GOOD: browser.form_token(), FOREIGN: stranger.form_token(), NONE: ""}
    fields = {"name": "Changed"} | ({"csrf_token": tokens[token]} if tokens[token] else {})
    assert browser.send("/account/name", fields, headers).status_code == status
    assert browser.crew.now(ana).name == ("Changed" if status == 303 else "Ana")


def test_every_changing_page_refuses_a_form_without_a_token(browser: Browser) -> None:
    """All of them at once: none may have been forgotten."""
    crew = browser.crew
    browser.enter(crew.admin())
    adapter = browser.app.url_map.bind("127.0.0.1")
    known: dict[str, Any] = {"token": "x", "action": "x"}
    for rule in browser.app.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            path = adapter.build(rule.endpoint, {name: known.get(name, 1) for name in rule.arguments}, method)
            answer = browser.send(path, {}, OURS, method=method)
            assert answer.status_code == (204 if path == "/csp-report" else 403), path


def test_the_header_of_htmx_carries_the_token_as_well(browser: Browser) -> None:
    browser.enter(browser.crew.agent())
    headers = OURS | {"X-CSRF-Token": browser.form_token()}
    assert browser.send("/account/name", {"name": "Changed"}, headers).status_code == 303


@pytest.mark.parametrize("given", ["", "short", "x" * 43, "x" * 200, "é" * 43])
def test_nobody_is_signed_in_by_another_site_s_form(given: str, browser: Browser) -> None:
    browser.crew.agent(password=True)
    browser.form_token()
    fields = {"csrf_token": given, "email": "ana@brightwater.example", "password": PASSWORD}
    assert browser.send("/sign-in", fields, OURS).status_code == 403
    assert not browser.session


def test_a_token_without_a_cookie_is_no_token(browser: Browser) -> None:
    fields = {"csrf_token": "", "email": "a@b.example", "password": "x"}
    assert browser.send("/sign-in", fields, OURS).status_code == 403


# Hosts

POISON = [
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "evil.example:8080"},
    {"Host": "127.0.0.1:8080@evil.example"},
    {"Host": ""},
    {"Host": "[::1"},
]
FORWARDED = [
    {"X-Forwarded-Host": "evil.example"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X-Original-URL": "/people"},
    {"X-Forwarded-Prefix": "/evil"},
    {"X-Forwarded-Port": "666"},
]


@pytest.mark.parametrize("headers", POISON, ids=str)
def test_an_unknown_host_is_refused(headers: dict[str, str], browser: Browser) -> None:
    assert browser.get("/sign-in", headers=headers).status_code == 400


@pytest.mark.parametrize("hops", ["0", "1"])
@pytest.mark.parametrize("headers", FORWARDED, ids=str)
def test_a_forwarded_host_changes_neither_links_nor_redirects(
    headers: dict[str, str], hops: str, visit: Opened
) -> None:
    browser = visit(HUB_TRUSTED_PROXIES=hops)
    crew = browser.crew
    ana = crew.agent()
    browser.enter(crew.admin())
    page = browser.send(f"/people/{ana.id}/reset", {"csrf_token": browser.form_token()}, OURS | headers)
    assert re.findall(r'value="(http[^"]+)/link/', page.text) == ["http://127.0.0.1:8080"]
    assert browser.another().get("/people", headers=headers).location == "/sign-in?next=/people"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "127.0.0.1:1"])
def test_every_name_of_this_machine_is_known_on_loopback(host: str, browser: Browser) -> None:
    assert browser.get("/sign-in", headers={"Host": host}).status_code == 200


def test_a_probe_may_ask_by_any_host(browser: Browser) -> None:
    assert browser.get("/health/live", headers={"Host": "10.0.0.7:8080"}).status_code == 200


@pytest.mark.parametrize(
    ("hops", "forwarded", "seen"),
    [
        ("0", "203.0.113.9", "127.0.0.1"),
        ("1", "203.0.113.9", "203.0.113.9"),
        ("1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("2", "198.51.100.1, 203.0.113.9", "198.51.100.1"),
    ],
)
def test_the_peer_is_told_by_as_many_proxies_as_there_are(hops: str, forwarded: str, seen: str, visit: Opened) -> None:
    from flask import request

    browser = visit(HUB_TRUSTED_PROXIES=hops)
    peers = []
    browser.app.before_request(lambda: peers.append(request.remote_addr))
    browser.get(
        "/sign-in", headers={"X-Forwarded-For": forwarded, "CF-Connecting-IP": "6.6.6.6", "X-Real-IP": "6.6.6.6"}
    )
    assert peers == [seen]


# Redirects

AWAY = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https:evil.example",
    "https://evil.example",
    "http:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/%09/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%0a/evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/a//evil.example",
    "user@evil.example",
    "//user:pw@evil.example/",
    "evil.example",
    " /people",
    "/people\r\nSet-Cookie: a=b",
    "?x",
    "",
    "/" + "x" * 5000,
    "//[",
]


@pytest.mark.parametrize("target", AWAY)
def test_no_spelling_leads_to_another_site(target: str, browser: Browser) -> None:
    assert safe_next(target) is None
    browser.crew.agent(password=True)
    answer = browser.submit("/sign-in", email="ana@brightwater.example", password=PASSWORD, next=target)
    assert (answer.status_code, answer.location) == (303, "/")


@pytest.mark.parametrize("target", ["/", "/people", "/inbox?view=mine&page=2", "/people/3#role", "/a?next=https://x"])
def test_a_path_of_ours_is_kept(target: str) -> None:
    assert safe_next(target) == target


# Sessions in the browser


def test_a_session_has_a_new_id_after_signing_in(browser: Browser) -> None:
    browser.crew.agent(password=True)
    browser.keep("set-by-somebody-else")
    browser.client.delete_cookie("hub-8080", domain="127.0.0.1")
    planted = "planted" * 6
    token = browser.form_token()
    browser.keep(planted)
    browser.send(
        "/sign-in", {"csrf_token": token, "email": "ana@brightwater.example", "password": PASSWORD, "next": ""}, OURS
    )
    assert browser.session != planted
    assert sessions.find(browser.crew.hub, browser.session)
    assert sessions.find(browser.crew.hub, planted) is None


def test_signing_out_ends_the_session_everywhere(browser: Browser) -> None:
    browser.enter(browser.crew.agent())
    stolen = browser.session
    answer = browser.submit("/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not browser.session
    assert browser.keep(stolen).get("/account").status_code == 303


def test_a_deactivated_agent_is_out_at_the_next_request(browser: Browser) -> None:
    crew = browser.crew
    crew.admin()
    ana = crew.agent()
    browser.enter(ana)
    assert browser.get("/account").status_code == 200
    agents.deactivate(crew.hub, OPERATOR, ana.id)
    assert browser.get("/account").location == "/sign-in?next=/account"


def test_a_fragment_for_nobody_sends_the_whole_page_to_sign_in(browser: Browser) -> None:
    answer = browser.get("/people", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_two_installations_on_one_machine_keep_their_cookies_apart(visit: Opened) -> None:
    real, demo = visit(HUB_BASE_URL="http://127.0.0.1:8080"), visit(HUB_BASE_URL="http://127.0.0.1:8090")
    assert real.get("/sign-in").headers["Set-Cookie"].startswith("hub-form-8080=")
    assert demo.get("/sign-in").headers["Set-Cookie"].startswith("hub-form-8090=")
