"""From an agent's answer to what is written: counted, split, and frozen as the records that will stand there. Pure.

Limits: app.bsky.feed.post (300 graphemes and 3,000 bytes), chat.bsky.convo.defs#messageInput (1,000 and 10,000).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.connector import Limits, Measure, Outgoing, Part, Upload, Visibility
from hub.errors import Rejected
from hub.kernel.splitting import split

from .cards import Card
from .mapping import POST, refs
from .record_keys import reserve
from .rich_text import facets, graphemes, unbreakable

GRAPHEMES, BYTES = "graphemes", "bytes"
POST_LIMITS: Limits = {GRAPHEMES: 300, BYTES: 3_000}
DIRECT_LIMITS: Limits = {GRAPHEMES: 1_000, BYTES: 10_000}
MOST_PICTURES = 4
PICTURE_BYTES = 999_999
"""The limit of older servers; newer ones take two million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """An answer in parts; `texts` is None when it does not fit."""

    texts: tuple[str, ...] | None
    limits: Limits


def compose(outgoing: Outgoing, limits: Limits) -> Composed:
    """Split."""
    known = {**POST_LIMITS, **limits} if outgoing.visibility is not Visibility.DIRECT else DIRECT_LIMITS
    text = outgoing.text.replace("\r\n", "\n").replace("\r", "\n")

    def fits(part: str, number: int) -> bool:
        return graphemes(part) <= known[GRAPHEMES] and len(part.encode(errors="replace")) <= known[BYTES]

    texts = split(text, fits, unbreakable)
    if texts == () and outgoing.attachments:
        texts = ("",)
    return Composed(texts=texts, limits=known)


def error(outgoing: Outgoing, composed: Composed) -> str:
    """What keeps an answer from being sent; empty when nothing does."""
    texts, pictures = composed.texts, outgoing.attachments
    if texts is None:
        return "too_long"
    if not texts:
        return "empty"
    if pictures and outgoing.visibility is Visibility.DIRECT:
        return "no_pictures_here"
    if len(pictures) > MOST_PICTURES:
        return "too_many_pictures"
    if any(upload.size > PICTURE_BYTES for upload in pictures):
        return "picture_too_large"
    return ""


def measure(outgoing: Outgoing, limits: Limits) -> Measure:
    """Count a draft. Its bytes are told only where they are what fills a post: a family of emoji has many."""
    composed = compose(outgoing, limits)
    used = {GRAPHEMES: graphemes(outgoing.text), BYTES: len(outgoing.text.encode(errors="replace"))}
    units = {unit: (used[unit], composed.limits[unit]) for unit in used}
    if used[BYTES] * composed.limits[GRAPHEMES] <= used[GRAPHEMES] * composed.limits[BYTES]:
        del units[BYTES]
    texts, wrong = composed.texts or (), error(outgoing, composed)
    return Measure(
        units=units,
        parts=len(texts) or 1,
        texts=texts if len(texts) > 1 else (),
        errors=(wrong,) if wrong else (),
    )


def parts_of(outgoing: Outgoing) -> tuple[str, ...]:
    """The texts of the posts or messages an answer goes out in. Raises Rejected."""
    composed = compose(outgoing, {})
    wrong = error(outgoing, composed)
    if wrong or composed.texts is None:
        raise Rejected(wrong)
    return composed.texts


def posts(
    outgoing: Outgoing,
    texts: Sequence[str],
    *,
    key: str,
    at: datetime,
    dids: Mapping[str, str],
    card: Card | None = None,
) -> tuple[Part, ...]:
    """The posts of an answer, each under a key of its own. What one refers to is looked up anew when it is sent."""
    return tuple(
        Part(
            text=text,
            reserved=reserve(at, key, number),
            body=_with_card(
                {"record": _record(outgoing, text, number, at + timedelta(milliseconds=number), dids)},
                card if card is not None and card.part == number else None,
            ),
        )
        for number, text in enumerate(texts)
    )


def messages(outgoing: Outgoing, texts: Sequence[str], dids: Mapping[str, str]) -> tuple[Part, ...]:
    """The direct messages of an answer; their service takes no keys of ours. In a group the first says what it answers,
    between two that goes without saying."""
    said = [_with_facets({"text": text}, text, dids) for text in texts]
    raw = outgoing.target.raw
    if raw.get("group") and isinstance(raw.get("message"), Mapping):
        said[0]["replyTo"] = {"messageId": str(raw["message"].get("id"))}
    return tuple(Part(text=text, body={"message": message}) for text, message in zip(texts, said, strict=True))


def reply_to(view: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer to this post refers to: the post, and the root that the post itself names."""
    parent = {"uri": view["uri"], "cid": view["cid"]}
    record = view.get("record") or view.get("value") or {}
    return {"root": dict(record["reply"]["root"]) if refs(record) else parent, "parent": parent}


def embed_of(
    pictures: Sequence[tuple[Upload, Mapping[str, Any]]], quoted: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """What stands below the words: pictures as they were handed over, the post that is quoted, or both."""
    images = {"$type": "app.bsky.embed.images", "images": [_image(upload, blob) for upload, blob in pictures]}
    if quoted is None:
        return images if pictures else None
    quote = {"$type": "app.bsky.embed.record", "record": {"uri": quoted["uri"], "cid": quoted["cid"]}}
    return {"$type": "app.bsky.embed.recordWithMedia", "record": quote, "media": images} if pictures else quote


def _record(outgoing: Outgoing, text: str, number: int, at: datetime, dids: Mapping[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": written(at)}
    if outgoing.language:
        record["langs"] = [outgoing.language]
    view = outgoing.target.raw.get("post")
    if number == 0 and not outgoing.quote and isinstance(view, Mapping):
        record["reply"] = reply_to(view)
    return _with_facets(record, text, dids)


def _with_card(body: dict[str, Any], card: Card | None) -> dict[str, Any]:
    """Its words are frozen with the record; its picture is handed over when it is sent, since servers keep one that no
    post names for hours only."""
    if card is None:
        return body
    return {"record": {**body["record"], "embed": card.embed}, "picture": card.picture}


def _with_facets(record: dict[str, Any], text: str, dids: Mapping[str, str]) -> dict[str, Any]:
    found = facets(text, dids)
    return {**record, "facets": found} if found else record


def _image(upload: Upload, blob: Mapping[str, Any]) -> dict[str, Any]:
    image: dict[str, Any] = {"image": blob, "alt": upload.alt}
    if upload.width and upload.height:
        image["aspectRatio"] = {"width": upload.width, "height": upload.height}
    return image


def written(at: datetime) -> str:
    """An instant as records have it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
