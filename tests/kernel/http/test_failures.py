from __future__ import annotations

import ssl

import pytest

from hub.errors import Ambiguous, Misconfigured, Unavailable
from hub.kernel.http import Door
from hub.testing.server import FakeServer
from tests.kernel.http.internet import OTHER_PUBLIC, PUBLIC, Internet

READS = ["GET", "HEAD", "OPTIONS", "get"]
WRITES = ["POST", "PUT", "PATCH", "DELETE", "post"]


def break_the_answer(server: FakeServer, how: str) -> None:
    route = server.on("*", "/")
    match how:
        case "reset":
            route.resets()
        case "drop":
            route.drops()
        case "truncate":
            route.truncates()
        case "garbage":
            route.speaks(b"SSH-2.0-OpenSSH_9.2 secret banner\r\n")
        case "short chunk":
            route.speaks(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
        case "bad chunk":
            route.speaks(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nab\r\n")


BREAKS = ["reset", "drop", "truncate", "garbage", "short chunk", "bad chunk"]


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "get"])
def test_a_read_that_broke_may_be_tried_again(method: str, how: str, server: FakeServer) -> None:
    break_the_answer(server, how)
    with pytest.raises(Unavailable) as broken:
        Door(allow=[server.address]).request(method, server.url + "/")
    assert broken.value.reason == "interrupted"


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("method", WRITES)
def test_a_write_that_broke_may_have_been_done(method: str, how: str, server: FakeServer) -> None:
    break_the_answer(server, how)
    with pytest.raises(Ambiguous):
        Door(allow=[server.address]).request(method, server.url + "/", body=b"text")
    assert len(server.arrivals) == 1


@pytest.mark.parametrize("method", [*READS, *WRITES])
def test_a_refused_connection_sent_nothing(method: str, internet: Internet) -> None:
    with pytest.raises(Unavailable) as refused:
        internet.name("down.example", PUBLIC).door().request(method, "http://down.example/")
    assert refused.value.reason == "unreachable"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_name_sent_nothing(method: str, internet: Internet) -> None:
    with pytest.raises(Unavailable) as unknown:
        internet.door().request(method, "http://nowhere.example/")
    assert unknown.value.reason == "dns"


def test_the_next_address_is_tried_when_one_is_down(internet: Internet, server: FakeServer) -> None:
    server.on("POST", "/").answers(201)
    internet.name("ok.example", (OTHER_PUBLIC, PUBLIC)).host(PUBLIC, server)
    assert internet.door().request("POST", "http://ok.example/").status == 201
    assert internet.dialled == [OTHER_PUBLIC, PUBLIC]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_certificate_nobody_vouches_for_sent_nothing(method: str, internet: Internet, tls_server: FakeServer) -> None:
    with pytest.raises(Unavailable) as refused:
        internet.serve("ok.example", tls_server).door().request(method, "https://ok.example/")
    assert (refused.value.reason, refused.value.detail) == ("tls", "self-signed certificate")
    assert not tls_server.arrivals


def test_a_certificate_for_another_name_is_refused(
    internet: Internet, tls_server: FakeServer, authority: ssl.SSLContext
) -> None:
    with pytest.raises(Unavailable) as refused:
        internet.serve("other.example", tls_server).door(tls=authority).request("GET", "https://other.example/")
    assert refused.value.reason == "tls"


def test_tls_is_spoken_with_the_name_while_the_address_is_dialled(
    internet: Internet, tls_server: FakeServer, authority: ssl.SSLContext
) -> None:
    tls_server.on("GET", "/").answers(200, "x" * 300_000)
    door = internet.serve("ok.example", tls_server).door(tls=authority)
    assert [len(door.request("GET", "https://ok.example/").body) for _ in range(2)] == [300_000] * 2
    assert tls_server.arrivals[0].headers["Host"] == "ok.example"
    assert internet.dialled == [PUBLIC]
    door.close()


def test_a_server_without_tls_sent_nothing(internet: Internet, server: FakeServer) -> None:
    with pytest.raises(Unavailable) as refused:
        internet.serve("ok.example", server).door().request("POST", "https://ok.example/")
    assert refused.value.reason in ("tls", "unreachable")
    assert not server.arrivals


def test_a_banner_is_never_shown(server: FakeServer) -> None:
    break_the_answer(server, "garbage")
    with pytest.raises(Unavailable) as broken:
        Door(allow=[server.address]).request("GET", server.url + "/")
    assert "banner" not in f"{broken.value} {broken.value.detail} {broken.value.params}"


def test_a_kept_connection_that_died_is_replaced_for_a_read(server: FakeServer) -> None:
    server.on("GET", "/").answers(200, "one").drops().answers(200, "two")
    door = Door(allow=[server.address])
    assert [door.request("GET", server.url + "/").text for _ in range(2)] == ["one", "two"]
    assert [arrival.connection for arrival in server.arrivals] == [1, 1, 2]
    door.close()


def test_a_write_opens_a_connection_of_its_own(server: FakeServer) -> None:
    server.on("*", "/").answers(200)
    door = Door(allow=[server.address])
    for method in ("GET", "POST", "POST"):
        door.request(method, server.url + "/")
    assert [arrival.connection for arrival in server.arrivals] == [1, 2, 3]
    door.close()


def test_a_server_that_answers_before_it_has_read_is_heard(server: FakeServer) -> None:
    server.on("POST", "/").answers(413, "too long", headers={"Connection": "close"})
    assert Door(allow=[server.address]).request("POST", server.url + "/", body=b"x" * 2_000_000).status == 413


@pytest.mark.parametrize(
    "headers", [{"X-A": "b\r\nX-C: d"}, {"X-A\r\nX-C": "b"}, {"X A": "b"}, {"X-A": "b\0"}, {"X": "😀"}]
)
def test_a_header_that_cannot_be_sent_is_a_wrong_setting(headers: dict[str, str], server: FakeServer) -> None:
    with pytest.raises(Misconfigured) as refused:
        Door(allow=[server.address]).request("GET", server.url + "/", headers=headers)
    assert refused.value.reason == "header"
    assert not server.connections
