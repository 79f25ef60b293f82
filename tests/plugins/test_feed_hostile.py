"""Feeds made to cost, to hide or to lie: each ends soon, with a reason a person can be told."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_plugins.feed.document import MAX_ENTRIES, Feed, Unreadable
from hub_plugins.feed.parsing import parse

from hub.errors import Misconfigured, Unavailable
from hub.testing.clock import FrozenClock
from hub.testing.server import FakeServer
from tests.plugins.feed_blog import Reader

URL = "https://garden.example/feed"
HEAD = b'<rss version="2.0"><channel><title>t</title>'
TAIL = b"</channel></rss>"


def read(body: bytes, content_type: str = "application/xml") -> Feed:
    return parse(body, content_type, URL, 30.0)


def many_attributes() -> bytes:
    return HEAD + b"<item " + b" ".join(b'a%d="1"' % n for n in range(200_000)) + b"/>" + TAIL


def laughs() -> bytes:
    entities = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    return b'<!DOCTYPE r [<!ENTITY a0 "ha">' + entities + b"]>" + HEAD + b"<item><title>&a11;</title></item>" + TAIL


def quadratic() -> bytes:
    entity = b'<!DOCTYPE r [<!ENTITY a "' + b"h" * 100_000 + b'">]>'
    return entity + HEAD + b"<item><title>" + b"&a;" * 20_000 + b"</title></item>" + TAIL


def local_file() -> bytes:
    entity = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    return entity + HEAD + b"<item><guid>1</guid><title>&a;</title></item>" + TAIL


REFUSED: list[tuple[str, Callable[[], bytes]]] = [
    ("feed_empty", lambda: b""),
    ("feed_empty", lambda: b" \r\n\t"),
    ("page_not_feed", lambda: b"<!DOCTYPE html><title>Sign in</title>"),
    (
        "page_not_feed",
        lambda: b"\xef\xbb\xbf\n<?xml version='1.0'?><!-- x --><html xmlns='http://www.w3.org/1999/xhtml'/>",
    ),
    ("not_a_feed", lambda: b"<div>Sign in</div>"),
    ("not_a_feed", lambda: b"/etc/passwd"),
    ("not_a_feed", lambda: b"http://127.0.0.1/feed"),
    ("not_a_feed", lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
    ("not_a_feed", lambda: b"<!DOCTYPE " * 100_000),
    ("not_a_feed", lambda: b'{"error": "sign in"}'),
    ("not_a_feed", lambda: b'{"version": ' + b"[" * 1_000_000),
    ("not_a_feed", lambda: b'{"version": "https://jsonfeed.org/version/1.1", "items": 7}'),
    ("feed_too_large", lambda: HEAD + b" " * 5_000_000 + TAIL),
    ("too_many_entries", lambda: HEAD + b"<item/>" * 100_000 + TAIL),
]


@pytest.mark.parametrize(("reason", "body"), REFUSED)
def test_what_is_no_feed_or_costs_too_much_is_refused(reason: str, body: Callable[[], bytes]) -> None:
    with pytest.raises(Unreadable) as refused:
        read(body())
    assert refused.value.reason == reason


def test_a_feed_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(Unreadable) as refused:
        parse(many_attributes(), "", URL, 1.0)
    assert refused.value.reason == "feed_too_costly"


def test_a_parser_that_does_not_answer_is_not_waited_for() -> None:
    with pytest.raises(Unreadable) as refused:
        parse(HEAD + TAIL, "", URL, 0.001)
    assert refused.value.reason == "feed_too_costly"


def test_a_parser_that_nobody_waits_for_ends_by_itself() -> None:
    command = [sys.executable, "-I", "-m", "hub_plugins.feed.child", "", URL, "1"]
    ended = subprocess.run(command, input=many_attributes(), capture_output=True, timeout=300)
    assert ended.returncode == -signal.SIGKILL


def test_a_feed_gets_no_more_memory_than_it_may_have() -> None:
    greedy = "from hub_plugins.feed import child; child.limit(60); bytearray(child.ADDRESS_SPACE)"
    ended = subprocess.run([sys.executable, "-I", "-c", greedy], capture_output=True, timeout=300)
    assert b"MemoryError" in ended.stderr


BORNE = [
    laughs,
    quadratic,
    local_file,
    lambda: HEAD + b"<item>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"<guid>1</guid></item>" + TAIL,
    lambda: HEAD + b"<item><guid>1</guid><description>" + b"&lt;div&gt;" * 50_000 + b"</description></item>" + TAIL,
    lambda: HEAD + b"<item><guid>1</guid>" + b"<" * 1_000_000,
]


@pytest.mark.parametrize("body", BORNE)
def test_a_bomb_is_defused_and_opens_no_file(body: Callable[[], bytes]) -> None:
    try:
        feed = read(body())
    except Unreadable as refused:
        assert refused.reason in ("not_a_feed", "feed_too_costly")
    else:
        assert sum(len(entry.content) + len(entry.title) for entry in feed.entries) < 600_000
        assert "root:" not in str(feed)


def test_only_the_newest_entries_of_a_long_list_are_kept() -> None:
    listed = b"".join(
        b"<item><guid>urn:%d</guid><pubDate>%02d Feb 2026</pubDate></item>" % (n, n // 100 + 1) for n in range(2_000)
    )
    feed = read(HEAD + listed + TAIL)
    assert len(feed.entries) == MAX_ENTRIES
    assert {entry.id for entry in feed.entries} == {f"urn:{n}" for n in range(1_500, 2_000)}


def test_what_no_database_takes_is_left_out() -> None:
    feed = read(
        b'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "a\\u0000b", "content_text": "c\\u0000"}]}'
    )
    assert [(entry.id, entry.content) for entry in feed.entries] == [("ab", "c")]


def test_the_parser_never_sees_the_environment_of_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "feedparser.py").write_text("raise SystemExit('imported from elsewhere')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert read(HEAD + b"<item><guid>urn:1</guid></item>" + TAIL).entries


# Over the wire.


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def reader(server: FakeServer, frozen_clock: FrozenClock, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(server, frozen_clock, tmp_path)
    yield reader
    reader.close()


def endless(server: FakeServer) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n" + HEAD
    server.on("GET", "/feed").drips(head, b"<item><guid>1</guid></item>" * 5_000)


def packed(server: FakeServer) -> None:
    bomb = gzip.compress(HEAD + b" " * 50_000_000 + TAIL)
    server.on("GET", "/feed").answers(body=bomb, headers={"Content-Encoding": "gzip"})


def in_a_circle(server: FakeServer) -> None:
    server.on("GET", "/feed").redirects("/feed", 301)


def many(server: FakeServer) -> None:
    server.on("GET", "/feed").answers(body=HEAD + b"<item/>" * 100_000 + TAIL)


def nothing(server: FakeServer) -> None:
    server.on("GET", "/feed").answers(body=b"")


@pytest.mark.parametrize(
    ("sends", "reason"),
    [
        (endless, "too_large"),
        (packed, "too_large"),
        (in_a_circle, "redirects"),
        (many, "too_many_entries"),
        (nothing, "feed_empty"),
    ],
)
def test_a_hostile_feed_is_refused_at_its_address_and_later_waits(
    server: FakeServer, reader: Reader, sends: Callable[[FakeServer], None], reason: str
) -> None:
    sends(server)
    connector = reader.of(server.url + "/feed")
    with pytest.raises(Misconfigured) as refused:
        connector.check()
    with pytest.raises(Unavailable) as failed:
        connector.pull(None)
    assert (refused.value.field, refused.value.reason, failed.value.reason) == ("address", reason, reason)
