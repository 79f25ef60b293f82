"""Times are shown as they are where the person is: as chosen on the account's page, else as the browser says."""

from __future__ import annotations

import pytest

from hub.people.model import Role
from hub.testing.fake import FakeNetwork
from tests.web.browser import Browser
from tests.web.conftest import Opened
from tests.web.office import Office, errors_at


@pytest.fixture
def office(visit: Opened, fake: FakeNetwork) -> Office:
    office = Office(visit().crew.hub, fake)
    fake.says("hello", at=fake.clock())
    office.desk.pulls()
    return office


def shown(office: Office, browser: Browser) -> str:
    """What the time of the message says in full."""
    page = browser.get(f"/conversations/{office.desk.lines()[0].conversation.id}").text
    return page.partition('title="2 Mar 2026, ')[2].partition('"')[0]


def test_without_any_word_it_is_utc(office: Office) -> None:
    assert shown(office, office.enter(Role.AGENT)) == "09:00:00 UTC"


def test_the_browser_says_where_it_is(office: Office) -> None:
    browser = office.enter(Role.AGENT)
    browser.client.set_cookie("hub-zone", "Europe%2FBerlin", domain=browser.origin.host)
    assert shown(office, browser) == "10:00:00 CET"


@pytest.mark.parametrize("name", ["../../etc/passwd", "Mars/Base", "%00", "/etc/localtime"])
def test_what_is_no_zone_is_utc(office: Office, name: str) -> None:
    browser = office.enter(Role.AGENT)
    browser.client.set_cookie("hub-zone", name, domain=browser.origin.host)
    assert shown(office, browser) == "09:00:00 UTC"


def test_what_was_chosen_counts_more_than_what_the_browser_says_and_only_for_its_person(office: Office) -> None:
    browser, colleague = office.enter(Role.AGENT), office.enter(Role.AGENT)
    browser.client.set_cookie("hub-zone", "Europe%2FBerlin", domain=browser.origin.host)
    browser.submit("/account/time-zone", time_zone="Asia/Tokyo")
    assert shown(office, browser) == "18:00:00 JST"
    assert shown(office, colleague) == "09:00:00 UTC"


def test_a_zone_that_is_none_is_refused_at_its_field(office: Office) -> None:
    page = office.enter(Role.AGENT).submit("/account/time-zone", time_zone="Mars/Base")
    assert page.status_code == 422
    assert "time_zone" in errors_at(page)
