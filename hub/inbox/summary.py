"""What the list says about a conversation, computed from its messages alone: the same in whatever order they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.channels.emoji import told_emoji
from hub.connector import Emoji, Kind, Visibility
from hub.inbox.model import ConversationState, Direction
from hub.kernel.html import snippet

_NOT_SHOWN = frozenset({"spam", "trash"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """As much of a message as the summary needs. `history`: it was old when its channel was connected."""

    direction: Direction
    kind: Kind
    visibility: Visibility
    language: str | None
    text: str
    content_warning: str
    emoji: tuple[Emoji, ...] = ()
    moderation: str | None
    created_at: datetime
    received_at: datetime
    deleted_at: datetime | None
    history: bool

    @property
    def is_shown(self) -> bool:
        return self.deleted_at is None and self.moderation not in _NOT_SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    state: ConversationState
    kind: Kind
    visibility: Visibility
    language: str | None
    snippet: str
    emoji: tuple[Emoji, ...]
    last_direction: Direction
    last_at: datetime
    unread: int


def summarise(utterances: Sequence[Utterance], *, read_at: datetime | None) -> Summary:
    """Sum up messages given newest first; at least one. `read_at`: when somebody of us last looked."""
    shown = [utterance for utterance in utterances if utterance.is_shown]
    last = shown[0] if shown else utterances[0]
    asked = next((utterance for utterance in utterances if utterance.direction is Direction.IN), last)
    words = snippet(last.content_warning or last.text) if shown else ""
    return Summary(
        state=_state(shown),
        kind=asked.kind,
        visibility=last.visibility,
        language=asked.language,
        snippet=words,
        emoji=told_emoji(last.emoji, words),
        last_direction=last.direction,
        last_at=last.created_at,
        unread=_unread(shown, read_at),
    )


def _state(shown: Sequence[Utterance]) -> ConversationState:
    if not shown or shown[0].history:
        return ConversationState.RESOLVED
    return ConversationState.OPEN if shown[0].direction is Direction.IN else ConversationState.WAITING


def _unread(shown: Sequence[Utterance], read_at: datetime | None) -> int:
    """Messages since we last looked or answered; what is history was never new."""
    unread = 0
    for utterance in shown:
        if utterance.direction is Direction.OUT:
            break
        if not utterance.history and (read_at is None or utterance.received_at > read_at):
            unread += 1
    return unread
