"""The words of the sandbox network: its people, what they say, and what arrived from us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hub.connector import Attachment, Visibility

Gate = Literal["send", "pull", "look"]
"""What can be made to fail: taking a reply in, handing a page out, looking a reply up."""

FAULTS = ("lose", "refuse", "rate_limit", "down", "drop", "crash", "hang", "garbage", "signed_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the network, an account of ours included. `key` is the short name scripts use: `lena`."""

    key: str
    handle: str
    name: str
    language: str

    @property
    def id(self) -> str:
        return f"sandbox:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody says, without when and to whom. `topic` is what it is about, for the rules of people.py.

    quotes: the id of the message it quotes.
    """

    text: str
    html: str | None = None
    language: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    warning: str = ""
    attachments: tuple[Attachment, ...] = ()
    topic: str = ""
    quotes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One message as the network keeps it.

    account: the handle of ours in whose timeline it stands. addressed: it speaks to that account.
    reserved: the id under which a client of ours sent it.
    altered: fields of the served item that a test replaced.
    """

    id: str
    author: Person
    account: str
    words: Words
    created_at: datetime
    parent_id: str | None = None
    addressed: bool = True
    revision: int = 1
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    closed_at: datetime | None = None
    reserved: str | None = None
    altered: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.author.handle == self.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One reply that came in from a hub: the only judge of "sent twice".

    parent: what it answers, or with `quotes` what it quotes. pictures: their descriptions.
    """

    at: datetime
    account: str
    reserved: str | None
    parent: str
    text: str
    visibility: Visibility
    remote_id: str
    warning: str = ""
    pictures: tuple[str, ...] = ()
    quotes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A reply on its way in."""

    account: str
    parent: str
    words: Words
    reserved: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Something a person is going to do at `at`: answer `post_id`, or edit it when `edits`."""

    at: datetime
    person: str
    account: str
    post_id: str | None
    words: Words
    addressed: bool = True
    edits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the network's log: a message came or was edited (`item` as served), or is gone."""

    number: int
    post_id: str
    at: datetime
    item: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the next person starts a conversation with an account, and how many did so far."""

    account: str
    next_at: datetime
    started: int


class Refused(Exception):
    """The network does not take it: missing, gone, closed, too_long, empty, wider, not_yours, or duplicate (with the
    arrival)."""

    def __init__(self, reason: str, arrival: Arrival | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.arrival = arrival
