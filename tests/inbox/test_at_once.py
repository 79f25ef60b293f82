"""Two who write into one conversation at the same moment, on the engine where they can."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.inbox.refresh import refresh
from hub.inbox.store import notes
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from tests.inbox.installation import Stage, installation
from tests.postgres import PostgresServer


@pytest.fixture
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, postgres_template: str
) -> Iterator[Hub]:
    url = postgres_server.create(postgres_template)
    with installation(tmp_path_factory.mktemp("postgresql"), url) as hub:
        yield hub
    postgres_server.drop(url)


def test_whoever_has_written_only_a_message_keeps_nobody_from_bringing_the_list_up_to_date(on_postgresql: Hub) -> None:
    """Both write a message, then both want the conversation: if that waited for messages, both would wait for ever."""
    stage = Stage(on_postgresql)
    stage.fake.says("hello")
    stage.pulls()
    conversation_id = stage.conversation_id

    def writes(session: Session, text: str) -> None:
        found = session.one("SELECT thread_id FROM conversations WHERE id = :id", id=conversation_id)
        assert found is not None
        notes.add(
            session,
            channel_id=stage.channel_id,
            thread_id=found["thread_id"],
            conversation_id=conversation_id,
            agent_id=stage.agent,
            client_key=text,
            text=text,
            now=on_postgresql.clock(),
        )

    def writes_and_refreshes() -> None:
        with on_postgresql.database.transaction() as session:
            writes(session, "second")
            refresh(session, conversation_id)

    with ThreadPoolExecutor(1) as others, on_postgresql.database.transaction() as first:
        writes(first, "first")
        others.submit(writes_and_refreshes).result(timeout=200)
        refresh(first, conversation_id)
