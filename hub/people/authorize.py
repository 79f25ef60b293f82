"""Who may do what: the one place that decides, and the whole answer as a table.

Whoever may not is told `Absent`, exactly as if the object did not exist: a foreign id says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Protocol

from hub.errors import Absent
from hub.people.model import Actor, Role


class Action(StrEnum):
    READ_CONVERSATION = "read_conversation"
    REPLY = "reply"
    NOTE = "note"
    READ_CHANNEL = "read_channel"
    MANAGE_CHANNEL = "manage_channel"  # connect, change, pause, resume, pull now
    REMOVE_CHANNEL = "remove_channel"
    READ_OUTBOX = "read_outbox"
    RETRY_OUTBOX = "retry_outbox"
    CANCEL_OUTBOX = "cancel_outbox"
    MARK_SENT = "mark_sent"
    READ_PEOPLE = "read_people"
    INVITE = "invite"
    CHANGE_ROLE = "change_role"
    DEACTIVATE = "deactivate"
    RESET_SIGN_IN = "reset_sign_in"
    MANAGE_TOKENS = "manage_tokens"  # make, list, revoke
    MANAGE_TEAM = "manage_team"  # create, rename
    CHANGE_MEMBERS = "change_members"


class Scope(Enum):
    NOWHERE = 0
    OWN_TEAMS = 1
    EVERYWHERE = 2


class OfTeam(Protocol):
    """An object that belongs to one team: a conversation, a channel, an outbox item, a team."""

    @property
    def team_id(self) -> int: ...


class OfTeams(Protocol):
    """An object that belongs to several teams: an agent."""

    @property
    def team_ids(self) -> frozenset[int]: ...


_NO, _OWN, _ALL = Scope.NOWHERE, Scope.OWN_TEAMS, Scope.EVERYWHERE

_TABLE: dict[Action, tuple[Scope, Scope, Scope, Scope]] = {
    # action                     admin supervisor agent writer
    Action.READ_CONVERSATION: (_ALL, _OWN, _OWN, _OWN),
    Action.REPLY: (_ALL, _OWN, _OWN, _NO),
    Action.NOTE: (_ALL, _OWN, _OWN, _OWN),
    Action.READ_CHANNEL: (_ALL, _OWN, _OWN, _OWN),
    Action.MANAGE_CHANNEL: (_ALL, _OWN, _NO, _NO),
    Action.REMOVE_CHANNEL: (_ALL, _NO, _NO, _NO),
    Action.READ_OUTBOX: (_ALL, _OWN, _OWN, _NO),
    Action.RETRY_OUTBOX: (_ALL, _OWN, _OWN, _NO),
    Action.CANCEL_OUTBOX: (_ALL, _OWN, _OWN, _NO),
    Action.MARK_SENT: (_ALL, _OWN, _OWN, _NO),
    Action.READ_PEOPLE: (_ALL, _OWN, _NO, _NO),
    Action.INVITE: (_ALL, _NO, _NO, _NO),
    Action.CHANGE_ROLE: (_ALL, _NO, _NO, _NO),
    Action.DEACTIVATE: (_ALL, _NO, _NO, _NO),
    Action.RESET_SIGN_IN: (_ALL, _NO, _NO, _NO),
    Action.MANAGE_TOKENS: (_ALL, _NO, _NO, _NO),
    Action.MANAGE_TEAM: (_ALL, _NO, _NO, _NO),
    Action.CHANGE_MEMBERS: (_ALL, _OWN, _NO, _NO),
}

MATRIX: Mapping[Action, Mapping[Role, Scope]] = {
    action: dict(zip(Role, scopes, strict=True)) for action, scopes in _TABLE.items()
}


def authorize(actor: Actor, action: Action, obj: OfTeam | OfTeams | None = None) -> None:
    """Return when the actor may do this to the object, else raise Absent.

    Without an object it asks whether the actor may do it anywhere at all: right for a menu or an empty form, never
    enough for work on something that has a team.
    """
    if not may(actor, action, obj):
        raise Absent()


def may(actor: Actor, action: Action, obj: OfTeam | OfTeams | None = None) -> bool:
    """The same question for a page that only wants to know whether to show a button."""
    scope = MATRIX[action][actor.role]
    if scope is Scope.EVERYWHERE or (scope is Scope.OWN_TEAMS and obj is None):
        return True
    return scope is Scope.OWN_TEAMS and obj is not None and not actor.team_ids.isdisjoint(_teams_of(obj))


def visible_teams(actor: Actor) -> frozenset[int] | None:
    """The teams whose things this actor may list; None means every team. Lists are queried by it, never filtered."""
    return None if actor.role is Role.ADMIN else actor.team_ids


def _teams_of(obj: OfTeam | OfTeams) -> frozenset[int]:
    many: frozenset[int] | None = getattr(obj, "team_ids", None)
    return many if many is not None else frozenset({getattr(obj, "team_id")})  # noqa: B009 - either protocol
