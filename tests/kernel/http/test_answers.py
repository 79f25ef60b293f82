from __future__ import annotations

import pytest

from hub.errors import Ambiguous, Unavailable
from hub.kernel.http import Door, Response
from hub.testing.server import FakeServer


@pytest.fixture
def door(server: FakeServer) -> Door:
    return Door(allow=[server.address], user_agent="Hubbub/test")


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 404, 410, 422, 429, 500, 503, 599])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_every_status_is_an_answer(status: int, method: str, door: Door, server: FakeServer) -> None:
    server.on(method, "/").answers(status)
    assert door.request(method, server.url + "/").status == status


def test_headers_are_found_in_any_case(door: Door, server: FakeServer) -> None:
    server.on("GET", "/").answers(200, headers={"ETag": '"1"'})
    assert door.request("GET", server.url + "/").headers["etag"] == '"1"'
    assert Response(status=200, headers={"etag": '"1"'}).headers["ETag"] == '"1"'


def test_params_join_the_query_that_is_there(door: Door, server: FakeServer) -> None:
    server.on("GET", "/").answers(200)
    door.request("GET", server.url + "/?a=1", params={"b": "x y&ü", "c": [2, 3]})
    assert server.arrivals[0].query == "a=1&b=x+y%26%C3%BC&c=2&c=3"
    door.request("GET", server.url + "/", params=[("types[]", "mention"), ("types[]", "status")])
    assert server.arrivals[1].query == "types%5B%5D=mention&types%5B%5D=status"


def test_json_is_sent_as_utf8(door: Door, server: FakeServer) -> None:
    server.on("POST", "/").answers(200)
    door.request("POST", server.url + "/", json={"text": "grüße 👋"})
    arrival = server.arrivals[0]
    assert arrival.body == '{"text":"grüße 👋"}'.encode()
    assert arrival.headers["Content-Type"] == "application/json"


def test_the_caller_does_not_decide_on_the_frame(door: Door, server: FakeServer) -> None:
    server.on("POST", "/").answers(200)
    frame = {"host": "evil.example", "content-length": "3", "Transfer-Encoding": "chunked", "Accept-Encoding": "br"}
    door.request("POST", server.url + "/", body=b"12345", headers=frame)
    arrival = server.arrivals[0]
    assert arrival.body == b"12345"
    assert arrival.headers["Host"] == server.address
    assert arrival.headers["Transfer-Encoding"] is None


def test_it_says_who_it_is_unless_told_otherwise(door: Door, server: FakeServer) -> None:
    server.on("GET", "/").answers(200)
    door.request("GET", server.url + "/")
    door.request("GET", server.url + "/", headers={"user-agent": "other"})
    assert [arrival.headers.get_all("User-Agent") for arrival in server.arrivals] == [["Hubbub/test"], ["other"]]


@pytest.mark.parametrize(
    ("declared", "body", "text"),
    [
        ("text/html; charset=iso-8859-1", "grüße".encode("latin-1"), "grüße"),
        ('text/html; charset="utf-8"', "grüße".encode(), "grüße"),
        ("text/html; charset=nonsense", "grüße".encode(), "grüße"),
        ("text/html", b"gr\xfc\xdfe", "gr\ufffd\ufffde"),
        ("", "grüße".encode(), "grüße"),
    ],
)
def test_text_is_read_in_the_charset_it_declares(declared: str, body: bytes, text: str) -> None:
    assert Response(status=200, headers={"Content-Type": declared}, body=body).text == text


def test_json_is_read(door: Door, server: FakeServer) -> None:
    server.on("GET", "/").answers(json={"id": "7"})
    assert door.request("GET", server.url + "/").json() == {"id": "7"}


NOT_JSON = [b"<html>We will be back", b"", b"NaN", b"{", b"\xff\xfe\xfd", b"[" * 100_000, b"9" * 5000]


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
def test_a_page_where_json_should_be_means_try_later(body: bytes) -> None:
    with pytest.raises(Unavailable) as page:
        Response(status=200, body=body).json()
    assert page.value.reason == "not_json"


@pytest.mark.parametrize(("status", "told"), [(200, Ambiguous), (503, Ambiguous), (422, Unavailable)])
def test_a_page_that_answers_a_write_leaves_open_whether_it_was_done(status: int, told: type[Exception]) -> None:
    with pytest.raises(told):
        Response(status=status, body=b"<html>", method="POST").json()


def test_a_stream_gives_pieces_while_they_come(door: Door, server: FakeServer) -> None:
    server.on("GET", "/").drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", every=0.01)
    with door.stream("GET", server.url + "/") as answer:
        pieces = iter(answer)
        assert answer.status == 200
        assert [next(pieces), next(pieces)] == [b"abc", b"abc"]


def test_a_stream_that_was_left_early_is_cut_and_not_kept(door: Door, server: FakeServer) -> None:
    server.on("GET", "/").answers(200, b"x" * 1_000_000)
    for _ in range(2):
        with door.stream("GET", server.url + "/") as answer:
            next(iter(answer))
    assert server.connections == 2
