"""The messages of a conversation as markup, each made once for as long as it looks the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import current_app

from hub.inbox.act import Offer
from hub.inbox.emoji import name_of
from hub.inbox.model import Direction, Message
from hub.inbox.read import Reading, Utterance
from hub.kernel import html, texts
from hub.outbox.model import State
from hub.web.session import actor
from hub.web.site import site, the_hub

LONGEST_KEPT = 4000
"""Characters of a message whose markup is kept to be shown again."""

_QUOTE = Offer(name="quote")

_Look = tuple[str, int | None, frozenset[str], bool]
"""The network, the channel whose messages may be quoted, the pictures that can be shown for emoji, and whether a
stranger's name looks like ours."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The messages of a reading as markup, as of `now`."""

    reading: Reading
    now: datetime
    language: str
    quotes_on: int | None
    """The channel whose messages may be quoted."""

    def said(self, note: Callable[..., str], delivery: Callable[..., str]) -> str:
        """All of them, oldest first. note, delivery: the macros for a note, and for what becomes of what we did."""
        return html.joined(
            note(each.message) if each.message.direction is Direction.NOTE else self._message(each, delivery)
            for each in self.reading.utterances
        )

    def _message(self, utterance: Utterance, delivery: Callable[..., str]) -> str:
        """One message; it is made once for as long as it looks the same, except where something becomes of it."""
        message, look = utterance.message, self._look(utterance.message)
        if utterance.delivery or utterance.acts:
            below = delivery(self.reading, utterance, actor())
            return _message(utterance, look, below, has_failed=_has_failed(utterance))
        # How long a poll goes on looks otherwise each time.
        if message.poll is not None or len(message.text) + len(message.html or "") > LONGEST_KEPT:
            return _message(utterance, look)
        edited = texts.ago(message.edited_at, self.now) if message.edited_at else ""
        created = texts.ago(message.created_at, self.now)
        return _kept_message(utterance, look, created, edited, self.language)

    def _look(self, message: Message) -> _Look:
        """On what its markup depends beside itself, the time and the language."""
        kept = self.reading.kept
        if kept:
            kept &= {name_of(each) for each in (*message.emoji, *message.author_emoji)}
        kind = self.reading.channel.kind
        # Of the one the conversation is with its head says so.
        is_another = message.identity_id != self.reading.identity.id and message.direction is Direction.IN
        return kind, self.quotes_on, kept, is_another and _is_like_ours(message, kind)


def shown(reading: Reading) -> Shown:
    """For one answer, in the language and the time zone of this request."""
    language = f"{texts.current_language()} {texts.current_time_zone()}"
    sender = reading.answerable.send_through
    quotes = sender is not None and the_hub().plugins.connector(sender.kind).features.quotes
    quotes_on = sender.id if sender is not None and quotes else None
    return Shown(reading=reading, now=the_hub().clock(), language=language, quotes_on=quotes_on)


def _has_failed(utterance: Utterance) -> bool:
    return utterance.delivery is not None and utterance.delivery.state in (State.FAILED, State.UNKNOWN)


@lru_cache(maxsize=4096)
def _kept_message(utterance: Utterance, look: _Look, _created: str, _edited: str, _language: str) -> str:
    return _message(utterance, look)


def _message(utterance: Utterance, look: _Look, below: str = "", *, has_failed: bool = False) -> str:
    kind, quotes_on, kept, is_like_ours = look
    pieces: Any = current_app.jinja_env.get_template("inbox/message.html").module
    offers = _offers(utterance, quotes_on)
    found: str = pieces.said(
        utterance.message, kind, utterance.is_context, has_failed, offers, below, kept, is_like_ours
    )
    return found


def _is_like_ours(message: Message, kind: str) -> bool:
    names = site().names
    return names.is_like_ours(message.author_name, message.author_handle, kind=kind, trust=message.author_trust)


def _offers(utterance: Utterance, quotes_on: int | None) -> tuple[Offer, ...]:
    """The buttons at a message; what can be answered may be quoted as well, where the network has it."""
    message = utterance.message
    is_theirs = message.direction is Direction.IN and not utterance.is_context and message.deleted_at is None
    if not is_theirs or message.channel_id != quotes_on or "quote" in message.reply.impossible:
        return utterance.offers
    return (*utterance.offers, _QUOTE)
