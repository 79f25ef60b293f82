"""What is promised to be there once is refused a second time by the database itself, whoever forgets to look."""

from __future__ import annotations

import pytest

from hub.api import store as requests
from hub.archive.store.tables import column_names
from hub.channels.webhook import store as webhook
from hub.connector import Delivery
from hub.testing.fake import FakeNetwork
from tests.desk import Desk

ONCE = {
    "an event of a network": ("messages", {}),
    "a deletion that came before its message": ("tombstones", {}),
    "somebody at a network": ("identities", {}),
    "a conversation with somebody in a thread": ("conversations", {}),
    "a press of the button": ("outbox", {"key": "'another'"}),
    "what a network is told to know a reply by": ("outbox", {"client_key": "NULL"}),
    "a part of a reply": ("outbox_parts", {}),
    "a delivery of a webhook": ("deliveries", {}),
    "a request under its key": ("idempotency_keys", {}),
    "a channel of an account": ("channels", {}),
}

_TOKEN = """
    INSERT INTO tokens (agent_id, name, token_hash, starts_with, scopes, created_at)
    VALUES (:agent_id, 'shop', 'x', 'x', '', :now) RETURNING id"""


@pytest.fixture
def lived_in(desk: Desk, fake: FakeNetwork) -> Desk:
    """A row in each of these tables."""
    fake.says("hello").deletes("never seen")
    desk.pulls()
    desk.answers("yes")
    desk.waits(11)
    now = desk.hub.clock()
    with desk.hub.database.transaction() as session:
        session.run("DELETE FROM messages WHERE direction = 'out'")
        webhook.keep(session, desk.channel_id, "d1", Delivery(body=b"{}", headers={}, received_at=now), headers={})
        token = session.insert(_TOKEN, agent_id=desk.agent, now=now)
        requests.begin(session, token, "key", fingerprint="", at=now)
    return desk


def test_a_second_one_is_refused(lived_in: Desk) -> None:
    assert [what for what, (table, another) in ONCE.items() if not is_refused(lived_in, table, another)] == []


def is_refused(desk: Desk, table: str, another: dict[str, str]) -> bool:
    """Whether every row there is cannot be there once more, with `another` value in some columns."""
    with desk.hub.database.reading() as session:
        assert session.all(f"SELECT 1 AS yes FROM {table}"), f"no row in {table}"  # noqa: S608
        columns = [name for name in column_names(session, table) if name != "id"]
    copied = ", ".join(another.get(name, name) for name in columns)
    try:
        with desk.hub.database.transaction() as session:
            session.run(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table}")  # noqa: S608
    except Exception as error:
        return "unique constraint" in str(error).lower()
    return False
