"""Requests whose bodies do not arrive: strangers hold only some places by them, and nobody else is held up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import DatabaseUnusable
from hub.kernel.config import read_config
from hub.kernel.database import open_database
from hub.kernel.migrate import migrate
from hub.web import body_places
from hub.web.body_places import BodyPlaces
from tests.processes import wait_until
from tests.web.pages import PATIENCE, LiveServer

PEER = "198.51.100.9"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    monkeypatch.setattr(body_places, "MOST_OF_STRANGERS", 4)
    monkeypatch.setattr(body_places, "MOST_OF_ADDRESS", 2)
    monkeypatch.setattr(body_places, "MOST_OF_ONE", 2)
    database = open_database(read_config({}, data=tmp_path))
    migrate(database)
    with LiveServer(database).running() as running:
        yield running
    database.close()


class Crowd:
    """Connections to a server, each from an address that a proxy tells."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.opened: list[socket.socket] = []

    def begins(self, peer: str = PEER, *, cookie: str = "", body: bytes = b"") -> socket.socket:
        """Announce four bytes and send `body` of them, with the head."""
        opened = socket.create_connection(("127.0.0.1", self.server.port), timeout=PATIENCE)
        self.opened.append(opened)
        head = f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nX-Forwarded-For: {peer}\r\nCookie: {cookie}\r\n\r\n"
        opened.sendall(head.encode() + body)
        return opened

    def waits(self, peer: str = PEER, *, cookie: str = "") -> socket.socket:
        """The same with one that finds a place."""
        taken = self.server.places.taken
        opened = self.begins(peer, cookie=cookie)
        wait_until(lambda: self.server.places.taken == taken + 1, "a place to be taken")
        return opened

    def asks(self, peer: str = PEER, *, cookie: str = "", body: bytes = b"") -> int:
        return status_of(self.begins(peer, cookie=cookie, body=body))


@pytest.fixture
def crowd(server: LiveServer) -> Iterator[Crowd]:
    found = Crowd(server)
    yield found
    for each in found.opened:
        each.close()


def status_of(opened: socket.socket) -> int:
    return int(opened.makefile("rb").readline().split()[1])


def test_one_address_holds_some_places_and_what_comes_whole_needs_none(crowd: Crowd) -> None:
    slow = [crowd.waits() for _ in range(2)]
    assert crowd.asks() == 503
    assert crowd.asks(body=b"word") == 200
    other = crowd.waits("203.0.113.7")
    slow[0].sendall(b"word")
    assert status_of(slow[0]) == 200
    wait_until(lambda: crowd.server.places.taken == 2, "its place to be free")
    again = crowd.waits()
    for each in (slow[1], other, again):
        each.sendall(b"word")
        assert status_of(each) == 200


def test_strangers_together_hold_only_theirs_and_somebody_signed_in_is_let_in(crowd: Crowd) -> None:
    crowd.server.sign_in("ann")
    for number in range(4):
        crowd.waits(f"203.0.113.{number}")
    assert crowd.asks("203.0.113.9") == 503
    assert crowd.asks("203.0.113.9", cookie="hub=nobody") == 503
    hers = [crowd.waits("203.0.113.9", cookie="hub=ann") for _ in range(2)]
    assert crowd.asks("203.0.113.9", cookie="hub=ann") == 503
    assert crowd.asks("203.0.113.9", cookie="hub=ann", body=b"word") == 200
    for each in hers:
        each.sendall(b"word")
        assert status_of(each) == 200


def test_who_goes_away_leaves_a_place(crowd: Crowd) -> None:
    for each in [crowd.waits() for _ in range(2)]:
        each.close()
    wait_until(lambda: crowd.server.places.taken == 0, "their places to be free")
    crowd.waits()


def test_a_sender_whose_deliveries_are_good_has_places_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_places, "MOST_OF_STRANGERS", 1)
    places = BodyPlaces(lambda path, headers: None)

    async def asked() -> list[int]:
        strange = await places.holders("/hooks/x", [], (PEER, 1))
        with places.one(strange):
            known = await places.holders("/hooks/x", [], (PEER, 1), known="sender:x")
            unknown = await places.holders("/hooks/x", [], (PEER, 1))
        return [len(strange), len(known), len(unknown), len(await places.holders("/hooks/x", [], (PEER, 1)))]

    assert asyncio.run(asked()) == [2, 1, 0, 2]
    assert places.taken == 0


def test_a_database_that_cannot_say_who_it_is_lets_nobody_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_places, "MOST_OF_STRANGERS", 0)

    def down(path: str, headers: object) -> int | None:
        raise DatabaseUnusable("locked")

    assert asyncio.run(BodyPlaces(down).holders("/", [], (PEER, 1))) == ()
