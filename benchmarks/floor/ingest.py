"""Ingest by raw sqlite3: contact, conversation and message upserted, nothing else; a durable transaction each page."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import nh3

from benchmarks.floor.conversations import Arrival
from hub.kernel.sqlite import sqlite3

_CONTACT = """
    INSERT INTO contact(channel,handle,name,seen_at) VALUES(?,?,?,?)
    ON CONFLICT(channel,handle) DO UPDATE SET seen_at=excluded.seen_at RETURNING id"""
_CONVERSATION = """
    INSERT INTO conversation(team_id,contact_id,channel,thread,last_at,snippet,unread) VALUES(?,?,?,?,?,?,1)
    ON CONFLICT(channel,thread) DO UPDATE SET last_at=excluded.last_at, snippet=excluded.snippet,
        unread=conversation.unread+1, status='open' RETURNING id"""
_MESSAGE = """
    INSERT INTO message(conversation_id,contact_id,channel,ext_id,direction,body,created_at) VALUES(?,?,?,?,'in',?,?)
    ON CONFLICT(channel,ext_id) DO NOTHING RETURNING id"""
_SEARCH = "INSERT INTO message_fts(rowid,body) VALUES(?,?)"


def ingest(file: Path, pages: Sequence[Sequence[Arrival]], *, with_html: bool, with_search: bool) -> float:
    """Take the pages in and return the seconds it took."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-65536")
        execute = connection.execute
        began = perf_counter()
        for page in pages:
            execute("BEGIN IMMEDIATE")
            for message in page:
                take(execute, message, with_html, with_search)
            execute("COMMIT")
        return perf_counter() - began


def take(execute: Callable[..., sqlite3.Cursor], message: Arrival, with_html: bool, with_search: bool) -> None:
    """Take one message in, within a transaction of the caller's."""
    text = nh3.clean(f"<p>{message.body}</p>") if with_html else message.body
    handle, name = f"u{message.contact}@example.social", f"User {message.contact}"
    contact = execute(_CONTACT, ("mastodon", handle, name, message.at)).fetchone()[0]
    conversation = execute(
        _CONVERSATION,
        (message.team, contact, "mastodon", f"t{message.thread}", message.at, message.body[:120]),
    ).fetchone()[0]
    stored = execute(_MESSAGE, (conversation, contact, "mastodon", message.remote_id, text, message.at)).fetchone()
    if with_search and stored:
        execute(_SEARCH, (stored[0], message.body))
