"""Every address that somebody can enter, and those that servers name: no connector goes inside by any of them.

The fields are found in the connectors, so that a new one is tried as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_plugins.webhook.signing import signed_headers

from hub.channels.connectors import Connectors, InlineConnectors
from hub.channels.host import Host
from hub.channels.model import Account
from hub.channels.settings import fields_of
from hub.connector import Context, Delivery, Outgoing, Target, Visibility
from hub.connector.incoming import Author
from hub.errors import AddressRefused, HubError, Misconfigured
from hub.kernel.plugins import load_plugins
from hub.testing.clock import FrozenClock
from hub.testing.server import FakeServer
from tests.kernel.http.internet import PUBLIC, Internet
from tests.plugins.webhook_system import SECRET

PLUGINS = load_plugins()
FIELDS = [
    (kind, field.name)
    for kind in sorted(PLUGINS.connectors)
    for field in fields_of(PLUGINS.connector(kind).Settings)
    if field.kind == "url"
]
INSIDE = (
    *("http://127.0.0.1", "https://localhost", "http://[::1]", "http://2130706433", "http://sly.example"),
    *("https://169.254.169.254", "http://[64:ff9b::7f00:1]", "http://0x7f.1", "http://10.0.0.7", "https://sly.example"),
)
WELL = {
    "secret": SECRET,
    "handle": "@brightwater.test",
    "user": "maya",
    "password": "abcd EFGH 1234",
    "token": "t" * 43,
}
"""What stands in the other fields of a form that is filled in well."""


class Line:
    """The connectors behind a door without exceptions; `internet.dialled` is where they went."""

    def __init__(self, folder: Path) -> None:
        self.internet = Internet().name("sly.example", "127.0.0.1").name("home.example", PUBLIC)
        self.door = self.internet.door()
        self.clock = FrozenClock()
        context = Context(http=self.door, clock=self.clock, log=logging.getLogger("hub.test"), data=folder)
        self.connectors: Connectors = InlineConnectors(PLUGINS, Host(PLUGINS, lambda kind: context))

    def account(self, kind: str, **settings: str) -> Account:
        known = {field.name: field.default for field in fields_of(PLUGINS.connector(kind).Settings)}
        given = {name: WELL.get(name, default) for name, default in known.items()}
        return Account(kind=kind, settings={**given, **settings})


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path)
    yield made
    made.connectors.close()
    made.door.close()


def test_every_kind_with_an_address_is_tried() -> None:
    assert {kind for kind, _ in FIELDS} >= {"bluesky", "feed", "mastodon", "webhook", "wordpress"}


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_no_address_that_somebody_enters_leads_inside(kind: str, field: str, line: Line) -> None:
    for address in INSIDE:
        account = line.account(kind, **{field: address})
        works = [lambda: line.connectors.check(account), lambda: line.connectors.pull(account, None)]  # noqa: B023
        if PLUGINS.connector(kind).features.signs_in:
            works.append(lambda: line.connectors.begin_sign_in(account, "https://hub.example/back"))  # noqa: B023
        for work in works[: 1 if kind == "webhook" else 3]:
            if kind == "webhook" and "sly" in address:
                continue  # nothing is posted for a test, so the name is not looked up yet
            with pytest.raises(Misconfigured) as refused:
                work()
            assert refused.value.field in (field, None)
            assert "127.0.0.1" not in refused.value.detail
    assert line.internet.dialled == []


def test_a_reply_is_posted_to_no_address_inside(line: Line) -> None:
    for address in INSIDE:
        account = line.account("webhook", reply_url=address)
        target = Target(remote_id="1", author=Author(id="lena"), visibility=Visibility.DIRECT)
        plan = line.connectors.plan(
            account, Outgoing(text="hello", target=target, visibility=Visibility.DIRECT, language="en"), "key"
        )
        with pytest.raises(AddressRefused):
            line.connectors.send(account, plan, 0, None)
    assert line.internet.dialled == []


@pytest.mark.parametrize(("kind", "field"), [each for each in FIELDS if each[0] != "webhook"])
@pytest.mark.parametrize("inside", ["http://127.0.0.1/", "http://sly.example/", "//localhost/", "http://[::1]:6379/"])
def test_no_server_sends_us_inside(kind: str, field: str, inside: str, line: Line) -> None:
    with FakeServer() as server:
        line.internet.host(PUBLIC, server)
        server.on("*", "/*").redirects(inside)
        with pytest.raises(HubError):
            line.connectors.check(line.account(kind, **{field: "http://home.example"}))
        with pytest.raises(HubError):
            line.connectors.pull(line.account(kind, **{field: "http://home.example"}), None)
    assert set(line.internet.dialled) == {PUBLIC}


@pytest.mark.parametrize(
    "inside", ["http://127.0.0.1/x", "http://sly.example/x", "//localhost/x", "file:///etc/hostname"]
)
def test_no_page_names_us_a_feed_or_an_api_inside(inside: str, line: Line) -> None:
    page = f"""<html><head><link rel="alternate" type="application/rss+xml" href="{inside}">
        <link rel="alternate" type="application/json" href="{inside}"></head><body>wp-content</body></html>"""
    with FakeServer() as server:
        line.internet.host(PUBLIC, server)
        headers = {"Content-Type": "text/html", "Link": f'<{inside}>; rel="https://api.w.org/"'}
        server.on("*", "/*").answers(200, page, headers=headers)
        for kind in ("feed", "wordpress"):
            with pytest.raises(HubError):
                line.connectors.check(line.account(kind, address="http://home.example"))
    assert set(line.internet.dialled) == {PUBLIC}


@pytest.mark.parametrize("inside", ["http://127.0.0.1/x", "http://sly.example/x"])
def test_nothing_that_stands_in_a_feed_is_fetched(inside: str, line: Line) -> None:
    feed = f"""<?xml version="1.0"?><!DOCTYPE rss SYSTEM "{inside}"><?xml-stylesheet href="{inside}"?>
        <rss version="2.0" xml:base="{inside}"><channel><title>x</title><link>{inside}</link>
        <image><url>{inside}</url></image><cloud domain="127.0.0.1" port="80" path="/" protocol="http-post"/>
        <item><guid>1</guid><title>Re: x</title><link>{inside}</link><comments>{inside}</comments>
        <enclosure url="{inside}" type="image/png" length="1"/><source url="{inside}">x</source></item>
        </channel></rss>"""
    with FakeServer() as server:
        line.internet.host(PUBLIC, server)
        server.on("*", "/*").answers(200, feed, headers={"Content-Type": "application/rss+xml"})
        account = line.account("feed", address="http://home.example/feed")
        line.connectors.check(account)
        assert len(line.connectors.pull(account, None).messages) == 1
    assert set(line.internet.dialled) == {PUBLIC}


def test_nothing_that_is_posted_to_us_is_fetched(line: Line) -> None:
    inside = "http://127.0.0.1/x"
    body = (
        f'{{"text": "x", "html": "<img src={inside}>", "link": "{inside}", "author": {{"id": "l", "link": "{inside}"}},'
        f' "attachments": ["{inside}"], "callback_url": "{inside}"}}'
    ).encode()
    account = line.account("webhook")
    headers = signed_headers([SECRET], "d1", body, now=line.clock())
    delivery = Delivery(number=1, body=body, headers=headers, received_at=line.clock())
    line.connectors.receive(account, delivery)
    assert len(line.connectors.pull(account, None, (delivery,)).messages) == 1
    assert line.internet.dialled == line.internet.asked == []
