"""What is in the store when everything was taken in, named by remote ids alone, so that two histories compare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hub.kernel.database import Session

_MESSAGES = """
    SELECT messages.*, identities.remote_id AS author, outbox.client_key AS written,
        (SELECT min(remote_id) FROM messages same WHERE same.thread_id = messages.thread_id) AS thread
    FROM messages LEFT JOIN identities ON identities.id = messages.identity_id
    LEFT JOIN outbox ON outbox.id = messages.outbox_id WHERE messages.channel_id = :channel_id"""

_CONVERSATIONS = """
    SELECT conversations.*, identities.remote_id AS author,
        (SELECT min(remote_id) FROM messages WHERE thread_id = conversations.thread_id) AS thread,
        (SELECT count(*) FROM messages WHERE conversation_id = conversations.id) AS messages
    FROM conversations JOIN identities ON identities.id = conversations.identity_id
    WHERE conversations.channel_id = :channel_id AND merged_into IS NULL"""

_TOMBSTONES = "SELECT remote_id, deleted_by FROM tombstones WHERE channel_id = :channel_id ORDER BY remote_id"

_IDENTITIES = "SELECT remote_id, name, handle, trust, is_us FROM identities WHERE channel_id = :channel_id"

_POSTS = """
    SELECT posts.title, (SELECT min(remote_id) FROM messages WHERE thread_id = threads.id) AS thread
    FROM threads JOIN posts ON posts.id = threads.post_id WHERE threads.channel_id = :channel_id"""

_EMPTY_THREADS = """
    SELECT count(*) AS found FROM threads WHERE channel_id = :channel_id AND merged_into IS NULL
    AND NOT EXISTS (SELECT 1 FROM messages WHERE thread_id = threads.id)"""

_ASTRAY = """
    SELECT count(*) AS found FROM messages JOIN conversations ON conversations.id = messages.conversation_id
    WHERE messages.channel_id = :channel_id
      AND (conversations.merged_into IS NOT NULL OR conversations.thread_id <> messages.thread_id)"""

_OF_MESSAGE = (
    "text", "revision", "author", "thread", "parent_remote_id", "direction", "origin", "kind", "addressed",
    "moderation", "edited_at", "deleted_by", "history", "written",
)  # fmt: skip
_OF_CONVERSATION = (
    "author", "thread", "state", "kind", "visibility", "language", "snippet", "last_direction", "last_at", "unread",
    "messages",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalState:
    messages: dict[str | None, dict[str, Any]]
    conversations: dict[tuple[str, str], dict[str, Any]]
    tombstones: list[tuple[str, str]]
    identities: dict[str, tuple[Any, ...]]
    posts: dict[str, str]
    empty_threads: int
    astray: int

    def without_names(self) -> FinalState:
        """The same without what names this one channel's own reply."""
        messages = {
            remote_id: {**found, "written": bool(found["written"])} for remote_id, found in self.messages.items()
        }
        return replace(self, messages=messages)


def differences(found: FinalState, expected: FinalState) -> list[str]:
    """What is not the same, a line each."""
    pairs = {
        "messages": (found.messages, expected.messages),
        "conversations": (found.conversations, expected.conversations),
    }
    lines = [
        f"{name} {key}: {one.get(key)} instead of {other.get(key)}"
        for name, (one, other) in pairs.items()
        for key in sorted(one.keys() | other.keys(), key=str)
        if one.get(key) != other.get(key)
    ]
    rest = (found.tombstones, found.identities, found.posts, found.empty_threads, found.astray)
    wanted = (expected.tombstones, expected.identities, expected.posts, expected.empty_threads, expected.astray)
    return [*lines, *(f"{one} instead of {other}" for one, other in zip(rest, wanted, strict=True) if one != other)]


def final_state(session: Session, channel_id: int) -> FinalState:
    """Read everything that must not depend on the order of arrival."""
    messages = session.all(_MESSAGES, channel_id=channel_id)
    owner = {row["id"]: (row["thread"], row["author"]) for row in session.all(_CONVERSATIONS, channel_id=channel_id)}
    return FinalState(
        messages={
            row["remote_id"]: {name: row[name] for name in _OF_MESSAGE} | {"of": owner.get(row["conversation_id"])}
            for row in messages
        },
        conversations={
            (row["thread"], row["author"]): {name: row[name] for name in _OF_CONVERSATION}
            for row in session.all(_CONVERSATIONS, channel_id=channel_id)
        },
        tombstones=[(row["remote_id"], row["deleted_by"]) for row in session.all(_TOMBSTONES, channel_id=channel_id)],
        identities={
            row["remote_id"]: (row["name"], row["handle"], row["trust"], row["is_us"])
            for row in session.all(_IDENTITIES, channel_id=channel_id)
        },
        posts={row["thread"]: row["title"] for row in session.all(_POSTS, channel_id=channel_id)},
        empty_threads=session.all(_EMPTY_THREADS, channel_id=channel_id)[0]["found"],
        astray=session.all(_ASTRAY, channel_id=channel_id)[0]["found"],
    )
