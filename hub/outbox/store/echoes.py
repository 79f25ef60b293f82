"""Finds the item that a message of our own is the echo of."""

from __future__ import annotations

import hashlib
import unicodedata

from hub.kernel.database import Session

# Two questions, each answered from its index: asked as one with OR, SQLite looks through all that a channel ever sent.
_ECHO = """
    SELECT outbox_id, part FROM (
        SELECT outbox_id, part FROM outbox_parts WHERE channel_id = :channel_id AND reserved = :reserved
        UNION ALL
        SELECT outbox_id, part FROM outbox_parts WHERE channel_id = :channel_id AND remote_id = :remote_id) found
    ORDER BY outbox_id DESC LIMIT 1"""

# `sent` without a receipt is what a person marked as sent; what waits because the network said that it had not arrived
# may show there a moment later. What was given up keeps its trouble only where it may have arrived. Where the network
# hands back ids that we chose, the text of a message with another id proves nothing: somebody wrote the same in the
# network's own app.
_BY_TEXT = """
    SELECT outbox_parts.outbox_id, outbox_parts.part
    FROM outbox JOIN outbox_parts ON outbox_parts.outbox_id = outbox.id
    WHERE outbox.channel_id = :channel_id AND outbox.parent_remote_id = :parent
      AND (outbox.state IN ('sending', 'unknown', 'sent')
           OR (outbox.state = 'held' AND outbox.error_reason = 'restored')
           OR (outbox.state = 'cancelled' AND outbox.error_code IS NOT NULL)
           OR (outbox.state = 'queued' AND outbox.error_reason = 'not_arrived'))
      AND outbox_parts.remote_id IS NULL AND outbox_parts.text_hash = :text_hash
      AND (outbox_parts.reserved IS NULL OR :reserved = '')
    ORDER BY outbox_parts.outbox_id, outbox_parts.part LIMIT 1"""


# What an earlier try left, in whatever state its item is by now. There are at most as many copies as there were tries.
_EARLIER = """
    SELECT outbox_id, part FROM (
        SELECT outbox_id, part FROM outbox_earlier_parts WHERE channel_id = :channel_id AND reserved = :reserved
        UNION ALL
        SELECT outbox_id, part FROM outbox_earlier_parts
        WHERE channel_id = :channel_id AND remote_id = :remote_id) found
    ORDER BY outbox_id DESC LIMIT 1"""

_EARLIER_BY_TEXT = """
    SELECT earlier.outbox_id, earlier.part
    FROM outbox JOIN outbox_earlier_parts earlier ON earlier.outbox_id = outbox.id
    WHERE outbox.channel_id = :channel_id AND outbox.parent_remote_id = :parent
      AND earlier.remote_id IS NULL AND earlier.text_hash = :text_hash
      AND (earlier.reserved IS NULL OR :reserved = '')
      AND (SELECT count(copies.remote_id) * 2 - count(*) FROM outbox_earlier_parts copies
           WHERE copies.outbox_id = earlier.outbox_id AND copies.part = earlier.part) < 0
    ORDER BY earlier.outbox_id, earlier.part LIMIT 1"""


def find_echo(
    session: Session, *, channel_id: int, reserved: str | None, remote_id: str, parent: str | None, text: str
) -> tuple[int, int] | None:
    """The item and part that a message of our own is the echo of: by reserved id, by receipt, else by its text.

    The ids and texts of earlier tries count as well: what they sent may come in late.
    """
    ids = {"channel_id": channel_id, "reserved": reserved or ""}
    row = session.one(_ECHO, remote_id=remote_id, **ids) or session.one(_EARLIER, remote_id=remote_id, **ids)
    if row is None and parent is not None:
        words = {"parent": parent, "text_hash": text_hash(text)}
        row = session.one(_BY_TEXT, **words, **ids) or session.one(_EARLIER_BY_TEXT, **words, **ids)
    return None if row is None else (row["outbox_id"], row["part"])


def text_hash(text: str) -> str:
    """Name a text so that what a network does to white space and composition does not matter. Versioned by prefix."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return "h1:" + hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
