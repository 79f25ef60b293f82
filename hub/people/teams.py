"""Teams: who belongs to which, and so who sees what."""

from __future__ import annotations

from hub.errors import Absent, Invalid
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.people.authorize import Action, authorize, visible_teams
from hub.people.model import Actor, Agent, Team
from hub.people.store import agents
from hub.people.store import teams as store
from hub.people.words import checked_name, normal_email

FIRST_TEAM = "Care"


def listed(hub: Hub, actor: Actor) -> list[Team]:
    """The teams whose work the actor sees, by name."""
    with hub.database.reading() as session:
        return store.listed(session, visible_teams(actor))


def find(hub: Hub, actor: Actor, team_id: int) -> Team:
    """A team whose members the actor may change. Raises Absent."""
    with hub.database.reading() as session:
        team = _existing(session, team_id)
    authorize(actor, Action.CHANGE_MEMBERS, team)
    return team


def members(hub: Hub, actor: Actor, team: Team) -> list[Agent]:
    """Who is in a team, by name. Raises Absent."""
    authorize(actor, Action.CHANGE_MEMBERS, team)
    with hub.database.reading() as session:
        return agents.listed(session, frozenset({team.id}))


def create(hub: Hub, actor: Actor, name: str) -> Team:
    """Raises Absent, Invalid("name", …) as `checked_name` and when it is taken."""
    authorize(actor, Action.MANAGE_TEAM)
    name = checked_name(name)
    with hub.database.transaction() as session:
        team_id = store.insert(session, name, at=hub.clock())
    if team_id is None:
        raise Invalid("name", "taken")
    return Team(id=team_id, name=name)


def first(hub: Hub, actor: Actor) -> Team:
    """The first team by name, made when there is none: a channel always belongs to one."""
    known = listed(hub, actor)
    return known[0] if known else create(hub, actor, FIRST_TEAM)


def rename(hub: Hub, actor: Actor, team_id: int, name: str) -> None:
    """Raises Absent, Invalid("name", …)."""
    name = checked_name(name)
    with hub.database.transaction() as session:
        authorize(actor, Action.MANAGE_TEAM, _existing(session, team_id))
        if store.is_taken(session, name, by_other_than=team_id):
            raise Invalid("name", "taken")
        store.rename(session, team_id, name)


def add_member(hub: Hub, actor: Actor, team_id: int, email: str) -> Agent:
    """Add somebody by address. Raises Absent, Invalid("email", "unknown_person")."""
    with hub.database.transaction() as session:
        authorize(actor, Action.CHANGE_MEMBERS, _existing(session, team_id))
        agent = agents.find_by_email(session, normal_email(email))
        if agent is None or not agent.is_active:
            raise Invalid("email", "unknown_person")
        store.add_member(session, team_id, agent.id)
    return agent


def remove_member(hub: Hub, actor: Actor, team_id: int, agent_id: int) -> None:
    """Take somebody out of a team. Raises Absent."""
    with hub.database.transaction() as session:
        authorize(actor, Action.CHANGE_MEMBERS, _existing(session, team_id))
        store.remove_member(session, team_id, agent_id)


def _existing(session: Session, team_id: int) -> Team:
    team = store.find(session, team_id)
    if team is None:
        raise Absent()
    return team
