"""How the network shows a message to its clients: plain JSON, as another network's API would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from hub.connector import Visibility

from .model import Utterance

LONGEST_THREAD = 500

Find = Callable[[str], Utterance | None]


def ancestors(utterance: Utterance, find: Find) -> tuple[list[Utterance], bool]:
    """Everything above a message, nearest first, and whether the chain reaches its root."""
    chain: list[Utterance] = []
    current = utterance
    while current.parent_id is not None and len(chain) < LONGEST_THREAD:
        parent = find(current.parent_id)
        if parent is None:
            return chain, False
        chain.append(parent)
        current = parent
    return chain, True


def item(utterance: Utterance, find: Find, marks: tuple[str, ...] = ()) -> dict[str, Any]:
    """One message as JSON, with the marks of whoever asks; `altered` fields win, whatever they are."""
    above, complete = ancestors(utterance, find)
    root = above[-1] if above else utterance
    words = utterance.words
    served = {
        "id": utterance.id,
        "kind": _kind(utterance, above),
        "author": {"id": utterance.author.id, "handle": utterance.author.handle, "name": utterance.author.name},
        "text": words.text,
        "html": words.html,
        "language": words.language,
        "visibility": words.visibility.value,
        "warning": words.warning,
        "attachments": [asdict(attachment) for attachment in words.attachments],
        "revision": str(utterance.revision),
        "created_at": utterance.created_at.isoformat(),
        "edited_at": utterance.edited_at.isoformat() if utterance.edited_at else None,
        "in_reply_to": utterance.parent_id,
        "root": root.id if complete else None,
        "post": _post(root) if above and root.is_ours else None,
        "addressed": utterance.addressed,
        "client_id": utterance.reserved,
        "quotes": words.quotes,
        "done": list(marks),
        "closed": any(each.closed_at for each in (utterance, *above)),
    }
    return {**served, **utterance.altered}


def _kind(utterance: Utterance, above: list[Utterance]) -> str:
    if utterance.words.visibility is Visibility.DIRECT:
        return "direct"
    if utterance.is_ours or (above and above[0].is_ours):
        return "reply"
    return "mention"


def _post(root: Utterance) -> dict[str, Any]:
    return {
        "id": root.id,
        "text": root.words.text,
        "created_at": root.created_at.isoformat(),
    }
