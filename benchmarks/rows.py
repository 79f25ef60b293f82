"""The rows that ingest would have made of a shape's conversations, each message told by a page of its own.

What is resolved was history when its channel was connected; of what is open somebody has read all but the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from benchmarks.floor.conversations import TEAMS, Conversation, Shape
from hub.connector import ReplyRules
from hub.engine.engine import _KEEP_EVENTS
from hub.events import ConversationRead, Event, MessageReceived
from hub.inbox.store.intake import to_json
from hub.kernel.clock import from_micros
from hub.kernel.html import CLEAN_VERSION, snippet

_SECOND = 1_000_000
_REPLY = to_json(ReplyRules())

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table to be filled; `count` rows are to come."""

    name: str
    columns: tuple[str, ...]
    count: int
    rows: Iterator[Row]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A shape's rows. Team n of the shape is team_ids[n] with its one channel, channel_ids[n]."""

    shape: Shape
    team_ids: tuple[int, ...]
    channel_ids: tuple[int, ...]

    def tables(self) -> Iterator[Table]:
        """Every table of the conversations, those first that others refer to."""
        yield _table(
            "identities", "id channel_id remote_id handle name trust seen_at", len(self._contacts), self._identities()
        )
        yield _table("threads", "id channel_id root_remote_id", self.shape.count, self._threads())
        yield _table(
            "conversations",
            "id channel_id team_id thread_id identity_id state kind visibility snippet last_direction last_at unread"
            " read_at version created_at",
            self.shape.count,
            self._conversations(),
        )
        yield _table(
            "messages",
            "id channel_id remote_id revision pull thread_id conversation_id identity_id direction origin kind"
            " visibility text html_version reply created_at received_at history raw",
            self.shape.message_count,
            self._messages(),
        )

    def events(self) -> list[tuple[datetime, Event]]:
        """What the log still holds of all this, the oldest first."""
        since = self.shape.end - _KEEP_EVENTS // timedelta(seconds=1)
        found: list[tuple[int, int, Event]] = []
        for number, (each, position, at) in enumerate(self.shape.all_messages(), 1):
            if at >= since:
                found += [(at, number, event) for event in self._events_of(each, position, number)]
        found.sort(key=lambda entry: entry[:2])
        return [(from_micros(at * _SECOND), event) for at, _, event in found]

    def _events_of(self, each: Conversation, position: int, number: int) -> Iterator[Event]:
        channel_id = self.channel_ids[each.team]
        yield MessageReceived(
            channel_id=channel_id,
            conversation_id=each.number,
            message_id=number,
            direction="in",
            history=not each.is_open,
        )
        if each.is_open and position == each.last_read:
            yield ConversationRead(channel_id=channel_id, conversation_id=each.number)

    @cached_property
    def _contacts(self) -> dict[int, tuple[int, int]]:
        """The contacts in the order in which they are met: their ids, and when they last said something."""
        met: dict[int, tuple[int, int]] = {}
        for each in self.shape.all_conversations():
            identity_id, seen_at = met.get(each.contact, (len(met) + 1, 0))
            met[each.contact] = (identity_id, max(seen_at, each.last_at))
        return met

    def _identities(self) -> Iterator[Row]:
        for contact, (identity_id, seen_at) in self._contacts.items():
            channel_id = self.channel_ids[contact % TEAMS]
            handle, name = f"u{contact}@example.social", f"User {contact}"
            yield (identity_id, channel_id, f"u{contact}", handle, name, "network", seen_at * _SECOND)

    def _threads(self) -> Iterator[Row]:
        for each in self.shape.all_conversations():
            yield (each.number, self.channel_ids[each.team], f"t{each.number}")

    def _conversations(self) -> Iterator[Row]:
        for each in self.shape.all_conversations():
            yield (
                each.number,
                self.channel_ids[each.team],
                self.team_ids[each.team],
                each.number,
                self._contacts[each.contact][0],
                "open" if each.is_open else "resolved",
                "mention",
                "public",
                snippet(self.shape.text(each, each.size - 1)),
                "in",
                each.last_at * _SECOND,
                each.unread,
                each.at(each.last_read) * _SECOND if each.is_open else None,
                each.size,
                each.at(0) * _SECOND,
            )

    def _messages(self) -> Iterator[Row]:
        channel_ids, contacts, text = self.channel_ids, self._contacts, self.shape.text
        for number, (each, position, at) in enumerate(self.shape.all_messages(), 1):
            yield (
                number,
                channel_ids[each.team],
                f"m{number}",
                "1",
                1,
                each.number,
                each.number,
                contacts[each.contact][0],
                "in",
                "remote",
                "mention",
                "public",
                text(each, position),
                CLEAN_VERSION,
                _REPLY,
                at * _SECOND,
                at * _SECOND,
                int(not each.is_open),
                "{}",
            )


def _table(name: str, columns: str, count: int, rows: Iterator[Row]) -> Table:
    return Table(name=name, columns=tuple(columns.split()), count=count, rows=rows)
