"""Fills an installation with conversations, quickly: the tables and rows that ingest would have made, in bulk."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks import bulk
from benchmarks.floor.conversations import TEAMS, Shape
from benchmarks.progress import Progress
from benchmarks.rows import Rows
from hub.channels import store as channels
from hub.channels.model import Connection
from hub.connector import Author, Check
from hub.kernel.clock import system_clock, to_micros
from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.people import agents, sessions, teams, tokens
from hub.people.model import OPERATOR, Role, TokenScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A filled installation. Team n of the shape is team_ids[n] with its one channel, channel_ids[n]."""

    config: Config
    shape: Shape | None
    team_ids: tuple[int, ...]
    channel_ids: tuple[int, ...]


def build(
    folder: Path, shape: Shape | None = None, *, database_url: str = "", progress: Progress | None = None
) -> Filled:
    """Make an installation with a shape's conversations in it or empty, on SQLite or an empty PostgreSQL database."""
    config = read_config({"HUB_DATABASE_URL": database_url}, data=folder)
    prepare(config)
    with contextlib.closing(open_hub(config)) as hub:
        team_ids = tuple(teams.create(hub, OPERATOR, f"Team {number}").id for number in range(TEAMS))
        channel_ids = tuple(_connect(hub, number, team_id) for number, team_id in enumerate(team_ids))
    if shape is not None:
        rows = Rows(shape=shape, team_ids=team_ids, channel_ids=channel_ids)
        bulk.fill(config, rows, progress or Progress(tell=lambda text: None))
    return Filled(config=config, shape=shape, team_ids=team_ids, channel_ids=channel_ids)


def agent_of(hub: Hub, name: str, team_ids: Sequence[int]) -> int:
    """Add an agent of these teams; returns its id."""
    email = f"{name}@brightwater.example"
    return agents.add(hub, OPERATOR, email=email, name=name.title(), role=Role.AGENT, team_ids=team_ids).id


def sign_in(hub: Hub, name: str, team_ids: Sequence[int]) -> str:
    """Add an agent of these teams and begin a session; returns its token."""
    agent_id = agent_of(hub, name, team_ids)
    with hub.database.transaction() as session:
        return sessions.start(session, hub, agent_id, user_agent="benchmark")


def token_of(hub: Hub, agent_id: int) -> str:
    """A token with which a program reads as this agent."""
    return tokens.create(hub, OPERATOR, agent_id, name="benchmark", scopes=[TokenScope.READ])[1]


def _connect(hub: Hub, number: int, team_id: int) -> int:
    check = Check(account=Author(id=f"us{number}", handle="@brightwater", name="Brightwater", is_us=True))
    with hub.database.transaction() as session:
        channel_id = channels.add(
            session,
            Connection(
                name=f"@brightwater {number}",
                team_id=team_id,
                settings={"account": "@brightwater", "talk": "0"},
                sealed=hub.secrets.seal("{}"),
                check=check,
            ),
            kind="sandbox",
            now=hub.clock(),
        )
    assert channel_id is not None
    return channel_id


def unix_now() -> int:
    now: datetime = system_clock()
    return to_micros(now) // 1_000_000
