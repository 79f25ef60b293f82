from __future__ import annotations

import hashlib

import pytest

from hub.errors import Absent, Conflict, Invalid
from hub.kernel.hub import Hub
from hub.people import agents, links, sessions, sign_in
from hub.people.model import OPERATOR, Role
from hub.testing.clock import FrozenClock
from tests.people.crew import PASSWORD, Crew

HOUR = 3600


def invite(hub: Hub, email: str = "ana@brightwater.example") -> str:
    _agent, link = agents.invite(hub, OPERATOR, email=email, name="Ana Kovač", role=Role.AGENT)
    return token_of(link)


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


def redeem(hub: Hub, token: str, password: str = PASSWORD) -> str:
    return links.redeem(hub, token, password=password, user_agent="Firefox")


def is_dead(hub: Hub, token: str) -> bool:
    try:
        links.find(hub, token)
    except Absent:
        with pytest.raises(Absent):
            redeem(hub, token)
        return True
    return False


def test_an_invitation_lets_choose_a_password_and_signs_in(hub: Hub) -> None:
    found = sessions.find(hub, redeem(hub, invite(hub)))
    assert found is not None
    assert found.agent.email == "ana@brightwater.example"
    assert found.agent.has_password


def test_a_link_is_made_from_the_configured_address(hub: Hub, crew: Crew) -> None:
    assert agents.reset(hub, OPERATOR, crew.agent().id).startswith(f"{hub.config.base_url}/link/")


def test_a_link_works_once(hub: Hub) -> None:
    token = invite(hub)
    redeem(hub, token)
    assert is_dead(hub, token)


def test_looking_at_a_link_does_not_use_it_up(hub: Hub) -> None:
    token = invite(hub)
    for _ in range(3):
        links.find(hub, token)
    assert redeem(hub, token)


def test_a_password_that_is_refused_leaves_the_link_as_it_was(hub: Hub) -> None:
    token = invite(hub)
    with pytest.raises(Invalid):
        redeem(hub, token, "short")
    assert redeem(hub, token)


@pytest.mark.parametrize(("kind", "hours"), [("invite", 72), ("reset", 1), ("first", 24)])
def test_a_link_ends(kind: str, hours: int, hub: Hub, crew: Crew, frozen_clock: FrozenClock) -> None:
    if kind == "invite":
        token = invite(hub)
    elif kind == "reset":
        token = token_of(agents.reset(hub, OPERATOR, crew.agent(password=True).id))
    else:
        token = token_of(links.first_admin(hub) or "")
    frozen_clock.tick(hours * HOUR - 1)
    assert links.find(hub, token)
    frozen_clock.tick(1)
    assert is_dead(hub, token)


def test_a_new_link_ends_the_one_before(hub: Hub, crew: Crew) -> None:
    ana = crew.agent(password=True)
    first = token_of(agents.reset(hub, OPERATOR, ana.id))
    second = token_of(agents.reset(hub, OPERATOR, ana.id))
    assert is_dead(hub, first)
    assert redeem(hub, second)


def test_a_changed_password_ends_every_link(hub: Hub, crew: Crew) -> None:
    ana = crew.agent(password=True)
    token = token_of(agents.reset(hub, OPERATOR, ana.id))
    agents.change_password(
        hub, crew.at_work(ana), current=PASSWORD, new="seven boats at sea", address="", user_agent=""
    )
    assert is_dead(hub, token)


def test_a_deactivated_agent_has_no_links_and_gets_none(hub: Hub, crew: Crew) -> None:
    crew.admin()
    token = invite(hub)
    _link, ana = links.find(hub, token)
    agents.deactivate(hub, OPERATOR, ana.id)
    assert is_dead(hub, token)
    with pytest.raises(Conflict):
        agents.reset(hub, OPERATOR, ana.id)
    agents.reactivate(hub, OPERATOR, ana.id)
    assert is_dead(hub, token)


def test_the_old_password_works_until_the_reset_is_used(hub: Hub, crew: Crew) -> None:
    ana = crew.agent(password=True)
    token = token_of(agents.reset(hub, OPERATOR, ana.id))
    assert sign_in.sign_in(hub, email=ana.email, password=PASSWORD, address="", user_agent="")
    redeem(hub, token, "seven boats at sea")
    with pytest.raises(Invalid):
        sign_in.sign_in(hub, email=ana.email, password=PASSWORD, address="", user_agent="")


def test_a_link_works_for_somebody_whose_account_is_slowed_down(hub: Hub, crew: Crew) -> None:
    ana = crew.agent(password=True)
    for turn in range(10):
        sign_in.count_try(hub, ana.email, address=f"203.0.113.{turn}")
    assert redeem(hub, token_of(agents.reset(hub, OPERATOR, ana.id)))


def test_the_database_never_holds_a_link(hub: Hub) -> None:
    token = invite(hub)
    with hub.database.reading() as session:
        rows = [dict(row) for row in session.all("SELECT * FROM sign_in_links")]
    assert rows[0]["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
    assert token not in repr(rows)
    assert is_dead(hub, rows[0]["token_hash"])


@pytest.mark.parametrize("token", ["", "x", "\ud800", "../..", "x" * 10_000])
def test_a_link_that_never_was_looks_like_a_dead_one(hub: Hub, token: str) -> None:
    assert is_dead(hub, token)


def test_the_first_admin_says_who_they_are(hub: Hub) -> None:
    token = token_of(links.first_admin(hub) or "")
    session = links.redeem(
        hub, token, password=PASSWORD, user_agent="", email="Petra@Brightwater.example", name="Petra Novak"
    )
    found = sessions.find(hub, session)
    assert found is not None
    assert (found.agent.email, found.agent.name, found.agent.role) == (
        "petra@brightwater.example",
        "Petra Novak",
        Role.ADMIN,
    )
    assert links.first_admin(hub) is None


def test_an_invitation_cannot_be_used_under_another_name(hub: Hub) -> None:
    token = invite(hub)
    links.redeem(hub, token, password=PASSWORD, user_agent="", email="evil@evil.example", name="Evil")
    assert sign_in.sign_in(hub, email="ana@brightwater.example", password=PASSWORD, address="", user_agent="")


def test_an_agent_with_a_password_does_not_keep_the_first_admin_out(hub: Hub) -> None:
    agents.add(hub, OPERATOR, email="ana@brightwater.example", name="Ana Kovač", role=Role.AGENT, password=PASSWORD)
    assert links.first_admin(hub) is not None


def test_each_start_prints_a_new_first_link_for_the_same_account(hub: Hub) -> None:
    first, second = links.first_admin(hub), links.first_admin(hub)
    assert first is not None
    assert second is not None
    assert is_dead(hub, token_of(first))
    assert len(agents.listed(hub, OPERATOR)) == 1


def test_the_first_admin_may_not_take_somebody_s_address(hub: Hub) -> None:
    token = token_of(links.first_admin(hub) or "")
    invite(hub)
    with pytest.raises(Invalid) as refused:
        links.redeem(hub, token, password=PASSWORD, user_agent="", email="ana@brightwater.example", name="Petra")
    assert (refused.value.field, refused.value.reason) == ("email", "taken")


def first_admins(hub: Hub) -> list[str]:
    return [agent.email for agent in agents.listed(hub, OPERATOR) if agent.email.endswith("@hub.invalid")]


def test_an_admin_added_with_a_password_takes_the_place_kept_for_the_first_one(hub: Hub) -> None:
    token = token_of(links.first_admin(hub) or "")
    agents.add(hub, OPERATOR, email="ann@example.com", name="Ann", role=Role.AGENT, password=PASSWORD)
    assert first_admins(hub)
    agents.add(hub, OPERATOR, email="bo@example.com", name="Bo", role=Role.ADMIN, password=PASSWORD)
    assert first_admins(hub) == []
    assert is_dead(hub, token)


def test_an_admin_who_takes_an_invitation_up_takes_that_place_too(hub: Hub) -> None:
    token = token_of(links.first_admin(hub) or "")
    _agent, link = agents.invite(hub, OPERATOR, email="bo@example.com", name="Bo", role=Role.ADMIN)
    assert first_admins(hub)
    redeem(hub, token_of(link))
    assert first_admins(hub) == []
    assert is_dead(hub, token)
