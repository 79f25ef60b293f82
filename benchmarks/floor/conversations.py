"""The made-up conversations of both databases, and the floor's own schema.

Words follow Zipf's law, 30 to a message; 8 teams, 30 % of the conversations open, one conversation a minute.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

TEAMS = 8
MESSAGES_EACH = 5
LONG = {20: 100, 100: 20}
"""Beside the others: this many conversations of so many messages, all of the first team."""

_GAP = 600
"""Seconds between two messages of a conversation."""


def _vocabulary(size: int = 20_000, seed: int = 7) -> list[str]:
    dice = random.Random(seed)
    words: set[str] = set()
    while len(words) < size:
        words.add("".join(dice.choices(string.ascii_lowercase, k=dice.randint(3, 9))))
    return sorted(words)


VOCABULARY = _vocabulary()
_WEIGHTS: list[float] = []
for _rank in range(1, len(VOCABULARY) + 1):
    _WEIGHTS.append((_WEIGHTS[-1] if _WEIGHTS else 0.0) + 1.0 / _rank**0.9)


def body(dice: random.Random, words: int = 30) -> str:
    return " ".join(dice.choices(VOCABULARY, cum_weights=_WEIGHTS, k=words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`number` counts from 1, `team` and `contact` from 0. last_at: Unix seconds."""

    number: int
    team: int
    contact: int
    is_open: bool
    last_at: int
    unread: int
    size: int

    @property
    def last_read(self) -> int:
        """The position of the last message that somebody of us has read."""
        return self.size - 1 - self.unread

    def at(self, position: int) -> int:
        """When a message of it was written (Unix seconds)."""
        return self.last_at - (self.size - 1 - position) * _GAP


class Shape:
    """A database of so many conversations whose last message is of the instant `end` (Unix seconds).

    long: as `LONG`.
    """

    def __init__(self, conversations: int, *, end: int, long: Mapping[int, int] | None = None) -> None:
        self.conversations = conversations
        self.end = end
        self._long = LONG if long is None else long
        # A multiple of the teams, so that a contact's conversations are all of one team.
        self.contacts = max(2000, conversations // 5) // TEAMS * TEAMS

    @cached_property
    def _pool(self) -> list[str]:
        dice = random.Random(11)
        return [body(dice) for _ in range(min(200_000, self.conversations * MESSAGES_EACH))]

    @property
    def count(self) -> int:
        """Every conversation, the long ones too."""
        return self.conversations + sum(self._long.values())

    @property
    def message_count(self) -> int:
        return self.conversations * MESSAGES_EACH + sum(size * count for size, count in self._long.items())

    def long(self, size: int) -> range:
        """The numbers of the conversations with so many messages."""
        first = self.conversations + 1
        for each, count in self._long.items():
            if each == size:
                return range(first, first + count)
            first += count
        raise KeyError(size)

    def all_conversations(self) -> Iterator[Conversation]:
        dice = random.Random(12)
        span = self.conversations * 60
        for number in range(1, self.conversations + 1):
            is_open = dice.random() < 0.3
            yield Conversation(
                number=number,
                team=number % TEAMS,
                contact=number % self.contacts,
                is_open=is_open,
                last_at=self.end - (number * 7919) % span,
                unread=number % 3 if is_open else 0,
                size=MESSAGES_EACH,
            )
        for size in self._long:
            for number in self.long(size):
                # Old enough to stand on no first page of the list.
                at = self.end - span - number
                yield Conversation(
                    number=number,
                    team=0,
                    contact=number * TEAMS % self.contacts,
                    is_open=True,
                    last_at=at,
                    unread=0,
                    size=size,
                )

    def text(self, conversation: Conversation, position: int) -> str:
        """The text of a message; the last one is what the list shows."""
        place = (conversation.number * 131 + position * 7) % len(self._pool)
        word = VOCABULARY[(conversation.number * 31 + position) % len(VOCABULARY)]
        return f"{self._pool[place][position % 20 :]} {word}"

    def arrival(self, remote_id: str, conversation: Conversation, position: int) -> Arrival:
        """A message as a connector would have handed it over."""
        return Arrival(
            team=conversation.team,
            contact=conversation.contact,
            thread=conversation.number,
            remote_id=remote_id,
            body=self.text(conversation, position),
            at=conversation.at(position),
        )

    def all_messages(self) -> Iterator[tuple[Conversation, int, int]]:
        """Every message as conversation, position and Unix seconds: as they came, all first ones before any second."""
        everything = list(self.all_conversations())
        position = 0
        while everything:
            for each in everything:
                yield each, position, each.at(position)
            position += 1
            everything = [each for each in everything if position < each.size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as a connector hands it over. `at`: Unix seconds."""

    team: int
    contact: int
    thread: int
    remote_id: str
    body: str
    at: int


def arrivals(count: int, *, seed: int, threads: int, contacts: int, at: int, page: int = 100) -> list[list[Arrival]]:
    """Pages of new messages of one team each, for at most 2000 of these threads: people write where others wrote."""
    dice = random.Random(seed)
    pages = []
    for start in range(0, count, page):
        team = start // page % TEAMS
        candidates = range(team or TEAMS, threads + 1, TEAMS)
        candidates = candidates[:: max(1, len(candidates) * TEAMS // 2000)]
        chosen = [dice.choice(candidates) for _ in range(min(page, count - start))]
        pages.append(
            [
                Arrival(
                    team=team,
                    contact=thread % contacts,
                    thread=thread,
                    remote_id=f"a{seed}-{start + number}",
                    body=body(dice),
                    at=at,
                )
                for number, thread in enumerate(chosen)
            ]
        )
    return pages


SCHEMA = """
CREATE TABLE contact(id INTEGER PRIMARY KEY, channel TEXT NOT NULL, handle TEXT NOT NULL, name TEXT, seen_at INTEGER,
  UNIQUE(channel, handle));
CREATE TABLE conversation(id INTEGER PRIMARY KEY, team_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL REFERENCES contact(id), channel TEXT NOT NULL, thread TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'open', last_at INTEGER, snippet TEXT, unread INTEGER NOT NULL DEFAULT 0,
  UNIQUE(channel, thread));
CREATE TABLE message(id INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL REFERENCES conversation(id),
  contact_id INTEGER, channel TEXT NOT NULL, ext_id TEXT NOT NULL, direction TEXT NOT NULL, body TEXT NOT NULL,
  created_at INTEGER NOT NULL, UNIQUE(channel, ext_id));
CREATE TABLE outbox(id INTEGER PRIMARY KEY, message_id INTEGER, state TEXT NOT NULL DEFAULT 'wait', at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0);
"""
INDEXES = """
CREATE INDEX conversation_inbox ON conversation(team_id, status, last_at DESC, id DESC);
CREATE INDEX message_conv ON message(conversation_id, id);
CREATE INDEX outbox_wait ON outbox(at) WHERE state = 'wait';
"""
SEARCH_INDEX = """
CREATE VIRTUAL TABLE message_fts USING fts5(body, content='message', content_rowid='id', tokenize='unicode61');
"""
