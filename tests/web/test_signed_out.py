"""A channel is signed out while its conversations are open: their pages say so, and nothing is queued unseen."""

from __future__ import annotations

import re

import pytest

from hub.channels.connect import check_channel
from hub.channels.model import ChannelState
from hub.connector import Features
from hub.errors import AuthExpired
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.desk import plug_in
from tests.web.browser import Browser
from tests.web.office import Office

PAGE = "/conversations/1"
REFUSED = "Nothing was sent or done."
SIGNED_OUT = "The channel is signed out"


@pytest.fixture
def office(hub: Hub, fake: FakeNetwork) -> Office:
    opened = Office(hub, fake)
    plug_in(hub.plugins, fake.connector_class(features=Features(send=True, actions=frozenset({"like", "unlike"}))))
    fake.says("Where is it?", id="a")
    opened.desk.pulls()
    return opened


@pytest.fixture
def browser(office: Office) -> Browser:
    return office.enter(Role.AGENT)


def goes_out(office: Office) -> None:
    office.desk.fake.fails_to_pull(AuthExpired("revoked"))
    with pytest.raises(AuthExpired):
        office.desk.pulls()
    assert office.desk.channel.state is ChannelState.SIGNED_OUT


def refreshed(browser: Browser, page: str) -> str:
    """What the page fetches when it is told that something happened."""
    found = re.search(r'id="thread"[^>]* hx-get="([^"]+)"', page)
    assert found is not None
    return str(browser.get(found[1].replace("&amp;", "&")).text)


def queued(office: Office) -> int:
    with office.hub.database.reading() as session:
        return len(outbox.listed(session, None, teams=None, before=None, limit=10))


def test_an_open_page_learns_of_it_and_of_its_end_and_keeps_what_is_being_written(
    office: Office, browser: Browser
) -> None:
    before = browser.get(PAGE).text
    assert f'data-channels="{office.desk.channel_id}"' in before
    assert "notice" not in refreshed(browser, before)
    goes_out(office)
    told = refreshed(browser, before)
    assert SIGNED_OUT in told
    assert "What you are writing stays on this page" in told
    assert 'formaction="' not in told
    closed = browser.get(PAGE).text
    assert SIGNED_OUT not in refreshed(browser, closed)
    check_channel(office.hub, office.desk.connectors, office.desk.channel_id)
    assert "The channel works again" in refreshed(browser, closed)
    assert "The channel works again" not in refreshed(browser, browser.get(PAGE).text)


def test_what_a_page_from_before_wants_done_is_refused_and_says_why(office: Office, browser: Browser) -> None:
    assert "/messages/1/like" in browser.get(PAGE).text
    goes_out(office)
    for path, fields in (
        ("messages/1/like", {"client_key": "k" * 43}),
        ("replies", {"client_key": "r" * 43, "text": "It is on its way"}),
    ):
        answer = browser.submit(f"{PAGE}/{path}", **fields)
        assert answer.status_code == 409
        assert REFUSED in answer.text
        assert SIGNED_OUT in answer.text
    assert queued(office) == 0


def test_what_was_pressed_before_still_counts_once(office: Office, browser: Browser) -> None:
    press = {"client_key": "k" * 43}
    assert browser.submit(f"{PAGE}/messages/1/like", **press).status_code == 303
    goes_out(office)
    assert browser.submit(f"{PAGE}/messages/1/like", **press).status_code == 303
    assert queued(office) == 1
