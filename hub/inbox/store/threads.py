"""The tables threads and posts: where messages hang together."""

from __future__ import annotations

from datetime import datetime

from hub.channels.emoji import read_emoji, told_emoji, write_emoji
from hub.connector import Emoji, Post
from hub.inbox.model import ShownPost
from hub.inbox.polls import read_poll, write_poll
from hub.kernel.clock import from_micros_or_none
from hub.kernel.database import Session, storable
from hub.kernel.html import one_line, safe_link

_OPEN = """
    INSERT INTO threads (channel_id, root_remote_id) VALUES (:channel_id, :root)
    ON CONFLICT (channel_id, root_remote_id) DO UPDATE SET root_remote_id = excluded.root_remote_id
    RETURNING COALESCE(merged_into, id) AS id"""

_HANG = "UPDATE threads SET post_id = :post_id WHERE id = :id AND post_id IS NULL"

_ROOTED = """
    SELECT COALESCE(merged_into, id) AS id, root_remote_id FROM threads
    WHERE channel_id = :channel_id AND root_remote_id IN {texts roots}"""

_KEEP_POST = """
    UPDATE threads SET post_id = (SELECT post_id FROM threads WHERE id = :from_id)
    WHERE id = :into_id AND post_id IS NULL"""

# Its name stays: what is told later under the same root finds the thread it went into.
_MERGE = "UPDATE threads SET merged_into = :into_id WHERE id = :from_id OR merged_into = :from_id"

_PUT_POST = """
    INSERT INTO posts (channel_id, remote_id, title, text, emoji, poll, polled_at, link, created_at)
    VALUES (:channel_id, :remote_id, :title, :text, :emoji, :poll, :polled_at, :link, :created_at)
    ON CONFLICT (channel_id, remote_id) DO UPDATE SET
        title = COALESCE(NULLIF(excluded.title, ''), posts.title),
        text = COALESCE(NULLIF(excluded.text, ''), posts.text),
        emoji = CASE WHEN excluded.text = '' AND excluded.title = '' THEN posts.emoji ELSE excluded.emoji END,
        poll = COALESCE(excluded.poll, posts.poll), polled_at = COALESCE(excluded.polled_at, posts.polled_at),
        link = COALESCE(excluded.link, posts.link), created_at = COALESCE(excluded.created_at, posts.created_at)
    RETURNING id"""

_KNOWN_POST = "SELECT 1 AS yes FROM posts WHERE channel_id = :channel_id AND remote_id = :remote_id"

_POST = """
    SELECT posts.title, posts.text, posts.emoji, posts.poll, posts.polled_at, posts.link, posts.created_at
    FROM threads JOIN posts ON posts.id = threads.post_id WHERE threads.id = :thread_id"""

_LONGEST_TEXT = 5000
_LONGEST_TITLE = 500


def open_thread(session: Session, channel_id: int, root: str) -> int:
    """The thread that hangs on a root, made when it is new."""
    return session.insert(_OPEN, channel_id=channel_id, root=root)


def hang(session: Session, thread_id: int, post_id: int) -> None:
    """Say which post is above a thread, where nobody has said it yet."""
    session.run(_HANG, id=thread_id, post_id=post_id)


def rooted_in(session: Session, channel_id: int, roots: list[str]) -> dict[str, int]:
    """Threads that hang on one of these messages."""
    return {row["root_remote_id"]: row["id"] for row in session.all(_ROOTED, channel_id=channel_id, roots=roots)}


def merge(session: Session, *, from_id: int, into_id: int) -> None:
    """Redirect a thread whose messages were moved into another; its post is kept where the other has none."""
    session.run(_KEEP_POST, from_id=from_id, into_id=into_id)
    session.run(_MERGE, from_id=from_id, into_id=into_id)


def put_post(session: Session, channel_id: int, post: Post, *, now: datetime) -> int:
    return session.insert(_PUT_POST, channel_id=channel_id, remote_id=post.remote_id, **_columns(post, now))


def is_known_post(session: Session, channel_id: int, remote_id: str) -> bool:
    """Whether it was told before, above a thread."""
    return session.one(_KNOWN_POST, channel_id=channel_id, remote_id=remote_id) is not None


def emoji_of(post: Post) -> tuple[Emoji, ...]:
    """Those that stand in it."""
    choices = post.poll.choices if post.poll else ()
    return told_emoji(post.emoji, post.title, post.text[:_LONGEST_TEXT], *(choice.text for choice in choices))


def _columns(post: Post, now: datetime) -> dict[str, object]:
    title, text = one_line(post.title, _LONGEST_TITLE), storable(post.text[:_LONGEST_TEXT])
    poll = write_poll(post.poll)
    return {
        "title": title,
        "text": text,
        "emoji": write_emoji(emoji_of(post)),
        "poll": poll,
        "polled_at": now if poll else None,
        "link": safe_link(post.link) if post.link else None,
        "created_at": post.created_at,
    }


def post_of(session: Session, thread_id: int) -> ShownPost | None:
    """What a thread hangs on, where the network told us."""
    row = session.one(_POST, thread_id=thread_id)
    if row is None:
        return None
    return ShownPost(
        title=row["title"],
        text=row["text"],
        emoji=read_emoji(row["emoji"]),
        poll=read_poll(row["poll"]),
        polled_at=from_micros_or_none(row["polled_at"]),
        link=row["link"],
        created_at=from_micros_or_none(row["created_at"]),
    )
