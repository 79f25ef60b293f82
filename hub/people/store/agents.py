"""Agents and the teams they are in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hub.kernel.clock import from_micros
from hub.kernel.database import Row, Session
from hub.people.model import Agent, Role

_COLUMNS = "id, email, name, role, language, time_zone, password_hash, created_at, deactivated_at"

_BY_ID = f"SELECT {_COLUMNS} FROM agents WHERE id = :id"  # noqa: S608 - constants only
_BY_EMAIL = f"SELECT {_COLUMNS} FROM agents WHERE email = :email"  # noqa: S608
_ALL = f"SELECT {_COLUMNS} FROM agents ORDER BY name, id"  # noqa: S608
_IN_TEAMS = f"""
    SELECT {_COLUMNS} FROM agents
    WHERE id IN (SELECT agent_id FROM team_members WHERE team_id IN {{ids team_ids}})
    ORDER BY name, id"""  # noqa: S608
_TEAM_IDS = "SELECT team_id FROM team_members WHERE agent_id = :agent_id"
_MEMBERSHIPS = "SELECT agent_id, team_id FROM team_members"
_PASSWORD_HASH = "SELECT password_hash FROM agents WHERE id = :id"
_ADMINS = """
    SELECT id, password_hash FROM agents WHERE role = 'admin' AND deactivated_at IS NULL ORDER BY id {for_update}"""
_WAITING = """
    SELECT id FROM agents
    WHERE role = 'admin' AND deactivated_at IS NULL AND password_hash IS NULL ORDER BY id LIMIT 1"""
_ADMIN_WITH_PASSWORD = """
    SELECT id FROM agents WHERE role = 'admin' AND password_hash IS NOT NULL AND deactivated_at IS NULL LIMIT 1"""

_INSERT = """
    INSERT INTO agents (email, name, role, password_hash, created_at)
    VALUES (:email, :name, :role, :password_hash, :at)
    ON CONFLICT (email) DO NOTHING RETURNING id"""
_SET_NAME = "UPDATE agents SET name = :name WHERE id = :id"
_SET_EMAIL = "UPDATE agents SET email = :email WHERE id = :id"
_SET_LANGUAGE = "UPDATE agents SET language = :language WHERE id = :id"
_SET_TIME_ZONE = "UPDATE agents SET time_zone = :time_zone WHERE id = :id"
_SET_ROLE = "UPDATE agents SET role = :role WHERE id = :id"
_SET_PASSWORD = "UPDATE agents SET password_hash = :password_hash WHERE id = :id"
_REHASH = "UPDATE agents SET password_hash = :new WHERE id = :id AND password_hash = :old"
_UNUSED = """
    SELECT id FROM agents
    WHERE email = :email AND password_hash IS NULL AND NOT EXISTS (SELECT 1 FROM tokens WHERE agent_id = agents.id)"""
_FORGET_LINKS = "DELETE FROM sign_in_links WHERE agent_id = :id"
_FORGET_MEMBERSHIPS = "DELETE FROM team_members WHERE agent_id = :id"
_FORGET = "DELETE FROM agents WHERE id = :id"
_DEACTIVATE = "UPDATE agents SET deactivated_at = :at WHERE id = :id AND deactivated_at IS NULL"
_REACTIVATE = "UPDATE agents SET deactivated_at = NULL WHERE id = :id"


def find(session: Session, agent_id: int) -> Agent | None:
    row = session.one(_BY_ID, id=agent_id)
    return None if row is None else _agent(row, _team_ids(session, agent_id))


def find_by_email(session: Session, email: str) -> Agent | None:
    row = session.one(_BY_EMAIL, email=email)
    return None if row is None else _agent(row, _team_ids(session, row["id"]))


def listed(session: Session, team_ids: frozenset[int] | None) -> list[Agent]:
    """Everybody, or everybody who is in one of these teams, by name."""
    rows = session.all(_ALL) if team_ids is None else session.all(_IN_TEAMS, team_ids=team_ids)
    teams: dict[int, set[int]] = {}
    for row in session.all(_MEMBERSHIPS):
        teams.setdefault(row["agent_id"], set()).add(row["team_id"])
    return [_agent(row, teams.get(row["id"], ())) for row in rows]


def password_hash(session: Session, agent_id: int) -> str | None:
    row = session.one(_PASSWORD_HASH, id=agent_id)
    return None if row is None else row["password_hash"]


def active_admins(session: Session) -> dict[int, bool]:
    """Each admin and whether they have a password, held until the transaction ends: of two changes at once the second
    waits."""
    return {row["id"]: row["password_hash"] is not None for row in session.all(_ADMINS)}


def admin_without_password(session: Session) -> int | None:
    row = session.one(_WAITING)
    return None if row is None else int(row["id"])


def an_admin_has_a_password(session: Session) -> bool:
    """Whether somebody can sign in and let others in."""
    return session.one(_ADMIN_WITH_PASSWORD) is not None


def insert(session: Session, *, email: str, name: str, role: Role, hashed: str | None, at: datetime) -> int | None:
    """Add an agent and return the id; None when the address is taken."""
    row = session.one(_INSERT, email=email, name=name, role=role.value, password_hash=hashed, at=at)
    return None if row is None else int(row["id"])


def forget_unused(session: Session, email: str) -> None:
    """Take out somebody who never had a password or a token, with their links; nothing else points to them."""
    row = session.one(_UNUSED, email=email)
    if row is not None:
        for statement in (_FORGET_LINKS, _FORGET_MEMBERSHIPS, _FORGET):
            session.run(statement, id=row["id"])


def set_name(session: Session, agent_id: int, name: str) -> None:
    session.run(_SET_NAME, id=agent_id, name=name)


def set_email(session: Session, agent_id: int, email: str) -> None:
    session.run(_SET_EMAIL, id=agent_id, email=email)


def set_language(session: Session, agent_id: int, language: str) -> None:
    session.run(_SET_LANGUAGE, id=agent_id, language=language)


def set_time_zone(session: Session, agent_id: int, time_zone: str) -> None:
    session.run(_SET_TIME_ZONE, id=agent_id, time_zone=time_zone)


def set_role(session: Session, agent_id: int, role: Role) -> None:
    session.run(_SET_ROLE, id=agent_id, role=role.value)


def set_password(session: Session, agent_id: int, hashed: str) -> None:
    session.run(_SET_PASSWORD, id=agent_id, password_hash=hashed)


def rehash(session: Session, agent_id: int, *, old: str, new: str) -> None:
    """Replace a hash by a stronger one of the same password, unless the password was changed meanwhile."""
    session.run(_REHASH, id=agent_id, old=old, new=new)


def deactivate(session: Session, agent_id: int, *, at: datetime) -> None:
    session.run(_DEACTIVATE, id=agent_id, at=at)


def reactivate(session: Session, agent_id: int) -> None:
    session.run(_REACTIVATE, id=agent_id)


def _team_ids(session: Session, agent_id: int) -> list[int]:
    return [row["team_id"] for row in session.all(_TEAM_IDS, agent_id=agent_id)]


def _agent(row: Row, team_ids: Iterable[int]) -> Agent:
    return Agent(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        team_ids=frozenset(team_ids),
        language=row["language"],
        time_zone=row["time_zone"],
        has_password=row["password_hash"] is not None,
        created_at=from_micros(row["created_at"]),
        deactivated_at=None if row["deactivated_at"] is None else from_micros(row["deactivated_at"]),
    )
