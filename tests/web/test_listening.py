"""Who may listen to the live stream, and to what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.channels import store
from hub.channels.model import Connection
from hub.connector import Author, Check
from hub.events import ChannelChanged, Event, MessageReceived
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.log import Logged
from hub.kernel.plugins import Plugins
from hub.people import agents, sessions, teams
from hub.people.model import OPERATOR, Actor, Role
from hub.testing.clock import START, FrozenClock
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


def channel_of(hub: Hub, team_id: int) -> int:
    with hub.database.transaction() as session:
        return store.add(
            session,
            Connection(name="Lab", team_id=team_id, settings={}, check=Check(account=Author(id="1"))),
            kind="sandbox",
            now=START,
        )


def logged(event: Event, position: str = "0.1") -> Logged:
    return Logged(position=position, kind="message_received", at=START, event=event)


def received(channel_id: int | None) -> Logged:
    return logged(MessageReceived(channel_id=channel_id, conversation_id=1, message_id=1, direction="in"))


def member(*team_ids: int, role: Role = Role.AGENT) -> Actor:
    return Actor(agent_id=1, name="Ann", role=role, team_ids=frozenset(team_ids))


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


def test_what_belongs_to_a_channel_is_its_teams(hub: Hub) -> None:
    first, second = teams.create(hub, OPERATOR, "One"), teams.create(hub, OPERATOR, "Two")
    event = received(channel_of(hub, first.id))
    listeners = Listeners(hub)
    assert listeners.may_see(member(first.id), event)
    assert not listeners.may_see(member(second.id), event)
    assert not listeners.may_see(member(), event)
    assert listeners.may_see(member(role=Role.ADMIN), event)


def test_what_belongs_to_no_channel_is_told_to_nobody(hub: Hub) -> None:
    assert not Listeners(hub).may_see(member(role=Role.ADMIN), received(None))


def test_a_channel_that_moves_to_another_team_is_the_new_teams_at_once(hub: Hub) -> None:
    first, second = teams.create(hub, OPERATOR, "One"), teams.create(hub, OPERATOR, "Two")
    channel_id = channel_of(hub, first.id)
    listeners = Listeners(hub)
    assert listeners.may_see(member(first.id), received(channel_id))
    with hub.database.transaction() as session:
        store.update_connection(
            session,
            channel_id,
            Connection(name="Lab", team_id=second.id, settings={}, check=Check(account=Author(id="1"))),
            now=START,
        )
    changed = logged(ChannelChanged(channel_id=channel_id, state="active"), "0.2")
    assert listeners.may_see(member(second.id), changed)
    assert not listeners.may_see(member(first.id), received(channel_id))


def test_a_channel_that_is_removed_is_told_to_those_who_knew_it(hub: Hub) -> None:
    team = teams.create(hub, OPERATOR, "One")
    channel_id = channel_of(hub, team.id)
    listeners = Listeners(hub)
    assert listeners.may_see(member(team.id), received(channel_id))
    with hub.database.transaction() as session:
        store.remove(session, channel_id)
    removed = logged(ChannelChanged(channel_id=channel_id, state="removed"), "0.2")
    assert listeners.may_see(member(team.id), removed)
    assert not listeners.may_see(member(team.id + 1), removed)


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
