from __future__ import annotations

import gzip
import itertools
import socket
import threading
import zlib
from collections.abc import Callable

import pytest

from hub.errors import Ambiguous, Unavailable
from hub.kernel.http import Door, FetchLimits
from hub.kernel.http.limits import DeadlinePassed, Guard, Turns
from hub.testing.server import FakeServer
from tests.kernel.http.internet import Internet

MEGABYTE = 1_000_000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"


class Seconds:
    """A clock that goes on by one second whenever somebody looks at it."""

    def __init__(self, step: float = 1.0) -> None:
        self._count = itertools.count()
        self._step = step

    def __call__(self) -> float:
        return next(self._count) * self._step


def reason_of(fetch: Callable[[], object], instruction: type[Unavailable | Ambiguous] = Unavailable) -> str:
    with pytest.raises(instruction) as refused:
        fetch()
    return refused.value.reason


def fetching(server: FakeServer, method: str = "GET", **limits: float) -> Callable[[], object]:
    door = Door(allow=[server.address])
    return lambda: door.request(method, server.url + "/", limits=FetchLimits(**limits))  # type: ignore[arg-type]


def test_a_body_of_exactly_the_limit_is_taken(server: FakeServer) -> None:
    server.on("GET", "/").answers(200, b"x" * 1000)
    fetching(server, bytes=1000)()
    assert reason_of(fetching(server, bytes=999)) == "too_large"


def test_a_body_that_promises_to_be_too_large_is_not_read(server: FakeServer) -> None:
    server.on("GET", "/").speaks(PLAIN)  # and never sends it
    assert reason_of(fetching(server)) == "too_large"


def test_an_endless_chunked_body_is_cut(server: FakeServer) -> None:
    server.on("GET", "/").drips(CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
    assert reason_of(fetching(server)) == "too_large"


def test_an_endless_body_without_a_length_is_cut(server: FakeServer) -> None:
    server.on("GET", "/").drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 0x8000)
    assert reason_of(fetching(server)) == "too_large"


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("x-gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_a_bomb_is_measured_after_it_burst(encoding: str, wbits: int, server: FakeServer) -> None:
    packer = zlib.compressobj(9, wbits=wbits)
    bomb = packer.compress(b"\0" * 50 * MEGABYTE) + packer.flush()
    assert len(bomb) < MEGABYTE
    server.on("GET", "/").answers(200, bomb, headers={"Content-Encoding": encoding})
    assert reason_of(fetching(server)) == "too_large"


def test_a_bomb_is_never_unpacked_as_a_whole(server: FakeServer) -> None:
    server.on("GET", "/").answers(200, gzip.compress(b"\0" * 50 * MEGABYTE), headers={"Content-Encoding": "gzip"})
    with Door(allow=[server.address]).stream("GET", server.url + "/") as answer:
        assert len(next(iter(answer))) <= 64 * 1024


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate, gzip", "nonsense"])
def test_other_packings_are_not_opened(encoding: str, server: FakeServer) -> None:
    server.on("GET", "/").answers(200, b"x", headers={"Content-Encoding": encoding})
    assert reason_of(fetching(server)) == "encoding"
    assert server.arrivals[0].headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_packing_that_is_broken_is_said_so(encoding: str, server: FakeServer) -> None:
    server.on("GET", "/").answers(200, b"this is not packed at all", headers={"Content-Encoding": encoding})
    assert reason_of(fetching(server)) == "encoding"


def test_a_packed_body_arrives_unpacked(server: FakeServer) -> None:
    server.on("GET", "/").answers(200, gzip.compress(b"text" * 50_000), headers={"Content-Encoding": "gzip"})
    assert Door(allow=[server.address]).request("GET", server.url + "/").body == b"text" * 50_000


def test_headers_that_never_end_are_cut(server: FakeServer) -> None:
    server.on("GET", "/").drips(b"HTTP/1.1 200 OK\r\n", b"X-More: of the same\r\n" * 100)
    assert reason_of(fetching(server)) in ("too_large", "interrupted")


def test_a_header_line_that_never_ends_is_cut(server: FakeServer) -> None:
    server.on("GET", "/").drips(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x" * 4096)
    assert reason_of(fetching(server)) in ("too_large", "interrupted")


def test_promises_that_never_become_an_answer_are_cut(server: FakeServer) -> None:
    server.on("GET", "/").drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50)
    assert reason_of(fetching(server)) == "too_large"


def test_eighty_kilobytes_of_headers_are_too_many(server: FakeServer) -> None:
    server.on("GET", "/").answers(200, headers={f"X-{number}": "x" * 8000 for number in range(10)})
    assert reason_of(fetching(server)) == "too_large"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (CHUNKED, b"1\r\nx\r\n"),
        (CHUNKED + b"5", b"0"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"", b"H"),
    ],
    ids=["body", "chunks", "chunk size", "header", "status line"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_drip_does_not_outlast_the_whole_deadline(head: bytes, piece: bytes, method: str, server: FakeServer) -> None:
    server.on(method, "/").drips(head, piece, every=0.01)
    door = Door(allow=[server.address], monotonic=Seconds(0.5))  # the clock runs ahead; each single read is quick
    fetch = lambda: door.request(method, server.url + "/")  # noqa: E731
    assert reason_of(fetch, Unavailable if method == "GET" else Ambiguous) == "too_slow"


def test_silence_ends_at_the_deadline(server: FakeServer) -> None:
    server.on("GET", "/").answers(200, until=threading.Event())
    assert reason_of(fetching(server, seconds=0.2)) == "too_slow"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_handshake_that_stalls_ends_at_the_deadline_with_nothing_sent(method: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        door = Door(allow=[address])
        fetch = lambda: door.request(method, f"https://{address}/", limits=FetchLimits(seconds=0.2))  # noqa: E731
        assert reason_of(fetch) in ("unreachable", "too_slow")


def test_redirects_share_one_deadline(server: FakeServer) -> None:
    server.on("GET", "/").redirects("/")
    door = Door(allow=[server.address], monotonic=Seconds(3))
    assert reason_of(lambda: door.request("GET", server.url + "/")) == "too_slow"


def test_a_resolver_that_hangs_ends_at_the_deadline(internet: Internet) -> None:
    hung = threading.Event()

    def resolve(*question: object) -> list[object]:
        hung.wait(30)
        return []

    door = Door(resolve=resolve)
    assert reason_of(lambda: door.request("GET", "http://ok.example/", limits=FetchLimits(seconds=0.1))) == "dns"
    hung.set()


def test_a_write_is_not_ambiguous_while_nothing_was_sent() -> None:
    door = Door(allow=["ok.example:80"], resolve=lambda *question: [], monotonic=Seconds(30))
    assert reason_of(lambda: door.request("POST", "http://ok.example/")) == "too_slow"


def test_two_fetches_at_a_time_reach_one_host(server: FakeServer) -> None:
    release = threading.Event()
    server.on("GET", "/slow").answers(200, until=release)
    server.on("GET", "/quick").answers(200)
    door = Door(allow=[server.address])
    statuses: list[int] = []
    fetch = lambda: statuses.append(door.request("GET", server.url + "/slow").status)  # noqa: E731
    slow = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in slow:
        thread.start()
    while len(server.arrivals) < 2:
        release.wait(0.01)
    quick = lambda: door.request("GET", server.url + "/quick", limits=FetchLimits(seconds=0.2))  # noqa: E731
    assert reason_of(quick) == "too_slow"
    assert not server.received("GET", "/quick")
    release.set()
    for thread in slow:
        thread.join()
    assert statuses == [200, 200]
    assert door.request("GET", server.url + "/quick").status == 200


def test_a_stream_leaves_its_turn_to_others(server: FakeServer) -> None:
    server.on("GET", "/stream").drips(CHUNKED, b"1\r\nx\r\n", every=0.01)
    server.on("GET", "/").answers(200)
    door = Door(allow=[server.address])
    url = server.url + "/stream"
    with door.stream("GET", url) as one, door.stream("GET", url) as two:
        assert (next(iter(one)), next(iter(two))) == (b"x", b"x")
        assert door.request("GET", server.url + "/").status == 200


def test_every_failure_gives_its_turn_back(server: FakeServer) -> None:
    server.on("GET", "/").drops()
    fetch = fetching(server)
    assert [reason_of(fetch) for _ in range(5)] == ["interrupted"] * 5


def test_a_turn_is_given_back_once() -> None:
    turns = Turns(at_once=1)
    turn = turns.take("a", Guard(1, lambda: 0.0))
    turn.end()
    turn.end()
    turns.take("a", Guard(1, lambda: 0.0))
    with pytest.raises(DeadlinePassed):
        turns.take("a", Guard(0, lambda: 0.0))
