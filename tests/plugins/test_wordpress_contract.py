"""The WordPress connector on a hand-written fake of its REST API: the contract kit, and what goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from hub_plugins.wordpress import WordPress
from hub_plugins.wordpress.connector import WordPressSettings
from hub_plugins.wordpress.progress import PAGE

from hub.connector import DeletedBy, Moderation, Outgoing
from hub.errors import (
    AlreadySent,
    Ambiguous,
    AuthExpired,
    ConnectorError,
    Misconfigured,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.contract import ConnectorContract
from hub.testing.server import Answer, Arrival, FakeServer
from tests.plugins.wordpress_channel import Channel
from tests.plugins.wordpress_site import ME, PASSWORD, FakeWordPress


@pytest.fixture
def site() -> Iterator[FakeWordPress]:
    with FakeWordPress() as running:
        yield running


def settings_for(url: str, **changes: str) -> WordPressSettings:
    return WordPressSettings(**{"address": url, "user": "maya", "password": PASSWORD, **changes})


class TestWordPressOnAFakeSite(ConnectorContract):
    """Every rule of the contract kit."""

    connector_class = WordPress

    def count(self, unit: str, text: str, graphemes: int) -> int:
        """WordPress counts bytes of trimmed HTML."""
        assert unit == "bytes"
        return len(escape(text.replace("\r\n", "\n").strip(), quote=False).encode())

    @pytest.fixture
    def network(self, site: FakeWordPress) -> FakeWordPress:
        return site

    @pytest.fixture
    def second_network(self) -> Iterator[FakeWordPress]:
        with FakeWordPress() as running:
            yield running

    @pytest.fixture
    def settings(self, network: FakeWordPress) -> WordPressSettings:
        return settings_for(network.url)

    @pytest.fixture
    def second_settings(self, second_network: FakeWordPress) -> WordPressSettings:
        return settings_for(second_network.url)

    @pytest.fixture
    def door(self, network: FakeWordPress, second_network: FakeWordPress) -> Door:
        return Door(allow=[network.server.address, second_network.server.address])


@pytest.fixture
def channel(site: FakeWordPress, tmp_path: Path) -> Channel:
    return Channel(settings_for(site.url), tmp_path, site.server.address)


# --- pulling ----------------------------------------------------------------------------------------------------------


def test_a_fake_site_shows_the_article_above_its_comments(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    post = channel.messages[id].post
    assert post is not None
    assert (post.remote_id, post.title, post.text, post.link) == (
        "5",
        "Tea & patience",
        "Water first.",
        "https://blog.example/tea/",
    )


def test_a_pull_of_a_hundred_comments_asks_once_for_their_article(channel: Channel, site: FakeWordPress) -> None:
    for number in range(PAGE - 1):
        site.says(f"comment {number}")
    channel.pull()
    assert len(site.server.received("GET", "/wp-json/wp/v2/posts")) == 1


@pytest.mark.parametrize("status", ["hold", "spam", "trash"])
def test_a_change_of_moderation_on_a_fake_site_arrives_once(channel: Channel, site: FakeWordPress, status: str) -> None:
    id = site.says("Buy my tea")
    channel.pull()
    site.moderates(id, status)
    assert channel.pull() == [id]
    expected = {"hold": Moderation.HELD, "spam": Moderation.SPAM, "trash": Moderation.TRASH}[status]
    assert channel.messages[id].moderation is expected
    assert channel.pull() == []


def test_a_change_far_below_the_newest_page_is_found_in_turn(channel: Channel, site: FakeWordPress) -> None:
    ids = [site.says(f"comment {number}") for number in range(PAGE * 3)]
    channel.pull()
    site.edits(ids[5], "quite another thing")
    site.deletes(ids[40])
    came = [id for _ in range(4) for id in channel.pull()]
    assert came == [ids[5]]
    assert channel.deleted == {ids[40]: DeletedBy.MODERATION}


def test_a_deletion_between_two_pages_of_the_first_pull_hides_nothing(channel: Channel, site: FakeWordPress) -> None:
    ids = [site.says(f"comment {number}") for number in range(PAGE * 2 + 50)]
    page = channel.connector.pull(None)
    assert page.more
    channel.cursor = page.cursor
    for id in ids[-3:]:
        site.deletes(id)
    channel.messages = {message.remote_id: message for message in page.messages}
    channel.pull()
    assert set(ids) <= set(channel.messages)


def test_comments_that_come_while_history_is_read_are_not_history(channel: Channel, site: FakeWordPress) -> None:
    for number in range(PAGE + 50):
        site.says(f"comment {number}")
    first = channel.connector.pull(None)
    new = site.says("just now")
    second = channel.connector.pull(first.cursor)
    third = channel.connector.pull(second.cursor)
    assert (first.history, second.history, third.history) == (True, True, False)
    assert [message.remote_id for message in third.messages] == [new]


def test_a_user_who_may_not_moderate_finds_what_is_approved_late(channel: Channel, site: FakeWordPress) -> None:
    site.capabilities = {"read": True}
    held = site.says("Waiting")
    site.moderates(held, "hold")
    later = site.says("Next")
    assert channel.pull() == [later]
    site.moderates(held, "approved")
    assert channel.pull() == [held]


def test_closing_the_comments_of_an_article_reaches_its_messages(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    site.closes(id)
    assert channel.pull() == [id]
    assert channel.messages[id].reply.why_not == "closed"


def test_a_broken_comment_goes_to_the_dead_letters_once(channel: Channel, site: FakeWordPress) -> None:
    site.garbles(site.says("broken"))
    first = channel.connector.pull(None)
    again = channel.connector.pull(first.cursor)
    assert (len(first.skipped), len(again.skipped)) == (1, 0)
    assert "someone@blog.example" not in first.skipped[0].raw


def test_a_page_of_html_where_comments_should_be_is_a_passing_trouble(channel: Channel, site: FakeWordPress) -> None:
    site.refuses("GET", 200)
    with pytest.raises(Unavailable):
        channel.pull()


def test_a_password_revoked_meanwhile_ends_the_pull(channel: Channel, site: FakeWordPress) -> None:
    channel.pull()
    site.password = "another"
    with pytest.raises(AuthExpired):
        channel.pull()


# --- sending ----------------------------------------------------------------------------------------------------------


def test_the_same_answer_sent_again_is_found_by_the_fake_sites_409(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    first = channel.answer(id, "Yes & no: 2x4 -- C:\\dir :)")
    with pytest.raises(AlreadySent) as again:
        channel.answer(id, "Yes & no: 2x4 -- C:\\dir :)")
    assert again.value.receipt.remote_id == first.remote_id
    assert len(site.arrivals()) == 1


def test_a_comment_known_from_its_feed_can_be_answered(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    known = replace(channel.target(id), remote_id=f"https://blog.example/?p=5#comment-{id}", root_id=None)
    plan = channel.connector.plan(Outgoing(text="Yes", target=known), "key")
    receipt = channel.connector.send(plan, 0, None)
    assert site.comments[int(receipt.remote_id)]["parent"] == int(id)


@pytest.mark.parametrize("status", ["spam", "trash"])
def test_what_was_thrown_away_meanwhile_is_not_answered(channel: Channel, site: FakeWordPress, status: str) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    site.moderates(id, status)
    with pytest.raises(NotFound):
        channel.answer(id, "Yes")
    assert not site.arrivals()


def test_a_page_of_html_as_the_answer_to_a_reply_is_ambiguous(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    site.refuses("POST", 200)
    with pytest.raises(Ambiguous):
        channel.answer(id, "Yes")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_breakdown_while_sending_is_ambiguous(channel: Channel, site: FakeWordPress, status: int) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    site.refuses("POST", status)
    with pytest.raises(Ambiguous):
        channel.answer(id, "Yes")


def test_a_firewall_that_takes_offence_is_no_success(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    site.refuses("POST", 403)
    with pytest.raises(Rejected) as refused:
        channel.answer(id, "DROP TABLE tea")
    assert refused.value.reason == "blocked"


def test_a_429_says_when_to_go_on(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    site.refuses("POST", 429, "too_many_requests", Retry_After="40")
    with pytest.raises(RateLimited) as slowed:
        channel.answer(id, "Yes")
    assert slowed.value.retry_at is not None
    assert (slowed.value.retry_at - FrozenClock()()).total_seconds() == 40


def test_an_answer_in_the_trash_is_not_taken_for_a_new_one(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    reply = channel.plan(id, "Yes")
    thrown_away = channel.answer(id, "Yes")
    site.moderates(thrown_away.remote_id, "trash")
    clock = FrozenClock()
    assert channel.connector.reconcile(reply, 0, clock.tick(3600)) is None


def test_without_the_right_to_moderate_a_look_cannot_tell_that_nothing_arrived(
    channel: Channel, site: FakeWordPress
) -> None:
    id = site.says("Is it hot?")
    channel.pull()
    site.capabilities = {"read": True}
    reply = channel.plan(id, "Yes")
    with pytest.raises(Ambiguous):
        channel.connector.reconcile(reply, 0, FrozenClock()())


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ("hold", "approve", "approved"),
        ("approved", "hold", "hold"),
        ("approved", "spam", "spam"),
        ("approved", "trash", "trash"),
        ("spam", "restore", "approved"),
        ("trash", "restore", "approved"),
        ("approved", "restore", "approved"),
    ],
)
def test_moderation_reaches_the_fake_site(
    channel: Channel, site: FakeWordPress, before: str, action: str, after: str
) -> None:
    id = site.says("Hello")
    channel.pull()
    site.moderates(id, before)
    channel.moderate(id, action)
    assert site.comments[int(id)]["status"] == after


def test_moderation_whose_answer_is_lost_is_looked_up(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Hello")
    channel.pull()
    site.fails(next_sends=["drop"])
    channel.moderate(id, "spam")
    assert site.comments[int(id)]["status"] == "spam"


def test_moderation_that_did_not_arrive_is_tried_later(channel: Channel, site: FakeWordPress) -> None:
    id = site.says("Hello")
    channel.pull()
    site.refuses("POST", 503)
    with pytest.raises(Unavailable):
        channel.moderate(id, "spam")


# --- wrong settings ---------------------------------------------------------------------------------------------------


def trouble(settings: WordPressSettings, folder: Path, *addresses: str) -> tuple[str | None, str]:
    with pytest.raises(Misconfigured) as wrong:
        Channel(settings, folder, *addresses).connector.check()
    return wrong.value.field, wrong.value.reason


def test_check_tells_the_account_the_title_and_the_limit(channel: Channel, site: FakeWordPress) -> None:
    found = channel.connector.check()
    assert (found.account.handle, found.title, found.limits) == ("maya", "Tea & Words", {"bytes": 65_525})
    assert found.account.id.endswith(f"/user/{ME}")
    assert "cannot_moderate" not in found.warnings


def test_check_warns_of_a_user_who_cannot_moderate(channel: Channel, site: FakeWordPress) -> None:
    site.capabilities = {"read": True}
    assert "cannot_moderate" in channel.connector.check().warnings


def test_a_site_that_switched_application_passwords_off_is_told_so(site: FakeWordPress, tmp_path: Path) -> None:
    site.index["authentication"] = []
    site.password = "another"
    assert trouble(settings_for(site.url), tmp_path, site.server.address) == ("password", "application_passwords_off")


@pytest.mark.parametrize(
    ("xmlrpc", "found"),
    [
        (
            "<value><struct><member><name>user_id</name></member></struct></value>",
            ("address", "authorization_stripped"),
        ),
        ("<fault><name>faultCode</name>\n <value><int>403</int></value></fault>", ("password", "wrong_password")),
        ("XML-RPC is off", ("password", "not_signed_in")),
    ],
)
def test_a_password_that_did_not_arrive_is_told_from_a_wrong_one(
    site: FakeWordPress, tmp_path: Path, xmlrpc: str, found: tuple[str, str]
) -> None:
    site.password = "another"
    site.server.on("POST", "/xmlrpc.php").answers(200, xmlrpc)
    assert trouble(settings_for(site.url), tmp_path, site.server.address) == found


@pytest.mark.parametrize(
    ("code", "field", "reason"),
    [
        ("incorrect_password", "password", "wrong_password"),
        ("invalid_username", "user", "unknown_user"),
        ("application_passwords_disabled", "password", "application_passwords_off"),
        ("application_passwords_disabled_for_user", "user", "application_passwords_off"),
    ],
)
def test_newer_servers_say_themselves_what_is_wrong(
    site: FakeWordPress, tmp_path: Path, code: str, field: str, reason: str
) -> None:
    site.server.on("GET", "/wp-json/wp/v2/users/me").answers(401, json={"code": code, "message": "No."})
    assert trouble(settings_for(site.url), tmp_path, site.server.address) == (field, reason)


@pytest.fixture
def other() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def other_trouble(server: FakeServer, folder: Path) -> tuple[str | None, str]:
    return trouble(settings_for(server.url), folder, server.address)


def test_a_server_of_another_kind_is_told_at_the_address(other: FakeServer, tmp_path: Path) -> None:
    other.on("*", "/*").answers(200, "<html>Something else</html>")
    assert other_trouble(other, tmp_path) == ("address", "not_wordpress")


def test_a_blog_without_its_api_is_told_apart_from_no_blog(other: FakeServer, tmp_path: Path) -> None:
    other.on("GET", "/").answers(200, "<html><link href='https://x.example/wp-content/style.css'></html>")
    assert other_trouble(other, tmp_path) == ("address", "rest_off")


def test_a_page_where_the_api_should_be_is_told(other: FakeServer, tmp_path: Path) -> None:
    link = f'<{other.url}/api/>; rel="https://api.w.org/"'
    other.on("GET", "/").answers(200, "<html></html>", headers={"Link": link})
    other.on("GET", "/api/").answers(200, "<html>maintenance</html>")
    assert other_trouble(other, tmp_path) == ("address", "not_json")


def test_a_home_page_that_names_an_api_on_another_host_never_gets_our_password_there(
    other: FakeServer, tmp_path: Path
) -> None:
    with FakeServer() as elsewhere:
        link = f'<{elsewhere.url}/wp-json/>; rel="https://api.w.org/"'
        other.on("GET", "/").answers(200, "<html></html>", headers={"Link": link})
        other.on("*", "/*").answers(404, "<html></html>")
        with pytest.raises(ConnectorError):
            Channel(settings_for(other.url), tmp_path, other.address, elsewhere.address).connector.check()
        assert elsewhere.arrivals == []


def test_a_site_behind_a_login_of_its_own_is_told(other: FakeServer, tmp_path: Path) -> None:
    other.on("*", "/*").answers(401, "<html>Who are you?</html>", headers={"WWW-Authenticate": "Basic"})
    assert other_trouble(other, tmp_path) == ("address", "site_behind_login")


def test_an_address_inside_is_refused_at_the_address(tmp_path: Path) -> None:
    assert trouble(settings_for("http://127.0.0.1:9/"), tmp_path)[0] == "address"


def test_a_server_that_is_down_is_no_wrong_setting(other: FakeServer, tmp_path: Path) -> None:
    other.on("*", "/*").answers(503, "<html>Back soon</html>")
    with pytest.raises(Unavailable):
        Channel(settings_for(other.url), tmp_path, other.address).connector.check()


def test_an_api_without_pretty_addresses_is_found(other: FakeServer, tmp_path: Path) -> None:
    index = {"name": "Plain", "namespaces": ["wp/v2"]}

    def answer(arrival: Arrival) -> Answer:
        told = {"/": index, "/wp/v2/users/me": {"id": 1, "slug": "maya"}}.get(arrival.params.get("rest_route", ""))
        body = b"<html></html>" if told is None else json.dumps(told).encode()
        return Answer(status=200, body=body)

    other.on("*", "/").runs(answer)
    found = Channel(settings_for(other.url), tmp_path, other.address).connector.check()
    assert (found.title, found.account.handle) == ("Plain", "maya")
