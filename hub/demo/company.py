"""Brightwater: its teams, its people, its accounts on the sandbox network. Made once, found again after that."""

from __future__ import annotations

from dataclasses import dataclass

from hub.channels.connect import add_channel
from hub.channels.connectors import Connectors
from hub.kernel.hub import Hub
from hub.people import agents, teams
from hub.people.model import OPERATOR, Agent, Role

DACH, BALKANS, PARTNER = "Care DACH", "Care Balkans", "Partner · Helpline 24"
ADMIN, ANA, JONAS = "admin@brightwater.example", "ana@brightwater.example", "jonas@brightwater.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    email: str
    name: str
    role: Role
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """talk: conversations an hour that people start once the story is told."""

    handle: str
    team: str
    talk: int


TEAMS = (DACH, BALKANS, PARTNER)
EMPLOYEES = (
    Employee(email=ADMIN, name="Admin", role=Role.ADMIN),
    Employee(email=ANA, name="Ana Kovač", role=Role.AGENT, teams=(DACH, BALKANS)),
    Employee(email=JONAS, name="Jonas Weber", role=Role.AGENT, teams=(DACH,)),
    Employee(email="mira@brightwater.example", name="Mira Lindqvist", role=Role.WRITER, teams=(DACH,)),
    Employee(email="petra@brightwater.example", name="Petra Novak", role=Role.SUPERVISOR, teams=TEAMS),
)
ACCOUNTS = (
    Account(handle="@brightwater", team=DACH, talk=20),
    # Nobody starts here by themselves: the same openings on two accounts would look like a fault.
    Account(handle="@brightwater_balkan", team=BALKANS, talk=0),
)
VISITORS = (ADMIN, ANA)
"""Whose work a visitor may try; they get a link, the others are there."""


def found(hub: Hub) -> dict[str, Agent]:
    """Make the teams and people that are missing; returns the people by address."""
    known_teams = {team.name: team.id for team in teams.listed(hub, OPERATOR)}
    for name in TEAMS:
        if name not in known_teams:
            known_teams[name] = teams.create(hub, OPERATOR, name).id
    known = {agent.email: agent for agent in agents.listed(hub, OPERATOR)}
    for one in EMPLOYEES:
        if one.email not in known:
            known[one.email] = agents.add(
                hub,
                OPERATOR,
                email=one.email,
                name=one.name,
                role=one.role,
                team_ids=[known_teams[name] for name in one.teams],
            )
    return known


def connect(hub: Hub, connectors: Connectors) -> dict[str, int]:
    """Connect the accounts, each once however often it is asked for; returns the channels' ids by handle."""
    team_ids = {team.name: team.id for team in teams.listed(hub, OPERATOR)}
    return {account.handle: _connect(hub, connectors, account, team_ids[account.team]) for account in ACCOUNTS}


def _connect(hub: Hub, connectors: Connectors, account: Account, team_id: int) -> int:
    return add_channel(
        hub,
        connectors,
        kind="sandbox",
        name=account.handle,
        team_id=team_id,
        values={"account": account.handle, "talk": str(account.talk)},
        client_key=f"demo {account.handle}",
    ).id


def invitations(hub: Hub) -> dict[str, str]:
    """A one-time link for each visitor's part that nobody has taken yet, by name; each call replaces the last."""
    people = {agent.email: agent for agent in agents.listed(hub, OPERATOR)}
    free = [people[email] for email in VISITORS if email in people]
    return {
        agent.name: agents.reset(hub, OPERATOR, agent.id)
        for agent in free
        if not agent.has_password and agent.is_active
    }
