"""What pages and pulls ask again and again is read from an index, however many conversations are done with."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.inbox.model import ConversationState
from hub.inbox.store import intake, search
from hub.inbox.store.conversations.lines import _LISTS
from hub.inbox.store.conversations.record import _HAS_OPEN
from hub.kernel.config import read_config
from hub.kernel.database import Database, open_database
from hub.kernel.migrate import migrate

_OPEN = ConversationState.OPEN
_MARK: dict[str, object] = {"last_at": 2**52, "id": 2**62, "limit": 51}
_NEEDLES: dict[str, object] = {"needle": " tea ", "needles": [" tea ", " late "]}
_ABOVE: dict[str, object] = {
    **search.Reach(teams=(1,)).params,
    "conversation_id": 1,
    "since": 0,
    "mark": 1,
    **_NEEDLES,
}

ASKED = {
    "open of a team": (_LISTS["team", _OPEN], {"team_id": 1, **_MARK}, "conversations_open_team"),
    "open of all": (_LISTS["all", _OPEN], _MARK, "conversations_open_newest"),
    "open of a channel": (_LISTS["channel", _OPEN], {"channel_id": 1, **_MARK}, "conversations_open_ch"),
    "open of a channel and of teams": (
        _LISTS["channel of teams", _OPEN],
        {"channel_id": 1, "teams": [1], **_MARK},
        "conversations_open_channel",
    ),
    "all of a team": (_LISTS["team", None], {"team_id": 1, **_MARK}, "conversations_team"),
    "what waits for a team": (
        _LISTS["team", ConversationState.WAITING],
        {"team_id": 1, **_MARK},
        "conversations_waiting_team",
    ),
    "is any open": (_HAS_OPEN, {"channel_id": 1}, "conversations_open_channel"),
    "newest hits": (search._HITS, {"query": '"tea"', "before": 2**62, "most": 200}, "search_texts_fts VIRTUAL TABLE"),
    "newest words": (
        search._NEWEST,
        {"needle": " tea ", "needles": [], "before": 2**62, "rows": 250},
        "INTEGER PRIMARY KEY",
    ),
    "the sweep's portion": (search._QUEUED, {"most": 1000}, "INTEGER PRIMARY KEY"),
    "was it shown": (search._ABOVE, _ABOVE, "messages_conversation"),
    "answers": (intake._CHILDREN, {"channel_id": 1, "remote_ids": ["m1"]}, "messages_parent"),
}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_database(read_config({}, data=tmp_path))
    migrate(opened)
    return opened


@pytest.mark.parametrize("asked", ASKED)
def test_a_question_is_answered_from_its_index(database: Database, asked: str) -> None:
    statement, params, index = ASKED[asked]
    with database.reading() as session:
        plan = [row["detail"] for row in session.all(f"EXPLAIN QUERY PLAN {statement}", **params)]
    assert any(index in step for step in plan), plan
    assert not any(step.startswith("SCAN messages") or "TEMP B-TREE" in step for step in plan), plan
    database.close()
