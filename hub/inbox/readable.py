"""What of an item can be kept. Ids are kept exactly or the item is refused; texts are cleaned where they are stored."""

from __future__ import annotations

import re
from dataclasses import replace

from hub.channels.told import tidied_author
from hub.connector import Incoming
from hub.kernel.database import storable

LONGEST_ID = 2000
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,34}")


def refusal(message: Incoming) -> str:
    """Why a message cannot be kept, as a machine word; empty when it can."""
    if not message.remote_id:
        return "no_id"
    if not is_id(message.remote_id):
        return "wrong_id"
    return "" if is_id(message.author.id) else "wrong_author"


def is_id(text: str | None) -> bool:
    """Whether a text can name something: not empty, not endless, and the same after it was stored."""
    return bool(text) and len(text or "") <= LONGEST_ID and storable(text or "") == text


def tidied(message: Incoming) -> Incoming:
    """The message without references that could never be found again and without a language that is none, with names
    to mention that can be shown, and with a revision that compares as stored."""
    post = message.post if message.post is not None and is_id(message.post.remote_id) else None
    parent, root = _reference(message.parent_id), _reference(message.root_id)
    revision = storable(message.revision)[:LONGEST_ID]
    language = message.language if _LANGUAGE.fullmatch(message.language or "") else None
    mentions = tuple(map(tidied_author, message.reply.must_mention))
    kept = (parent, root, revision, post, language, mentions)
    told = (message.parent_id, message.root_id, message.revision, message.post, message.language)
    if kept == (*told, message.reply.must_mention):
        return message
    reply = replace(message.reply, must_mention=mentions)
    return replace(
        message, parent_id=parent, root_id=root, revision=revision, post=post, language=language, reply=reply
    )


def _reference(remote_id: str | None) -> str | None:
    return remote_id if is_id(remote_id) else None
