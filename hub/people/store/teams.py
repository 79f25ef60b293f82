"""Teams and their members."""

from __future__ import annotations

from datetime import datetime

from hub.kernel.database import Row, Session
from hub.people.model import Team

_ALL = "SELECT id, name FROM teams ORDER BY name, id"
_SOME = "SELECT id, name FROM teams WHERE id IN {ids team_ids} ORDER BY name, id"
_BY_ID = "SELECT id, name FROM teams WHERE id = :id"
_INSERT = """
    INSERT INTO teams (name, created_at) VALUES (:name, :at)
    ON CONFLICT (name) DO NOTHING RETURNING id"""
_NAMED = "SELECT id FROM teams WHERE name = :name AND id <> :id"
_RENAME = "UPDATE teams SET name = :name WHERE id = :id"
_ADD = """
    INSERT INTO team_members (team_id, agent_id) VALUES (:team_id, :agent_id)
    ON CONFLICT (team_id, agent_id) DO NOTHING"""
_REMOVE = "DELETE FROM team_members WHERE team_id = :team_id AND agent_id = :agent_id"


def listed(session: Session, team_ids: frozenset[int] | None) -> list[Team]:
    """Every team, or those with one of these ids, by name."""
    rows = session.all(_ALL) if team_ids is None else session.all(_SOME, team_ids=team_ids)
    return [_team(row) for row in rows]


def find(session: Session, team_id: int) -> Team | None:
    row = session.one(_BY_ID, id=team_id)
    return None if row is None else _team(row)


def insert(session: Session, name: str, *, at: datetime) -> int | None:
    """Add a team and return its id; None when the name is taken."""
    row = session.one(_INSERT, name=name, at=at)
    return None if row is None else int(row["id"])


def is_taken(session: Session, name: str, *, by_other_than: int) -> bool:
    return session.one(_NAMED, name=name, id=by_other_than) is not None


def rename(session: Session, team_id: int, name: str) -> None:
    session.run(_RENAME, id=team_id, name=name)


def add_member(session: Session, team_id: int, agent_id: int) -> None:
    session.run(_ADD, team_id=team_id, agent_id=agent_id)


def remove_member(session: Session, team_id: int, agent_id: int) -> None:
    session.run(_REMOVE, team_id=team_id, agent_id=agent_id)


def _team(row: Row) -> Team:
    return Team(id=row["id"], name=row["name"])
