"""Signing in, one-time links, and one's own account, through the pages."""

from __future__ import annotations

import re

import pytest

from hub.people import agents, links, sessions, sign_in
from hub.people.model import OPERATOR, Role
from hub.testing.clock import FrozenClock
from tests.people.crew import PASSWORD
from tests.web.browser import Browser

NEW = "seven boats at sea"


def path_of(link: str | None) -> str:
    assert link is not None
    return link.partition("8080")[2]


def without_tokens(text: str) -> str:
    """A page without what is new at every answer."""
    return re.sub(r'nonce="[^"]+"|value="[\w-]{43}"|"X-CSRF-Token": "[\w-]+"', "", text)


def test_somebody_signs_in_and_lands_where_they_wanted(browser: Browser) -> None:
    browser.crew.admin(password=True)
    assert browser.get("/people?x=1").location == "/sign-in?next=/people?x%3D1"
    page = browser.get("/sign-in?next=/people")
    assert 'name="next" value="/people"' in page.text
    answer = browser.submit("/sign-in", email="petra@brightwater.example", password=PASSWORD, next="/people")
    assert (answer.status_code, answer.location) == (303, "/people")
    assert browser.get("/people").status_code == 200
    assert not browser.has_form_cookie()


def test_known_and_unknown_people_get_the_same_page(browser: Browser) -> None:
    browser.crew.agent("Ana", password=True)
    browser.crew.agent("Jonas")

    def refused(email: str) -> tuple[int, str]:
        page = browser.submit("/sign-in", email=email, password="wrong")
        return page.status_code, without_tokens(page.text).replace(email, "")

    pages = [refused(f"{name}@brightwater.example") for name in ("ana", "jonas", "nobody")]
    assert pages[0] == pages[1] == pages[2]
    assert pages[0][0] == 422
    assert "Address or password is not right" in pages[0][1]


def test_too_many_tries_say_when_to_come_back(browser: Browser) -> None:
    for turn in range(10):
        sign_in.count_try(browser.crew.hub, "ana@brightwater.example", address=f"203.0.113.{turn}")
    answer = browser.submit("/sign-in", email="ana@brightwater.example", password="x")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert "Too many tries" in answer.text


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "admin"},
        {"id": "1"},
        {"email": ["a@b.example", "c@d.example"]},
        {"password": ["x", "y"]},
        {"email": "x" * 30_000},
    ],
    ids=str,
)
def test_a_form_takes_its_own_fields_once_and_nothing_else(fields: dict[str, object], browser: Browser) -> None:
    good: dict[str, object] = {"email": "ana@brightwater.example", "password": PASSWORD}
    browser.crew.agent(password=True)
    assert browser.submit("/sign-in", **(good | fields)).status_code == 422
    assert not browser.session


def test_the_first_admin_sets_the_installation_up(browser: Browser) -> None:
    path = path_of(links.first_admin(browser.crew.hub))
    assert "You are the first here" in browser.get(path).text
    wrong = browser.submit(path, email="petra", name="Petra Novak", password=NEW, again=NEW)
    assert wrong.status_code == 422
    assert 'value="Petra Novak"' in wrong.text
    answer = browser.submit(path, email="petra@brightwater.example", name="Petra Novak", password=NEW, again=NEW)
    assert (answer.status_code, answer.location) == (303, "/")
    assert browser.get("/people").status_code == 200
    assert browser.another().get(path).status_code == 404


def test_an_invited_person_chooses_a_password(browser: Browser) -> None:
    hub = browser.crew.hub
    _agent, link = agents.invite(hub, OPERATOR, email="ana@brightwater.example", name="Ana", role=Role.AGENT)
    path = path_of(link)
    assert "ana@brightwater.example" in browser.get(path).text
    for password, again in (("short", "short"), (NEW, "another sea"), ("ana-brightwater", "ana-brightwater")):
        assert browser.submit(path, password=password, again=again).status_code == 422
    assert browser.submit(path, password=NEW, again=NEW).status_code == 303
    assert browser.get("/account").status_code == 200


def test_a_dead_link_says_the_same_whatever_killed_it(browser: Browser, frozen_clock: FrozenClock) -> None:
    hub = browser.crew.hub
    _agent, link = agents.invite(hub, OPERATOR, email="ana@brightwater.example", name="Ana", role=Role.AGENT)
    expired = path_of(link)
    frozen_clock.tick(73 * 3600)
    pages = {without_tokens(re.sub(r"number: [\w-]+", "", browser.get(path).text)) for path in (expired, "/link/never")}
    assert len(pages) == 1


def test_somebody_changes_their_name_and_language(browser: Browser) -> None:
    ana = browser.crew.agent()
    browser.enter(ana)
    assert browser.submit("/account/name", name=" Ana\u202e  Kovač ").location == "/account?done=name_saved"
    assert browser.submit("/account/language", language="de").status_code == 303
    assert browser.crew.now(ana).name == "Ana Kovač"
    page = browser.get("/account?done=name_saved").text
    assert '<html lang="de" dir="ltr">' in page
    assert "Ihr Name wurde gespeichert." in page
    assert browser.submit("/account/language", language="xx").status_code == 422


def test_a_page_speaks_the_language_the_browser_asks_for(browser: Browser) -> None:
    page = browser.get("/sign-in", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert "Bei Hubbub anmelden" in page.text
    assert "Sign in to Hubbub" in browser.get("/sign-in").text


def test_a_new_password_needs_the_old_one_and_signs_everything_else_out(browser: Browser) -> None:
    ana = browser.crew.agent(password=True)
    elsewhere = browser.another().enter(ana)
    browser.enter(ana)
    for fields in ({"current": "wrong"}, {"again": "another sea"}, {"password": "short", "again": "short"}):
        refused = browser.submit("/account/password", **({"current": PASSWORD, "password": NEW, "again": NEW} | fields))
        assert refused.status_code == 422
        assert 'aria-invalid="true"' in refused.text
    before = browser.session
    answer = browser.submit("/account/password", current=PASSWORD, password=NEW, again=NEW)
    assert answer.location == "/account?done=password_changed"
    assert browser.session != before
    assert browser.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


def test_somebody_signs_another_place_out(browser: Browser) -> None:
    ana = browser.crew.agent()
    elsewhere, third = browser.another().enter(ana), browser.another().enter(ana)
    browser.enter(ana)
    oldest = min(session.id for session in sessions.open_sessions(browser.crew.hub, ana.id))
    assert browser.get("/account").text.count("Firefox") >= 3
    assert browser.submit(f"/account/sessions/{oldest}/end").status_code == 303
    assert elsewhere.get("/account").status_code == 303
    assert browser.submit("/account/sessions/end-others").status_code == 303
    assert third.get("/account").status_code == 303
    assert browser.get("/account").status_code == 200


def test_a_notice_is_one_of_ours_or_none(browser: Browser) -> None:
    assert "You are signed out." in browser.get("/sign-in?done=signed_out").text
    page = browser.get("/sign-in?done=<b>pwned</b>").text
    assert "pwned" not in page


def test_a_refresh_by_the_page_itself_keeps_no_session_alive(browser: Browser, frozen_clock: FrozenClock) -> None:
    browser.enter(browser.crew.agent())
    for _ in range(3):
        frozen_clock.tick(3000)
        browser.get("/account", headers={"Hub-Background": "1"})
    assert browser.get("/account").status_code == 303
