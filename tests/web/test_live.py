"""The live stream, on real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import DatabaseUnusable
from hub.kernel import log as event_log
from hub.kernel.config import read_config
from hub.kernel.database import Database, open_database
from hub.kernel.migrate import migrate
from hub.people.model import Role
from hub.testing.clock import START
from hub.web import live, protocol, server
from hub.web.stream import BUFFER_BYTES
from tests.web.pages import LiveServer, Page


@pytest.fixture
def database(engine_url: str, tmp_path: Path) -> Iterator[Database]:
    opened = open_database(read_config({"HUB_DATABASE_URL": engine_url}, data=tmp_path))
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def hub(database: Database) -> Iterator[LiveServer]:
    with LiveServer(database).running() as running:
        running.sign_in("ann", role=Role.ADMIN)
        yield running


def test_a_page_is_told_what_happens_by_ids_only(hub: LiveServer) -> None:
    page = hub.open().settle()
    hub.happen(17)
    told = page.told()
    assert told.name == "message"
    assert told.data == {
        "kind": "reply_settled",
        "conversation_id": 17,
        "channel_id": 1,
        "outbox_id": 170,
        "state": "sent",
    }


def test_a_stream_says_at_once_what_it_is_and_that_nobody_may_keep_it(hub: LiveServer) -> None:
    page = hub.open()
    assert page.status == 200
    assert page.headers["content-type"] == "text/event-stream"
    assert page.headers["x-accel-buffering"] == "no"
    assert page.headers["cache-control"] == "no-store"


def test_a_page_that_comes_back_is_told_what_it_missed_and_then_what_is_new(hub: LiveServer) -> None:
    page = hub.open().settle()
    hub.happen(1)
    seen = page.told().id
    page.close()
    hub.happen(2)
    hub.happen(3)
    again = hub.open(last_event_id=seen)
    hub.happen(4)
    assert again.conversations(3) == [2, 3, 4]


def test_a_new_page_may_name_the_position_it_was_made_at(hub: LiveServer) -> None:
    hub.happen(1)
    with hub.database.reading() as session:
        made_at = event_log.newest(session)
    hub.happen(2)
    assert hub.open(path=f"/live?after={made_at}").conversations(1) == [2]


def test_the_last_event_id_counts_more_than_the_address(hub: LiveServer) -> None:
    hub.happen(1)
    with hub.database.reading() as session:
        later = event_log.newest(session)
    hub.happen(2)
    assert hub.open(path="/live?after=0.0", last_event_id=later).conversations(1) == [2]


def test_a_page_of_an_empty_log_is_told_the_first_event(hub: LiveServer) -> None:
    hub.happen(1)
    assert hub.open(path="/live?after=0.0").conversations(1) == [1]


def test_no_event_is_lost_or_told_twice_over_many_reconnects(hub: LiveServer) -> None:
    last, seen = "0.0", []
    for first in range(0, 200, 10):
        page = hub.open(last_event_id=last)
        hub.happen(*range(first, first + 5))
        hub.happen(*range(first + 5, first + 10))
        # Some pages leave in the middle of what they are told.
        seen += page.conversations(7 if first % 20 else 10)
        last = page.last_event_id
        page.close()
    assert seen == list(range(len(seen)))
    assert len(seen) >= 130


def test_what_follows_the_first_event_within_a_moment_comes_in_one_bundle(
    hub: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BUNDLE_SECONDS", 2.0)
    bundles: list[str] = []
    deliver = hub.live._deliver
    monkeypatch.setattr(
        hub.live, "_deliver", lambda chunks, position: (bundles.append(position), deliver(chunks, position))
    )
    page = hub.open().settle()
    hub.happen(0)
    assert page.conversations(1) == [0]
    for conversation in range(1, 6):
        hub.happen(conversation)
        hub.open().settle()  # the reader is awake, and looks no sooner for that
    assert page.conversations(5) == [1, 2, 3, 4, 5]
    assert len(bundles) == 2


def test_a_page_that_joins_between_two_looks_is_told_everything_once(
    hub: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks_away = threading.Event()
    poll = hub.live._poll
    monkeypatch.setattr(hub.live, "_poll", lambda: 0 if looks_away.is_set() else poll())
    first = hub.open().settle()
    hub.happen(1)
    assert first.conversations(1) == [1]
    looks_away.set()
    hub.open().settle()  # answered by the reader, which has ended the look it was at
    hub.happen(2)
    joining = hub.open(last_event_id="0.0")
    assert joining.status == 200
    hub.open().settle()  # who joined before is answered too
    hub.happen(3)
    looks_away.clear()
    assert joining.conversations(3) == [1, 2, 3]


def test_an_agent_is_told_only_of_what_they_may_see(hub: LiveServer) -> None:
    hub.sign_in("eva", teams=frozenset({2}))
    after = "0.0"
    hub.happen(1, channel=1)
    hub.happen(2, channel=2)
    page = hub.open("eva", last_event_id=after)
    assert page.conversations(1) == [2]
    hub.happen(3, channel=1)
    hub.happen(4, channel=2)
    assert page.conversations(1) == [4]


def test_five_hundred_pages_are_told_the_same(hub: LiveServer) -> None:
    for each in range(20):
        hub.sign_in(f"agent{each}", teams=frozenset({1}))
    pages = [hub.open(f"agent{each % 20}").settle() for each in range(500)]
    hub.happen(1, 2, 3)
    assert all(page.conversations(3) == [1, 2, 3] for page in pages)


def test_a_page_that_missed_too_much_is_told_to_refresh(hub: LiveServer) -> None:
    hub.happen(*range(live.MOST_TOLD + 1))
    page = hub.open(last_event_id="0.0")
    assert page.told().name == "reset"
    hub.happen(7)
    assert page.conversations(1) == [7]


def test_too_much_at_once_is_one_refresh_and_the_stream_goes_on(hub: LiveServer) -> None:
    page = hub.open().settle()
    hub.happen(*range(live.MOST_TOLD + 1))
    assert page.told().name == "reset"
    hub.happen(7)
    assert page.conversations(1) == [7]


def test_a_position_that_the_log_forgot_is_told_to_refresh(hub: LiveServer) -> None:
    hub.happen(1)
    page = hub.open(path="/live?after=0.0")
    old = page.told().id
    hub.happen(2)
    page.told()
    with hub.database.transaction() as session:
        event_log.forget(session, before=START.replace(year=2100))
    hub.happen(3)
    page.told()
    assert hub.open(last_event_id=old).told().name == "reset"


@pytest.mark.parametrize("position", ["99999999.99999999", "nonsense", "-1.0", "0.1; DROP", "9" * 400])
def test_a_position_of_another_log_is_told_to_refresh(hub: LiveServer, position: str) -> None:
    hub.happen(1)
    assert hub.open(last_event_id=position).told().name == "reset"


def test_nobody_is_told_without_a_session(hub: LiveServer) -> None:
    assert hub.open("stranger").status == 401


def test_no_other_site_may_listen(hub: LiveServer) -> None:
    assert hub.open(origin="https://evil.example").status == 403


def test_a_stream_is_only_read(hub: LiveServer) -> None:
    assert hub.open(method="POST", content_length="0").status == 405


def test_a_session_that_ends_ends_its_stream(hub: LiveServer) -> None:
    hub.sign_in("eva", teams=frozenset({1}))
    leaving, staying = hub.open("eva").settle(), hub.open("ann").settle()
    hub.sign_out("eva")
    assert leaving.is_over()
    hub.happen(1)
    assert staying.conversations(1) == [1]


def test_an_agent_whose_rights_change_has_to_come_back(hub: LiveServer) -> None:
    hub.sign_in("eva", teams=frozenset({1}))
    page = hub.open("eva").settle()
    hub.sign_in("eva", teams=frozenset({2}))
    assert page.is_over()


def test_one_agent_cannot_take_all_streams(hub: LiveServer) -> None:
    hub.sign_in("eva", teams=frozenset({1}))
    for _ in range(live.STREAMS_EACH_AGENT):
        hub.open("eva").settle()
    with pytest.raises(EOFError):
        hub.open("eva").settle()
    hub.open("ann").settle()


def test_a_page_that_finds_no_room_is_told_to_ask_again(hub: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STREAMS_EACH_AGENT", 0)
    page = hub.open()
    # A status of its own would make an EventSource give up for good.
    assert (page.status, page.headers["content-type"]) == (200, "text/event-stream")
    assert page.is_over()
    assert b"retry: 30000" in page._buffer


def test_a_page_that_asks_while_the_database_is_away_asks_again(
    hub: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(headers: object) -> None:
        raise DatabaseUnusable("locked")

    monkeypatch.setattr(hub.live, "_authenticate", away)
    page = hub.open()
    assert page.is_over()
    assert b"retry: 5000" in page._buffer


def test_a_page_that_left_makes_room(hub: LiveServer) -> None:
    hub.sign_in("eva", teams=frozenset({1}))
    for _ in range(3 * live.STREAMS_EACH_AGENT):
        page = hub.open("eva").settle()
        page.socket.shutdown(socket.SHUT_WR)
        assert page.is_over()


def test_a_page_that_does_not_read_is_dropped_and_nobody_else(hub: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.hold_little()
    idle, reading = hub.open().settle(), hub.open().settle()
    monkeypatch.setattr(live, "told", lambda logged: b"data: {}\n: " + b"x" * (BUFFER_BYTES // 2) + b"\n\n")
    for _ in range(200):
        hub.happen(1)
        reading.told()
        if hub.live._open.total() == 1:
            break
    assert hub.live._open.total() == 1
    with pytest.raises((EOFError, ConnectionError)):
        while True:
            idle.told()


def test_an_event_that_cannot_be_told_does_not_stop_those_after_it(
    hub: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = hub.open().settle()
    monkeypatch.setitem(event_log.KINDS, "reply_settled", int)
    hub.happen(1)
    assert page.told().name == "reset"
    monkeypatch.undo()
    hub.happen(2)
    assert page.conversations(1) == [2]


def test_a_database_that_is_away_for_a_moment_costs_no_event(hub: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = hub.open().settle()
    failed: list[str] = []

    def away(*args: object, **more: object) -> None:
        failed.append("")
        if len(failed) == 3:
            monkeypatch.undo()
        raise DatabaseUnusable("locked")

    monkeypatch.setattr(event_log, "read", away)
    hub.happen(1)
    assert page.conversations(1) == [1]
    assert len(failed) == 3


def test_stopping_ends_open_streams_cleanly_and_the_server(hub: LiveServer) -> None:
    pages = [hub.open().settle() for _ in range(40)]
    hub.stop()
    assert hub.is_stopped
    assert all(page.is_over() for page in pages)


def test_pages_and_streams_share_a_port(hub: LiveServer) -> None:
    stream = hub.open().settle()
    assert hub.open(path="/").status == 200
    hub.happen(1)
    assert stream.conversations(1) == [1]


def test_a_body_reaches_the_page_whole(hub: LiveServer) -> None:
    page = hub.connect()
    page.socket.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\nconnection: close\r\n\r\nwor")
    page.socket.sendall(b"ld!")
    assert page.read_head().status == 200
    assert page.is_over()
    assert page._buffer == b"helloworld!"


def test_slow_senders_take_no_page_thread_from_others(hub: LiveServer) -> None:
    for _ in range(3 * server.PAGE_THREADS):
        hub.connect().socket.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nslow")
    assert hub.open(path="/").status == 200


def test_a_body_without_end_is_refused(hub: LiveServer) -> None:
    page = hub.connect()
    page.socket.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 999999999\r\n\r\n")
    _send_until_refused(page, b"x" * 65536, most=server.MOST_BODY_BYTES * 4)
    assert page.read_head().status == 413


@pytest.mark.parametrize("path", ["/uploads", "/conversations/12/replies", "/conversations/12/draft", "/api/v1/media"])
def test_where_pictures_are_taken_a_larger_body_arrives_whole(hub: LiveServer, path: str) -> None:
    page = hub.connect()
    size = server.MOST_BODY_BYTES + 1
    page.socket.sendall(f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n".encode() + b"x" * size)
    answer = page.read_head()
    assert (answer.status, answer.headers["content-length"]) == (200, str(size + 5))


def test_what_announces_more_than_pictures_may_have_is_answered_before_it_is_sent(hub: LiveServer) -> None:
    page = hub.connect()
    page.socket.sendall(b"POST /uploads HTTP/1.1\r\nhost: a\r\ncontent-length: 60000000\r\n\r\n")
    # The pages say in words that it is too much; this test's page says hello to a body that was never read.
    answer = page.read_head()
    assert (answer.status, answer.headers["content-length"]) == (200, "5")


def test_a_body_without_a_length_is_refused_where_pictures_are_taken_too(hub: LiveServer) -> None:
    page = hub.connect()
    page.socket.sendall(b"POST /uploads HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
    _send_until_refused(page, b"10000\r\n" + b"x" * 65536 + b"\r\n", most=server.MOST_BODY_BYTES * 4)
    assert page.read_head().status == 413


def test_a_head_without_end_is_refused(hub: LiveServer) -> None:
    page = hub.connect()
    page.socket.sendall(b"GET / HTTP/1.1\r\n")
    _send_until_refused(page, b"x-more: " + b"x" * 1000 + b"\r\n", most=protocol.MOST_HEAD_BYTES * 4)
    assert page.read_head().status == 400


def test_a_head_that_never_comes_gives_the_connection_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 0.2)
    with LiveServer(database).running() as running:
        silent, slow = running.connect(), running.connect()
        slow.socket.sendall(b"GET / HTTP/1.1\r\nhost")
        assert silent.is_over()
        assert slow.is_over()


def test_a_refusal_says_no_more_than_a_code(hub: LiveServer) -> None:
    page = hub.open("stranger")
    length = int(page.headers["content-length"])
    while len(page._buffer) < length:
        page._buffer += page.socket.recv(1000)
    assert json.loads(page._buffer) == {"error": "signed_out"}


def _send_until_refused(page: Page, chunk: bytes, *, most: int) -> None:
    for _ in range(most // len(chunk)):
        try:
            page.socket.sendall(chunk)
        except ConnectionError:
            return
