from __future__ import annotations

import pytest

from hub.errors import Absent, Invalid
from hub.kernel.hub import Hub
from hub.people import agents, teams
from hub.people.model import OPERATOR, Role
from tests.people.crew import Crew


def test_a_supervisor_sees_the_people_of_their_own_teams(hub: Hub, crew: Crew) -> None:
    dach, balkans = crew.team("Care DACH"), crew.team("Care Balkans")
    crew.admin("Petra")
    ana = crew.agent("Ana", dach)
    jonas = crew.agent("Jonas", balkans)
    lead = crew.actor(crew.hire("Mira", Role.SUPERVISOR, dach))
    assert [agent.name for agent in agents.listed(hub, lead)] == ["Ana", "Mira"]
    assert agents.find(hub, lead, ana.id).name == "Ana"
    for hidden in (jonas.id, 999_999):
        with pytest.raises(Absent):
            agents.find(hub, lead, hidden)


def test_an_admin_who_never_came_in_does_not_count_as_the_one_that_is_left(hub: Hub, crew: Crew) -> None:
    petra = crew.admin("Petra", password=True)
    invited = crew.admin("Milan")
    with pytest.raises(Invalid) as refused:
        agents.deactivate(hub, OPERATOR, petra.id)
    assert refused.value.reason == "last_admin"
    agents.deactivate(hub, OPERATOR, invited.id)
    crew.admin("Jelena", password=True)
    agents.deactivate(hub, OPERATOR, petra.id)


def test_there_is_always_an_admin_left(hub: Hub, crew: Crew) -> None:
    petra = crew.admin("Petra")
    for shut_out in (
        lambda: agents.change_role(hub, OPERATOR, petra.id, Role.AGENT),
        lambda: agents.deactivate(hub, OPERATOR, petra.id),
    ):
        with pytest.raises(Invalid) as refused:
            shut_out()
        assert refused.value.reason == "last_admin"
    second = crew.admin("Mira")
    agents.deactivate(hub, OPERATOR, petra.id)
    with pytest.raises(Invalid):
        agents.deactivate(hub, OPERATOR, second.id)


def test_one_address_is_one_person(hub: Hub, crew: Crew) -> None:
    crew.agent("Ana")
    with pytest.raises(Invalid) as refused:
        agents.invite(hub, OPERATOR, email="ANA@brightwater.example ", name="Another", role=Role.AGENT)
    assert (refused.value.field, refused.value.reason) == ("email", "taken")
    assert len(agents.listed(hub, OPERATOR)) == 1


@pytest.mark.parametrize(
    "email", ["", "ana", "@", "ana@", "@x.example", "a b@x.example", "a@b@c", "a\x00@x.example", "a@" + "x" * 300]
)
def test_what_is_no_address_is_refused(hub: Hub, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        agents.invite(hub, OPERATOR, email=email, name="Ana", role=Role.AGENT)
    assert (refused.value.field, refused.value.reason) == ("email", "not_an_email")


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Ana\u202e Kovač", "Ana Kovač"), (" Дарья\nКузнецова ", "Дарья Кузнецова"), ("Tom O’Hara", "Tom O’Hara")],
)
def test_a_name_is_one_line_that_hides_nothing(hub: Hub, name: str, kept: str) -> None:
    agent, _link = agents.invite(hub, OPERATOR, email="x@brightwater.example", name=name, role=Role.AGENT)
    assert agent.name == kept


@pytest.mark.parametrize(("name", "reason"), [("", "missing"), ("\u200b\n", "missing"), ("x" * 500, "too_long")])
def test_a_name_nobody_can_read_is_refused(hub: Hub, name: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        agents.invite(hub, OPERATOR, email="x@brightwater.example", name=name, role=Role.AGENT)
    assert (refused.value.field, refused.value.reason) == ("name", reason)


def test_an_invitation_into_a_team_that_is_not_there_leaves_nothing_behind(hub: Hub) -> None:
    with pytest.raises(Invalid):
        agents.invite(hub, OPERATOR, email="x@brightwater.example", name="X", role=Role.AGENT, team_ids=[77])
    assert agents.listed(hub, OPERATOR) == []


def test_a_supervisor_changes_the_members_of_their_own_teams_only(hub: Hub, crew: Crew) -> None:
    dach, balkans = crew.team("Care DACH"), crew.team("Care Balkans")
    ana = crew.agent("Ana", balkans)
    lead = crew.actor(crew.hire("Mira", Role.SUPERVISOR, dach))
    teams.add_member(hub, lead, dach.id, "ana@brightwater.example")
    assert crew.now(ana).team_ids == {dach.id, balkans.id}
    teams.remove_member(hub, lead, dach.id, ana.id)
    assert crew.now(ana).team_ids == {balkans.id}
    with pytest.raises(Absent):
        teams.remove_member(hub, lead, balkans.id, ana.id)
    with pytest.raises(Absent):
        teams.add_member(hub, lead, balkans.id, "ana@brightwater.example")
    with pytest.raises(Absent):
        teams.rename(hub, lead, dach.id, "Mine")


def test_team_names_are_not_used_twice(hub: Hub, crew: Crew) -> None:
    dach, balkans = crew.team("Care DACH"), crew.team("Care Balkans")
    with pytest.raises(Invalid):
        teams.create(hub, OPERATOR, "Care DACH")
    with pytest.raises(Invalid):
        teams.rename(hub, OPERATOR, balkans.id, "Care DACH")
    teams.rename(hub, OPERATOR, dach.id, "Care DACH")
    assert [team.name for team in teams.listed(hub, OPERATOR)] == ["Care Balkans", "Care DACH"]


def test_a_channel_always_finds_a_first_team(hub: Hub) -> None:
    assert teams.first(hub, OPERATOR) == teams.first(hub, OPERATOR)
