"""Who is called like one of us, and is not, is marked: in the list, at the conversation and at what they say."""

from __future__ import annotations

import re

import pytest

from hub.connector import Author, Trust
from hub.kernel.hub import Hub
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from hub.web.our_names import KEPT_SECONDS, OurNames
from tests.web.browser import Browser
from tests.web.office import Office

MARK = "name like ours"
WHY = "the account is not known to be ours"


def by(name: str, handle: str = "@stranger") -> Author:
    return Author(id=f"id of {name} {handle}", handle=handle, name=name)


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    return Office(hub, fake)


@pytest.fixture
def browser(office: Office) -> Browser:
    return office.enter(Role.AGENT)


def test_whose_name_looks_like_a_colleagues_or_an_accounts_is_marked_with_why(office: Office, browser: Browser) -> None:
    # Letters from the Cyrillic alphabet stand among the Latin ones.
    like_ours = [by("Аna Kоvač"), by("@brightwаter"), by("", "@brіghtwater")]
    for author in (*like_ours, by("Lena Brandt")):
        office.desk.fake.says("Send me your password", by=author)
    office.desk.pulls()
    rows = browser.get("/inbox").text.split("<article")[1:]
    pages = [browser.get(f"/conversations/{number}").text.split('<main id="main"')[1] for number in (1, 2, 3, 4)]
    assert sum(MARK in row and WHY in row for row in rows) == 3
    assert [MARK in page and WHY in page for page in pages] == [True, True, True, False]


def test_it_is_a_control_for_the_keyboard_and_hides_nothing(office: Office, browser: Browser) -> None:
    office.desk.fake.says("Send me your password", by=by("Ana Kovač"))
    office.desk.pulls()
    page = browser.get("/conversations/1").text
    assert re.search(rf"<details class=\"why\"><summary[^>]*>{MARK}</summary><p>[^<]*{WHY}", page)
    assert "Send me your password" in page
    assert browser.submit("/conversations/1/replies", text="No.", client_key="k" * 43).status_code == 303


def test_others_in_a_thread_are_marked_where_they_speak(office: Office, browser: Browser) -> None:
    office.desk.fake.says("Where is it?", id="a")
    office.desk.fake.says("Ask me, I am from the shop", id="b", parent="a", by=by("Аna Kovač"), addressed=False)
    office.desk.pulls()
    page = browser.get("/conversations/1").text
    assert page.count(MARK) == 1
    assert MARK in page[page.index('id="m2"') :]


def test_our_own_account_is_not_marked_wherever_it_speaks(office: Office) -> None:
    names = OurNames(office.hub)
    handle = office.desk.channel.account.handle
    assert handle
    assert not names.is_like_ours("Brightwater", handle, kind="fake", trust=Trust.NETWORK)
    assert names.is_like_ours("", handle, kind="fake", trust=Trust.CLAIMED)
    assert names.is_like_ours("", handle, kind="webhook", trust=Trust.NETWORK)


def test_names_are_read_now_and_then_and_those_of_who_left_no_longer_count(office: Office) -> None:
    time = [0.0]
    names = OurNames(office.hub, lambda: time[0])

    def is_like_ours(name: str) -> bool:
        return names.is_like_ours(name, "", kind="fake", trust=Trust.NETWORK)

    assert is_like_ours("Ana Kovač")
    hired = office.crew.hire("Jasmin", Role.AGENT, office.team)
    assert not is_like_ours("Jasmin")
    time[0] += KEPT_SECONDS + 1
    assert is_like_ours("Jasmin")
    with office.hub.database.transaction() as session:
        session.run("UPDATE agents SET deactivated_at = :now WHERE id = :id", id=hired.id, now=office.hub.clock())
    time[0] += KEPT_SECONDS + 1
    assert not is_like_ours("Jasmin")
