"""The feed connector on the wire: what it asks, what it remembers, what each answer means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.errors import ConnectorError, Gone, Misconfigured, RateLimited, Unavailable
from hub.testing.clock import FrozenClock
from hub.testing.script import Answer, Arrival
from hub.testing.server import FakeServer
from tests.plugins import feed_samples
from tests.plugins.feed_blog import COMMENTS, Blog, Reader
from tests.plugins.feed_samples import item, rss


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def blog(server: FakeServer, frozen_clock: FrozenClock) -> Blog:
    return Blog(server, frozen_clock)


@pytest.fixture
def reader(server: FakeServer, frozen_clock: FrozenClock, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(server, frozen_clock, tmp_path)
    yield reader
    reader.close()


# Nothing new.


def test_an_unchanged_feed_is_asked_for_conditionally_and_never_parsed(
    server: FakeServer, blog: Blog, reader: Reader
) -> None:
    blog.comments("Hello")
    connector = reader.of(blog.url)
    first = connector.pull(None)
    again = connector.pull(connector.pull(first.cursor).cursor)
    assert not again.messages
    assert reader.parse.calls == 1
    validators = [arrival.headers.get("If-None-Match") for arrival in server.arrivals]
    assert validators[0] is None
    assert validators[1:] == [json.loads(first.cursor)["etag"]] * 2


def test_the_same_bytes_again_are_never_parsed(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/feed").answers(body=rss(item("urn:1")))
    connector = reader.of(server.url + "/feed")
    connector.pull(connector.pull(connector.pull(None).cursor).cursor)
    assert reader.parse.calls == 1


def test_validators_go_back_as_they_came(server: FakeServer, reader: Reader) -> None:
    odd = {"ETag": 'W/"a b-gzip"', "Last-Modified": "Sunday, 01-Mar-26 10:00:00 GMT"}
    server.on("GET", "/feed").answers(body=rss(item("urn:1")), headers=odd)
    connector = reader.of(server.url + "/feed")
    connector.pull(connector.pull(None).cursor)
    asked = server.arrivals[-1].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == (odd["ETag"], odd["Last-Modified"])


def test_not_modified_of_another_address_is_not_believed(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/feed").redirects("/one").redirects("/two")
    server.on("GET", "/one").answers(body=rss(item("urn:1")), headers={"ETag": '"same"'})
    server.on("GET", "/two").answers(304).answers(body=rss(item("urn:2")))
    connector = reader.of(server.url + "/feed")
    page = connector.pull(connector.pull(None).cursor)
    assert [message.remote_id for message in page.messages] == ["urn:2"]


def test_not_modified_is_no_answer_to_a_first_question(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/feed").answers(304)
    with pytest.raises(Unavailable):
        reader.of(server.url + "/feed").pull(None)


# Something new.


def test_only_what_is_new_or_changed_is_told(blog: Blog, reader: Reader) -> None:
    one, two = blog.comments("one"), blog.comments("two")
    connector = reader.of(blog.url)
    cursor = connector.pull(None).cursor
    three = blog.comments("three")
    blog.changes(one, html="one, corrected")
    told = {message.remote_id: message.text for message in connector.pull(cursor).messages}
    assert told == {one: "one, corrected", three: "three"}
    assert two not in told


def test_what_slides_out_of_the_feed_is_neither_deleted_nor_told_again(blog: Blog, reader: Reader) -> None:
    one, two = blog.comments("one"), blog.comments("two")
    connector = reader.of(blog.url)
    cursor = connector.pull(None).cursor
    kept = list(blog.written)
    blog.forgets(one)
    without = connector.pull(cursor)
    blog.written = kept
    assert not without.deleted
    assert not without.messages
    assert not connector.pull(without.cursor).messages
    assert two


def test_an_article_renamed_is_no_news_about_its_comments(server: FakeServer, reader: Reader) -> None:
    feed = feed_samples.WORDPRESS_RSS
    server.on("GET", "/c").answers(body=feed).answers(body=feed.replace("Hard &#038; soft", "All about"))
    connector = reader.of(server.url + "/c")
    assert not connector.pull(connector.pull(None).cursor).messages
    assert reader.parse.calls == 2


def test_the_parent_is_known_even_when_it_is_told_no_more(server: FakeServer, reader: Reader) -> None:
    def atom(*entries: str) -> str:
        return f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0">{"".join(entries)}</feed>'

    def entry(name: str, parent: str) -> str:
        return f'<entry><id>urn:{name}</id><content>{name}</content><thr:in-reply-to ref="urn:{parent}"/></entry>'

    server.on("GET", "/c").answers(body=atom(entry("one", "article"))).answers(body=atom(entry("two", "one")))
    connector = reader.of(server.url + "/c")
    first = connector.pull(None)
    second = connector.pull(first.cursor)
    assert [(m.parent_id, m.root_id) for m in first.messages] == [(None, "urn:article")]
    assert [m.parent_id for m in second.messages] == ["urn:one"]


def test_an_item_nobody_can_read_is_told_once(blog: Blog, reader: Reader) -> None:
    blog.changes(blog.comments("broken"), odd="<entry><published>yesterday</published></entry>")
    connector = reader.of(blog.url)
    first = connector.pull(None)
    blog.comments("whole")
    second = connector.pull(first.cursor)
    assert (len(first.skipped), len(second.skipped), len(second.messages)) == (1, 0, 1)


# A naming that changes.


def entries(naming: str, words: str = "words", *, until: int = 11) -> str:
    return rss(
        *(item(f"{naming}{n}", text=f"{words} {n}", date=f"{n:02} Feb 2026 10:00:00 GMT") for n in range(1, until))
    )


def test_entries_under_new_names_are_not_told_again(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/feed").answers(body=entries("urn:a")).answers(body=entries("urn:b", until=12))
    connector = reader.of(server.url + "/feed")
    page = connector.pull(connector.pull(None).cursor)
    assert [message.remote_id for message in page.messages] == ["urn:b11"]
    assert not page.history


def test_a_feed_whose_naming_changed_raises_no_alarm_but_for_what_is_young(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/feed").answers(body=entries("urn:a")).answers(body=entries("urn:b", "other words", until=12))
    connector = reader.of(server.url + "/feed")
    old = connector.pull(connector.pull(None).cursor)
    young = connector.pull(old.cursor)
    assert (len(old.messages), old.history, old.more) == (10, True, True)
    assert ([message.remote_id for message in young.messages], young.history, young.more) == (["urn:b11"], False, False)


def test_a_busy_day_is_no_change_of_naming(blog: Blog, frozen_clock: FrozenClock, reader: Reader) -> None:
    old = [blog.comments(f"old {number}") for number in range(10)]
    connector = reader.of(blog.url)
    cursor = connector.pull(None).cursor
    frozen_clock.tick(3600)
    for number in range(10):
        blog.comments(f"new {number}")
        blog.forgets(old[number])
    page = connector.pull(cursor)
    assert (len(page.messages), page.history) == (10, False)


def test_comments_approved_late_are_no_change_of_naming(blog: Blog, frozen_clock: FrozenClock, reader: Reader) -> None:
    old = [blog.comments(f"old {number}") for number in range(10)]
    connector = reader.of(blog.url)
    cursor = connector.pull(None).cursor
    for number in range(8):
        blog.comments(f"held {number}", at=frozen_clock() - timedelta(hours=1))
        blog.forgets(old[number])
    page = connector.pull(cursor)
    assert (len(page.messages), page.history) == (8, False)


def test_a_short_feed_has_no_naming_to_change(blog: Blog, frozen_clock: FrozenClock, reader: Reader) -> None:
    only = blog.comments("the only one")
    connector = reader.of(blog.url)
    cursor = connector.pull(None).cursor
    blog.comments("approved late", at=frozen_clock() - timedelta(hours=1))
    blog.forgets(only)
    page = connector.pull(cursor)
    assert (len(page.messages), page.history) == (1, False)


def test_the_same_words_at_the_same_time_are_two_comments(blog: Blog, reader: Reader) -> None:
    blog.comments("Thanks!")
    connector = reader.of(blog.url)
    cursor = connector.pull(None).cursor
    again = blog.comments("Thanks!")
    assert [message.remote_id for message in connector.pull(cursor).messages] == [again]


def test_a_redirect_renames_no_entry(server: FakeServer, reader: Reader) -> None:
    for path in ("/one/feed", "/two/feed"):
        server.on("GET", path).answers(body=rss(item("7", text=path)))
    server.on("GET", "/feed").redirects("/one/feed").redirects("/two/feed")
    connector = reader.of(server.url + "/feed")
    first = connector.pull(None)
    second = connector.pull(first.cursor)
    assert [m.remote_id for m in first.messages] == [m.remote_id for m in second.messages]


def test_another_address_starts_with_history(server: FakeServer, reader: Reader) -> None:
    for path in ("/one", "/two"):
        server.on("GET", path).answers(body=rss(item(f"urn:{path}")))
    cursor = reader.of(server.url + "/one").pull(None).cursor
    page = reader.of(server.url + "/two").pull(cursor)
    assert (len(page.messages), page.history) == (1, True)


def test_the_cursor_of_the_largest_feed_fits(server: FakeServer, reader: Reader) -> None:
    headers = {"ETag": '"' + "\\" * 25_000 + '"', "Last-Modified": "x" * 25_000}
    script = server.on("GET", "/feed")
    for naming in "abcdef":
        body = rss(*(item(f"urn:{naming}{n}", text=f"{naming} {n}") for n in range(600)))
        script.answers(body=body, headers=headers)
    connector, cursor = reader.of(server.url + "/feed?" + "q" * 1_900), None
    for _ in "abcdef":
        page = connector.pull(cursor)
        cursor = page.cursor
        assert len(page.messages) == 500
        assert len(cursor.encode()) <= 65_536


# Moved.


def test_a_permanent_redirect_is_remembered_when_it_was_seen_three_times(
    server: FakeServer, blog: Blog, reader: Reader
) -> None:
    server.on("GET", "/old").redirects(COMMENTS, 301)
    connector, cursor = reader.of(server.url + "/old"), None
    for _ in range(5):
        cursor = connector.pull(cursor).cursor
    assert len(server.received("GET", "/old")) == 3
    assert len(server.received("GET", COMMENTS)) == 5


def test_a_permanent_redirect_that_comes_and_goes_is_not_remembered(
    server: FakeServer, blog: Blog, reader: Reader
) -> None:
    there = server.on("GET", "/old").redirects(COMMENTS, 308).redirects(COMMENTS, 308)
    there.answers(body=rss(item("urn:1"))).redirects(COMMENTS, 308)
    connector, cursor = reader.of(server.url + "/old"), None
    for _ in range(5):
        cursor = connector.pull(cursor).cursor
    assert len(server.received("GET", "/old")) == 5


def test_a_permanent_redirect_that_cannot_decide_is_not_remembered(server: FakeServer, reader: Reader) -> None:
    there = server.on("GET", "/old")
    for path in ("/a", "/b") * 3:
        there.redirects(path, 301)
        server.on("GET", path).answers(body=rss(item("urn:1")))
    connector, cursor = reader.of(server.url + "/old"), None
    for _ in range(6):
        cursor = connector.pull(cursor).cursor
    assert len(server.received("GET", "/old")) == 6


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_redirect_for_now_is_never_remembered(server: FakeServer, blog: Blog, reader: Reader, status: int) -> None:
    server.on("GET", "/old").redirects(COMMENTS, status)
    connector, cursor = reader.of(server.url + "/old"), None
    for _ in range(5):
        cursor = connector.pull(cursor).cursor
    assert len(server.received("GET", "/old")) == 5


def test_a_permanent_redirect_to_another_host_is_followed_but_not_remembered(
    server: FakeServer, blog: Blog, frozen_clock: FrozenClock, tmp_path: Path
) -> None:
    with FakeServer("127.0.0.2") as other:
        other.on("GET", "/old").redirects(blog.url, 301)
        reader = Reader(server, frozen_clock, tmp_path, also=other.address)
        connector, cursor = reader.of(other.url + "/old"), None
        for _ in range(5):
            cursor = connector.pull(cursor).cursor
        reader.close()
        assert len(other.received("GET", "/old")) == 5


def test_a_remembered_address_that_is_gone_is_forgotten(server: FakeServer, reader: Reader) -> None:
    feed = rss(item("urn:1"))
    server.on("GET", "/old").redirects("/new", 301).redirects("/new", 301).redirects("/new", 301).answers(body=feed)
    server.on("GET", "/new").answers(body=feed).answers(body=feed).answers(body=feed).answers(410)
    connector, cursor = reader.of(server.url + "/old"), None
    for _ in range(5):
        cursor = connector.pull(cursor).cursor
    assert [len(server.received("GET", path)) for path in ("/old", "/new")] == [5, 4]


# Answers that are no feed.


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (401, Unavailable, "sign_in_needed"),
        (403, Unavailable, "sign_in_needed"),
        (404, Unavailable, "feed_not_found"),
        (410, Gone, "feed_gone"),
        (418, Unavailable, "unexpected_answer"),
        (429, RateLimited, "too_many_requests"),
        (500, Unavailable, "server_error"),
        (503, Unavailable, "server_error"),
    ],
)
def test_each_status_is_an_instruction(
    server: FakeServer, reader: Reader, status: int, error: type[ConnectorError], reason: str
) -> None:
    server.on("GET", "/feed").answers(status)
    with pytest.raises(error) as failed:
        reader.of(server.url + "/feed").pull(None)
    assert failed.value.reason == reason


@pytest.mark.parametrize("status", [401, 404, 410, 418])
def test_a_check_says_at_the_address_what_is_wrong_with_it(server: FakeServer, reader: Reader, status: int) -> None:
    server.on("GET", "/feed").answers(status)
    with pytest.raises(Misconfigured) as failed:
        reader.of(server.url + "/feed").check()
    assert failed.value.field == "address"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["120", "Mon, 02 Mar 2026 09:02:00 GMT"])
def test_the_server_says_when_to_come_back(
    server: FakeServer, reader: Reader, frozen_clock: FrozenClock, status: int, value: str
) -> None:
    server.on("GET", "/feed").answers(status, headers={"Retry-After": value})
    with pytest.raises((RateLimited, Unavailable)) as failed:
        reader.of(server.url + "/feed").pull(None)
    assert failed.value.retry_at == frozen_clock() + timedelta(seconds=120)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/feed", "ftp://a.example/feed", "http://user@a.example/"])
def test_an_address_that_is_refused_is_shown_at_its_field(reader: Reader, address: str) -> None:
    with pytest.raises(Misconfigured) as failed:
        reader.of(address).check()
    assert failed.value.field == "address"


# When to come again.


@pytest.mark.parametrize(
    ("channel", "cache_control", "seconds"),
    [
        ("", "", 60),
        ("<ttl>30</ttl>", "", 1800),
        ('<p xmlns="http://purl.org/rss/1.0/modules/syndication/"/>', "max-age=600, public", 600),
        ("<ttl>5</ttl>", "max-age=600", 600),
        ("<ttl>30</ttl>", "max-age=600", 1800),
        ("", "no-cache, max-age=600", 60),
        ("", "max-age=31536000", 86_400),
        ("<ttl>soon</ttl>", "max-age=x", 60),
    ],
)
def test_a_feed_says_how_long_to_leave_it_alone(
    server: FakeServer, reader: Reader, channel: str, cache_control: str, seconds: float
) -> None:
    body = rss(item("urn:1"), channel=channel)
    server.on("GET", "/feed").answers(body=body, headers={"Cache-Control": cache_control})
    connector = reader.of(server.url + "/feed")
    first = connector.pull(None)
    assert first.pull_after == connector.pull(first.cursor).pull_after == seconds


def test_the_syndication_module_says_how_often(server: FakeServer, reader: Reader) -> None:
    body = feed_samples.WORDPRESS_RSS.replace(">1</sy:", ">4</sy:").replace(">hourly<", ">daily<")
    server.on("GET", "/feed").answers(body=body)
    assert reader.of(server.url + "/feed").pull(None).pull_after == 21_600


def test_wordpress_saying_hourly_of_every_feed_makes_no_comment_an_hour_late(
    server: FakeServer, reader: Reader
) -> None:
    server.on("GET", "/feed").answers(body=feed_samples.WORDPRESS_RSS)
    assert reader.of(server.url + "/feed").pull(None).pull_after == 60


# Connecting.


def test_a_check_tells_the_feeds_name(blog: Blog, reader: Reader) -> None:
    blog.comments("Hello")
    found = reader.of(blog.url).check()
    assert (found.title, found.can_send, found.warnings) == ("Comments for Garden", False, ())


def test_a_check_warns_of_a_feed_that_tells_less_than_it_could(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/comments/feed/").answers(body=feed_samples.WORDPRESS_RSS)
    server.on("GET", "/feed/").answers(body=rss(item("urn:1")))
    assert reader.of(server.url + "/comments/feed/").check().warnings == ("atom_tells_parents",)
    assert reader.of(server.url + "/feed/").check().warnings == ("no_comments",)


def test_an_empty_feed_is_connected_without_a_warning(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/article/feed/atom/").answers(body=rss())
    assert reader.of(server.url + "/article/feed/atom/").check().warnings == ()


def test_a_page_instead_of_a_feed_is_refused_with_the_feeds_it_offers(server: FakeServer, reader: Reader) -> None:
    server.on("GET", "/").answers(body=feed_samples.PAGE, headers={"Content-Type": "text/html"})
    with pytest.raises(Misconfigured) as failed:
        reader.of(server.url + "/").check()
    assert (failed.value.field, failed.value.reason) == ("address", "page_not_feed")
    assert failed.value.detail.startswith(f"{server.url}/comments/feed/atom/\n")


def test_a_login_page_with_status_200_is_a_failure_and_loses_nothing(
    server: FakeServer, reader: Reader, blog: Blog
) -> None:
    one = blog.comments("one")
    feed = blog.answer

    def signed_out(arrival: Arrival) -> Answer:
        return Answer(body=b"<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"})

    server.on("GET", "/feed").runs(feed).runs(signed_out).runs(feed)
    connector = reader.of(server.url + "/feed")
    first = connector.pull(None)
    with pytest.raises(Unavailable) as failed:
        connector.pull(first.cursor)
    assert failed.value.reason == "page_not_feed"
    two = blog.comments("two")
    assert {m.remote_id for m in connector.pull(first.cursor).messages} == {two} != {one}
