"""Changing a post of ours: Mastodon takes it whole, so what stays as it is has to be sent again, or it is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.connector import Action, Limits
from hub.errors import Ambiguous, Gone, NotFound, Rejected, Unavailable

from .composing import GRAPHEMES, MASTODON_LIMITS, PER_URL, named_in_answer
from .mapping import Raw
from .server import WRITE, Server, path_of
from .wording import graphemes, is_named, leading_mentions, one_kind_of_line_ends


def edit(server: Server, action: Action, limits: Limits) -> None:
    """Give a post of ours another text; what is not ours is left alone. Raises the errors of hub.errors."""
    if not action.target.is_ours:
        return
    words = one_kind_of_line_ends(action.text.strip())
    if not words:
        raise Rejected("empty")
    id = action.target.remote_id
    current = server.get(path_of("statuses", id), {"lang": "en"})
    if not isinstance(current, dict):
        raise Unavailable("unexpected_answer")
    if current.get("poll"):
        raise Rejected("poll_cannot_be_edited")
    source = _source(server, id)
    text = _names(source, action, words) + words
    warning = str(source.get("spoiler_text", current.get("spoiler_text")) or "")
    per_url = limits.get(PER_URL)
    if graphemes(warning, per_url) + graphemes(text, per_url) > limits.get(GRAPHEMES, MASTODON_LIMITS[GRAPHEMES]):
        raise Rejected("too_long")
    content = {"status": text, "spoiler_text": warning, **_kept(current)}
    try:
        server.answer(
            server.ask("PUT", path_of("statuses", id), json=content, params={"lang": "en"}, limits=WRITE), writing=True
        )
    except Ambiguous as error:  # changed twice is the same as once
        raise Unavailable(error.reason, detail=error.detail) from error


def _source(server: Server, id: str) -> Mapping[str, Any]:
    """The post as we wrote it; empty where the server does not tell."""
    try:
        told = server.get(path_of("statuses", id, "source"))
    except (NotFound, Gone, Unavailable):
        return {}
    return told if isinstance(told, dict) else {}


def _names(source: Mapping[str, Any], action: Action, words: str) -> str:
    """Whom the post names in front: they would not be told of the change otherwise."""
    if source.get("text"):
        return leading_mentions(str(source["text"]))
    return "".join(f"@{acct} " for acct in named_in_answer(action.target) if not is_named(acct, words))


def _kept(current: Raw) -> dict[str, Any]:
    media = [each for each in current.get("media_attachments") or () if isinstance(each, dict) and each.get("id")]
    described = [{"id": each["id"], "description": each.get("description") or ""} for each in media]
    return {
        "sensitive": bool(current.get("sensitive")),
        "language": current.get("language"),
        "media_ids": [each["id"] for each in media],
        **({"media_attributes": described} if described else {}),
    }
