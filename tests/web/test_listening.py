"""Who may listen to the live stream."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import Plugins
from hub.people import agents, sessions
from hub.people.model import OPERATOR, Role
from hub.testing.clock import FrozenClock
from hub.web.listening import Listeners

BASE = "https://hub.example"


@pytest.fixture
def hub(tmp_path: Path, empty_engine_url: str) -> Iterator[Hub]:
    config = read_config({"HUB_DATABASE_URL": empty_engine_url, "HUB_BASE_URL": BASE}, data=tmp_path)
    prepare(config)
    opened = open_hub(config, clock=FrozenClock(), plugins=Plugins())
    yield opened
    opened.close()


def signed_in(hub: Hub, email: str) -> str:
    agent = agents.add(hub, OPERATOR, email=email, name="Ann", role=Role.AGENT)
    with hub.database.transaction() as session:
        return sessions.start(session, hub, agent.id, user_agent="test")


def test_a_living_session_is_who_it_belongs_to(hub: Hub) -> None:
    token = signed_in(hub, "ann@example.com")
    actor = Listeners(hub).authenticate([(b"cookie", f"other=1; __Host-hub={token}".encode())])
    assert actor is not None
    assert actor.name == "Ann"


@pytest.mark.parametrize("cookie", [b"", b"__Host-hub=", b"__Host-hub=wrong", b"hub=wrong", b"\xff=\xff; ;;="])
def test_any_other_cookie_is_nobody(hub: Hub, cookie: bytes) -> None:
    assert Listeners(hub).authenticate([(b"cookie", cookie)]) is None


def test_listening_keeps_no_session_alive(hub: Hub) -> None:
    token = signed_in(hub, "ann@example.com")
    listeners = Listeners(hub)
    assert isinstance(hub.clock, FrozenClock)
    for _ in range(10):
        hub.clock.tick(sessions.IDLE.total_seconds() / 9)
        listeners.authenticate([(b"cookie", f"__Host-hub={token}".encode())])
    assert listeners.authenticate([(b"cookie", f"__Host-hub={token}".encode())]) is None


OURS = [
    {b"host": b"hub.example"},
    {b"host": b"hub.example", b"sec-fetch-site": b"same-origin"},
    {b"host": b"hub.example", b"origin": b"https://hub.example"},
]
OTHERS = [
    {},
    {b"host": b"evil.example"},
    {b"host": b"hub.example", b"sec-fetch-site": b"cross-site"},
    {b"host": b"hub.example", b"sec-fetch-site": b"same-site"},
    {b"host": b"hub.example", b"sec-fetch-site": b"none"},
    {b"host": b"hub.example", b"origin": b"https://evil.example"},
    {b"host": b"hub.example", b"origin": b"http://hub.example"},
    {b"host": b"hub.example", b"origin": b"null"},
]


@pytest.mark.parametrize("headers", OURS)
def test_our_own_pages_may_ask(hub: Hub, headers: dict[bytes, bytes]) -> None:
    assert Listeners(hub).is_ours(headers)


@pytest.mark.parametrize("headers", OTHERS)
def test_other_sites_may_not_ask(hub: Hub, headers: dict[bytes, bytes]) -> None:
    assert not Listeners(hub).is_ours(headers)
