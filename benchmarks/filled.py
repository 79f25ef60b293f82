"""Fills an installation with conversations, quickly: the tables and rows that ingest would have made, in bulk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.floor.conversations import TEAMS, Shape
from hub.channels import store as channels
from hub.channels.model import Connection
from hub.connector import Author, Check
from hub.inbox import indexing
from hub.inbox.store import search
from hub.kernel.clock import system_clock, to_micros
from hub.kernel.config import Config, read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.people import agents, sessions, teams, tokens
from hub.people.model import OPERATOR, Role, TokenScope

_SECOND = 1_000_000

Rows = Iterator[tuple[object, ...]]

_COLUMNS = {
    "identities": "id channel_id remote_id handle name trust seen_at",
    "threads": "id channel_id root_remote_id",
    "conversations": "id channel_id team_id thread_id identity_id state kind visibility snippet last_direction last_at"
    " unread created_at",
    "messages": "id channel_id remote_id revision pull thread_id conversation_id identity_id direction origin kind"
    " visibility text created_at received_at raw",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A filled installation. Team n of the shape is team_ids[n] with its one channel, channel_ids[n]."""

    config: Config
    shape: Shape | None
    team_ids: tuple[int, ...]
    channel_ids: tuple[int, ...]


def build(folder: Path, shape: Shape | None = None, *, database_url: str = "") -> Filled:
    """Make an installation with a shape's conversations in it or empty, on SQLite or an empty PostgreSQL database."""
    config = read_config({"HUB_DATABASE_URL": database_url}, data=folder)
    prepare(config)
    with contextlib.closing(open_hub(config)) as hub:
        team_ids = tuple(teams.create(hub, OPERATOR, f"Team {number}").id for number in range(TEAMS))
        channel_ids = tuple(_connect(hub, number, team_id) for number, team_id in enumerate(team_ids))
    filled = Filled(config=config, shape=shape, team_ids=team_ids, channel_ids=channel_ids)
    if shape is not None:
        fill = _fill_postgresql if database_url else _fill_sqlite
        fill(config, _tables(filled, shape))
        with contextlib.closing(open_hub(config)) as hub:
            _index(hub)
    return filled


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


def _index(hub: Hub) -> None:
    """Sweep every message into the search index, as the worker would."""
    with hub.database.transaction() as session:
        search.start_anew(session)
    while indexing.sweep(hub):
        pass


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


def _tables(filled: Filled, shape: Shape) -> dict[str, Rows]:
    return {
        "identities": _identities(filled, shape),
        "threads": _threads(filled, shape),
        "conversations": _conversations(filled, shape),
        "messages": _messages(filled, shape),
    }


def _identities(filled: Filled, shape: Shape) -> Rows:
    for contact in range(shape.contacts):
        channel_id = filled.channel_ids[contact % TEAMS]
        handle, name = f"u{contact}@example.social", f"User {contact}"
        yield (contact + 1, channel_id, f"u{contact}", handle, name, "network", 0)


def _threads(filled: Filled, shape: Shape) -> Rows:
    for each in shape.all_conversations():
        yield (each.number, filled.channel_ids[each.team], f"t{each.number}")


def _conversations(filled: Filled, shape: Shape) -> Rows:
    for each in shape.all_conversations():
        yield (
            each.number,
            filled.channel_ids[each.team],
            filled.team_ids[each.team],
            each.number,
            each.contact + 1,
            "open" if each.is_open else "resolved",
            "mention",
            "public",
            shape.text(each, each.size - 1)[:120],
            "in",
            each.last_at * _SECOND,
            each.unread,
            each.last_at * _SECOND,
        )


def _messages(filled: Filled, shape: Shape) -> Rows:
    for number, (each, position, at) in enumerate(shape.all_messages(), 1):
        yield (
            number,
            filled.channel_ids[each.team],
            f"m{number}",
            "1",
            1,
            each.number,
            each.number,
            each.contact + 1,
            "in",
            "remote",
            "mention",
            "public",
            shape.text(each, position),
            at * _SECOND,
            at * _SECOND,
            "{}",
        )


def _fill_sqlite(config: Config, tables: dict[str, Rows]) -> None:
    from hub.kernel.sqlite import connect

    with contextlib.closing(connect(config.database_file)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-500000")
        connection.execute("BEGIN")
        for table, rows in tables.items():
            columns = _COLUMNS[table].split()
            holes = ", ".join("?" for _ in columns)
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({holes})", rows)  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill_postgresql(config: Config, tables: dict[str, Rows]) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(config.database_url) as connection, connection.cursor() as cursor:
        for table, rows in tables.items():
            columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS[table].split()))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(
                sql.SQL("SELECT setval(pg_get_serial_sequence({0}, 'id'), max(id)) FROM {1}").format(
                    sql.Literal(table), sql.Identifier(table)
                )
            )
        connection.commit()
        # The server would do it by itself within a minute.
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")


def unix_now() -> int:
    now: datetime = system_clock()
    return to_micros(now) // _SECOND
