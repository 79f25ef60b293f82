"""The words of this subject: agents, roles, teams, and the actor on whose behalf something is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_EMAIL = 254
MAX_NAME = 100


class Role(StrEnum):
    """What an agent is here, from the most to the least that one may do; people.authorize says what that is."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    WRITER = "writer"


class TokenScope(StrEnum):
    """What a token may be used for; never more than its agent may do.

    read: everything the agent sees. reply: answer, and hand in pictures for it. note: write notes. outbox: retry,
    mark as sent, cancel. channels: connect, check, pull, pause, resume.
    """

    READ = "read"
    REPLY = "reply"
    NOTE = "note"
    OUTBOX = "outbox"
    CHANNELS = "channels"


class Purpose(StrEnum):
    """What a one-time link is for."""

    FIRST = "first"
    INVITE = "invite"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: int
    name: str

    @property
    def team_id(self) -> int:
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person who works here.

    language: the code of a catalogue (`de`), or empty for what the browser asks for.
    time_zone: its name (`Europe/Berlin`), or empty for what the browser says.
    has_password: false until the one-time link of the invitation was used.
    """

    id: int
    email: str
    name: str
    role: Role
    team_ids: frozenset[int]
    language: str
    has_password: bool
    created_at: datetime
    deactivated_at: datetime | None
    time_zone: str = ""

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """On whose behalf something is done, as `authorize` needs it. `agent_id` is None for the operator."""

    agent_id: int | None
    name: str
    role: Role
    team_ids: frozenset[int]


OPERATOR = Actor(agent_id=None, name="", role=Role.ADMIN, team_ids=frozenset())
"""Whoever can run `hub` on the machine can read the database anyway: the command line acts as an admin."""


def actor_for(agent: Agent) -> Actor:
    return Actor(agent_id=agent.id, name=agent.name, role=agent.role, team_ids=agent.team_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A living session and who it belongs to. `csrf_token` is what every form of this session must carry."""

    session_id: int
    csrf_token: str
    agent: Agent

    @property
    def actor(self) -> Actor:
        return actor_for(self.agent)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One place where an agent is signed in, for the list on the account page."""

    id: int
    user_agent: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A one-time link that still works."""

    id: int
    agent_id: int
    purpose: Purpose
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token that programs use on an agent's behalf. `starts_with` are its first characters, to know it again by.

    used_at: exact to a minute; None when it never was.
    """

    id: int
    agent_id: int
    name: str
    starts_with: str
    scopes: frozenset[TokenScope]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A living token and the active agent on whose behalf it is used."""

    token: ApiToken
    agent: Agent

    @property
    def actor(self) -> Actor:
        return actor_for(self.agent)
