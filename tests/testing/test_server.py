from __future__ import annotations

import threading

import pytest

from hub.errors import Unavailable
from hub.kernel.http import Door
from hub.testing.server import Answer, Arrival, FakeServer


@pytest.fixture
def door(server: FakeServer) -> Door:
    return Door(allow=[server.address])


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def test_answers_come_in_order_and_the_last_one_stays(server: FakeServer, door: Door) -> None:
    server.on("GET", "/").answers(503).answers(200, "here")
    with server:
        assert [door.request("GET", server.url + "/").status for _ in range(3)] == [503, 200, 200]


def test_the_log_tells_what_arrived_even_when_no_answer_went_back(server: FakeServer, door: Door) -> None:
    server.on("POST", "/send").drops()
    with server, pytest.raises(Exception, match="interrupted"):
        door.request("POST", server.url + "/send?to=7", json={"text": "Hello"})
    arrival = server.received("POST", "/send")[0]
    assert (arrival.params, arrival.json()) == ({"to": "7"}, {"text": "Hello"})


def test_two_arrivals_that_say_the_same_have_one_digest(server: FakeServer, door: Door) -> None:
    server.on("POST", "/").answers(200)
    with server:
        for text in (b"a", b"a", b"b"):
            door.request("POST", server.url + "/", body=text)
    one, two, other = (arrival.digest for arrival in server.arrivals)
    assert one == two != other


def test_an_exact_path_goes_before_a_star(server: FakeServer, door: Door) -> None:
    server.on("*", "/api/*").answers(200, "any")
    server.on("GET", "/api/one").answers(200, "one")
    with server:
        bodies = [door.request("GET", server.url + path).text for path in ("/api/one", "/api/two", "/other")]
    assert bodies == ["one", "any", "no such route"]


def test_a_function_may_decide(server: FakeServer, door: Door) -> None:
    def echo(arrival: Arrival) -> Answer:
        return Answer(body=arrival.query.encode())

    server.on("GET", "/").runs(echo)
    with server:
        assert door.request("GET", server.url + "/?q").text == "q"


def test_it_ends_while_a_client_is_still_waiting(server: FakeServer, door: Door) -> None:
    server.on("GET", "/").answers(200, until=threading.Event())
    failures: list[str] = []

    def wait() -> None:
        with pytest.raises(Unavailable) as cut:
            door.request("GET", server.url + "/")
        failures.append(cut.value.reason)

    with server:
        waiting = threading.Thread(target=wait)
        waiting.start()
        while not server.arrivals:
            server.stopped.wait(0.01)
    waiting.join()
    assert failures == ["interrupted"]
