"""From one JSON value to one message, by the expressions of the settings. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.connector import Attachment, Author, Deleted, Incoming, Kind, Post, Trust, Visibility
from hub.errors import Misconfigured
from hub.kernel.html import safe_link, text_of

from .expressions import Expression, Steps, TooCostly, Unusable
from .settings import WebhookSettings, is_default, mapped_fields

_AHEAD = timedelta(minutes=5)
_MILLISECONDS_FROM = 100_000_000_000
_MOST_ATTACHMENTS = 20
_BODY_STEPS = 500_000
_FIELD_STEPS = 10_000
_KINDS = ("image", "video", "audio")


class Unmapped(Exception):
    """No message can be made of it; `field` is the setting whose expression led nowhere."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Mapper:
    """The expressions of one channel, checked. Raises Misconfigured at the one that is none.

    steps: what all evaluations together have taken.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        self.steps = Steps(most=_FIELD_STEPS)
        self._expressions = {name: _expression(name, text) for name, text in mapped_fields(settings).items()}

    def items(self, body: Any) -> list[Any]:
        """The messages in a body, as they are. Raises Unmapped when there is not even an empty list."""
        self.steps.most = _BODY_STEPS
        try:
            found = self.find("map_messages", body)
        finally:
            self.steps.most = _FIELD_STEPS
        if found is None:
            raise Unmapped("nothing_found", "map_messages")
        return found if isinstance(found, list) else [found]

    def find(self, field: str, item: Any) -> Any:
        try:
            return self._expressions[field].find(item, self.steps)
        except TooCostly as error:
            raise Unmapped("too_costly", field) from error

    def message(self, item: Any, *, fallback_id: str, now: datetime) -> Incoming | Deleted:
        """Make one message of an item. Raises Unmapped, naming the field at fault."""
        fields = _Fields(self, item)
        remote_id = fields.text("map_id") or self._own_id(fallback_id)
        edited_at = fields.instant("map_edited_at")
        if fields.truth("map_deleted"):
            return Deleted(remote_id=remote_id, at=_not_ahead(edited_at, now))
        parent, visibility = fields.text("map_parent"), _visibility(fields.text("map_visibility"))
        kind_raw, created_at = fields.text("map_kind") or "", fields.instant("map_created_at")
        html, text = fields.text("map_html"), fields.text("map_text")
        attachments = _attachments(self.find("map_attachments", item))
        if not (text or html or attachments):
            raise Unmapped("nothing_found", "map_text")
        words = text or text_of(html or "")
        thread = fields.text("map_thread")
        return Incoming(
            remote_id=remote_id,
            revision=_revision(words, html, attachments, fields.text("map_title"), visibility),
            kind=_kind(kind_raw, parent, visibility),
            kind_raw=kind_raw[:100],
            author=_author(fields),
            text=words,
            html=html,
            created_at=_not_ahead(created_at, now) or now,
            date_guessed=_not_ahead(created_at, now) is None,
            edited_at=_not_ahead(edited_at, now),
            parent_id=parent,
            root_id=thread,
            post=_post(fields, thread or parent or remote_id),
            visibility=visibility,
            visibility_raw=(fields.text("map_visibility") or "")[:100],
            language=(fields.text("map_language") or "")[:35] or None,
            attachments=attachments,
            permalink=safe_link(fields.text("map_link")),
            correlation=fields.text("map_correlation"),
            raw=item if isinstance(item, dict) else {"value": item},
        )

    def _own_id(self, fallback_id: str) -> str:
        """A body that names no id gets its delivery's; an expression somebody wrote has to find one."""
        if is_default("map_id", self._expressions["map_id"].text):
            return fallback_id
        raise Unmapped("nothing_found", "map_id")


class _Fields:
    """The fields of one item, as the types they have to be."""

    def __init__(self, mapper: Mapper, item: Any) -> None:
        self._mapper = mapper
        self._item = item

    def text(self, field: str) -> str | None:
        """Text, or a number as text; None where there is none. Raises Unmapped for anything else."""
        found = self._mapper.find(field, self._item)
        if found is None or found == "":
            return None
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            raise Unmapped("not_words", field)
        return found if isinstance(found, str) else json.dumps(found)

    def truth(self, field: str) -> bool:
        found = self._mapper.find(field, self._item)
        return found is True or (isinstance(found, str) and found.lower() in ("true", "yes", "1")) or found == 1

    def instant(self, field: str) -> datetime | None:
        """A point in time, aware UTC; what tells no zone is UTC. Raises Unmapped for what is none."""
        found = self._mapper.find(field, self._item)
        if found is None or found == "":
            return None
        try:
            return _instant(found)
        except (ValueError, TypeError, OverflowError) as error:
            raise Unmapped("not_a_time", field) from error


def _expression(name: str, text: str) -> Expression:
    try:
        return Expression(text)
    except Unusable as error:
        raise Misconfigured("not_an_expression", detail=str(error)[:300], field=name) from error


def _instant(found: Any) -> datetime:
    if isinstance(found, str) and not found.replace(".", "", 1).isdecimal():
        told = datetime.fromisoformat(found.strip())
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    if isinstance(found, bool):
        raise TypeError("no time")
    seconds = float(found)
    return datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds, UTC)


def _not_ahead(told: datetime | None, now: datetime) -> datetime | None:
    """No message was written later than it came, whatever it says of itself."""
    return told if told is not None and told <= now + _AHEAD else None


def _author(fields: _Fields) -> Author:
    name = fields.text("map_author_name") or ""
    id = fields.text("map_author_id") or name
    if not id:
        raise Unmapped("nothing_found", "map_author_id")
    return Author(
        id=id,
        name=name[:500],
        url=safe_link(fields.text("map_author_link")),
        is_us=fields.truth("map_is_us"),
        trust=Trust.CLAIMED,
    )


def _kind(word: str, parent: str | None, visibility: Visibility) -> Kind:
    if word in list(Kind):
        return Kind(word)
    if parent is not None:
        return Kind.REPLY
    return Kind.DIRECT if visibility is Visibility.DIRECT else Kind.COMMENT


def _visibility(word: str | None) -> Visibility:
    """Where a body does not say, or says a word we do not know, nobody else is assumed to see it."""
    return Visibility(word) if word in list(Visibility) else Visibility.DIRECT


def _post(fields: _Fields, remote_id: str) -> Post | None:
    title = fields.text("map_title")
    return None if title is None else Post(remote_id=remote_id, title=title[:500])


def _attachments(found: Any) -> tuple[Attachment, ...]:
    """Addresses, or objects with `url`, `alt`, `media_type` and `kind`; what is neither is left out."""
    wanted = found if isinstance(found, list) else [found]
    made = (_attachment({"url": each} if isinstance(each, str) else each) for each in wanted[:_MOST_ATTACHMENTS])
    return tuple(each for each in made if each is not None)


def _attachment(found: Any) -> Attachment | None:
    url = safe_link(found.get("url")) if isinstance(found, dict) and isinstance(found.get("url"), str) else None
    if url is None:
        return None
    media_type = str(found.get("media_type") or "")[:100]
    kind = str(found.get("kind") or media_type.partition("/")[0])
    return Attachment(
        kind=kind if kind in _KINDS else "file",
        url=url,
        media_type=media_type or None,
        alt=str(found.get("alt") or "")[:5000],
    )


def _revision(words: str, html: str | None, attachments: tuple[Attachment, ...], *more: Any) -> str:
    content: Mapping[str, Any] = {
        "text": words,
        "html": html,
        "attachments": [(each.url, each.alt) for each in attachments],
        "more": [str(each) for each in more],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]
