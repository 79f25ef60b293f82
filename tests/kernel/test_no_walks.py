"""No statement walks through a table that grows with the years, unless it is said here why it may.

On tables that are empty and without statistics: what is asked is whether an index fits, not what a planner guesses.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from hub.kernel.config import read_config
from hub.kernel.database import Database, open_database
from hub.kernel.migrate import migrate
from tests.kernel.test_database import STATEMENTS, _engine_of, _number

GROWING = (
    "messages|conversations|identities|threads|posts|outbox|outbox_parts|outbox_earlier_parts|message_versions"
    "|search_texts|deliveries|tombstones|events|uploads"
)
_FEW = "outbox_due|outbox_sending|outbox_stuck|deliveries_waiting|uploads_waiting"
"""Indexes that hold only what waits for something."""

_WALK = re.compile(
    rf"SCAN ({GROWING})\b(?! USING (COVERING )?INDEX ({_FEW})\b)"
    # Of a whole channel, team or state, or of everything before an id.
    rf"|SEARCH ({GROWING}) USING (?!(COVERING )?INDEX ({_FEW})\b)[\w ]+ "
    r"\((channel_id=\?|team_id=\?|state=\?|rowid<\?)\)"
)

_REFERENCES = "nothing is read while no reference hangs open, and none ever does"
_BEGINNING = "the beginning of whole statements, which are asked for themselves"
_FIRST = "reads no further than to the first that it finds, or to its limit"
MAY = {
    "hub.channels.store.channels._INSERT": _REFERENCES,
    "hub.customers.store._MEET": _REFERENCES,
    "hub.inbox.store.conversations.record._OPEN": _REFERENCES,
    "hub.inbox.store.threads._OPEN": _REFERENCES,
    "hub.inbox.store.threads._PUT_POST": _REFERENCES,
    "hub.people.store.agents._INSERT": _REFERENCES,
    "hub.people.store.teams._INSERT": _REFERENCES,
    "hub.inbox.store.conversations.lines._ANYWHERE": _BEGINNING,
    "hub.inbox.store.conversations.lines._IN_CHANNEL": _BEGINNING,
    "hub.inbox.store.conversations.lines._IN_CHANNEL_OF_TEAMS": _BEGINNING,
    "hub.inbox.store.conversations.lines._IN_TEAM": _BEGINNING,
    "hub.inbox.store.conversations.lines._LINE": _BEGINNING,
    "hub.inbox.store.conversations.lines._NEWEST_IN_TEAM": _BEGINNING,
    "hub.inbox.store.conversations.record._HAS_OPEN": _FIRST,
    "hub.inbox.store.search._END_OF_NEWEST": _FIRST,
    "hub.inbox.store.search._NEWEST": _FIRST,
    "hub.kernel.log._NEWEST": _FIRST,
    "hub.kernel.log._OLDEST": _FIRST,
    "hub.outbox.store.items._ALL_STATES": _FIRST,
    "hub.outbox.store.items._ALL_STATES_OF_TEAMS": _FIRST,
    "hub.kernel.log._FORGET": "reads only what it takes out",
    "hub.channels.webhook.store._DROP": "takes out all that there is of a channel that goes",
    "hub.inbox.store.search._EMPTY": "the index is made anew",
    "hub.inbox.store.search._ENQUEUE_ALL": "the index is made anew",
    "hub.kernel.log._FORGET_TRANSACTIONS": "once, when an archive was brought in",
    "hub.people.store.agents._FORGET": "of the first administrator, before anybody else is there",
    "hub.doctor.store._NEWEST_EVENT": "of two weeks, by hand",
    "hub.inbox.store.uploads._EXPIRED": "pictures of replies, every few minutes at most",
    "hub.web.store._OPEN": "the metrics count what is open",
}
"""Who may walk, and why."""

# Only these states of the outbox grow: the first of those sent are at hand, and nobody counts or lists what was
# cancelled but the API, page by page.
_SETTLED = re.compile(r"outbox\.state = '(sent|cancelled)'")


def walks_on_sqlite(database: Database, statement: str) -> list[str]:
    names = re.findall(r"(?<![:\w]):(\w+)", database.dialect.translate(statement))
    with database.reading() as session:
        plan = session.all(f"EXPLAIN QUERY PLAN {statement}", **dict.fromkeys(names))
    return [row["detail"] for row in plan if _WALK.match(row["detail"])]


def walks_on_postgresql(database: Database, statement: str) -> list[str]:
    spelled = database.dialect.translate(statement)
    numbered = re.sub(r"%\((\w+)\)s", lambda match: f"${_number(spelled, match[1])}", spelled)
    count = len(set(re.findall(r"%\((\w+)\)s", spelled)))
    arguments = f"({', '.join(['NULL'] * count)})" if count else ""
    with database.transaction() as session:
        for setting in ("enable_seqscan = off", "plan_cache_mode = force_generic_plan"):
            session._execute(f"SET LOCAL {setting}", None)  # type: ignore[arg-type]
        session._execute(f"PREPARE walking AS {numbered}".replace("%%", "%"), None)  # type: ignore[arg-type]
        _, plan = session.tuples(f"EXPLAIN EXECUTE walking{arguments}")
        session._execute("DEALLOCATE walking", None)  # type: ignore[arg-type]
    return [line for (line,) in plan if re.search(rf"Seq Scan on ({GROWING})\b", line)]


def _walks(database: Database) -> list[str]:
    walks = walks_on_sqlite if database.dialect.name == "sqlite" else walks_on_postgresql
    return [
        f"{name}: {found}"
        for name, statement in STATEMENTS
        if _engine_of(name) in (None, database.dialect.name)
        and not name.startswith("hub.archive.")
        and name not in MAY
        and not _SETTLED.search(statement)
        and (found := walks(database, statement))
    ]


def test_no_statement_walks_through_what_grows(tmp_path: Path, engine_url: str) -> None:
    with contextlib.closing(open_database(read_config({"HUB_DATABASE_URL": engine_url}, data=tmp_path))) as database:
        migrate(database)
        assert _walks(database) == []


def test_a_walk_is_noticed(tmp_path: Path, engine_url: str) -> None:
    with contextlib.closing(open_database(read_config({"HUB_DATABASE_URL": engine_url}, data=tmp_path))) as database:
        migrate(database)
        walks = walks_on_sqlite if not engine_url else walks_on_postgresql
        assert walks(database, "SELECT id FROM messages WHERE text = :text")
        assert walks(database, "UPDATE conversations SET unread = 0 WHERE snippet = :snippet")
        assert not walks(database, "SELECT id FROM messages WHERE conversation_id = :id")


def test_nobody_may_walk_who_is_not_there() -> None:
    assert MAY.keys() <= {name for name, _ in STATEMENTS}
