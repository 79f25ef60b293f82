"""The sandbox network itself: what its people do, what it takes from us, and what it shows.

Tests and the demo reach it through the file, from any process:

    network = Network(folder / "sandbox.db", clock)
    id = network.person("lena").says("Is that normal?", to="@brightwater")
    network.fails(next_sends=["drop"])
    assert [arrival.text for arrival in network.arrivals()] == ["Yes."]

Every call is committed before it answers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import regex

from hub.connector import Attachment, Visibility
from hub.kernel.clock import Clock, system_clock, to_micros

from . import people, serving, talk
from .lines import PEOPLE
from .model import FAULTS, Arrival, Change, Gate, Person, Refused, Sending, Utterance, Words
from .pictures import pictures
from .store import Store

FILE = "sandbox.db"
LONGEST = 500
"""Graphemes in one message."""

MOST_PICTURES = 4
_CLUSTER = regex.compile(r"\X")


def graphemes(text: str) -> int:
    """How long the network finds a text: extended grapheme clusters (Unicode Annex 29)."""
    return len(text) if text.isascii() and "\r" not in text else len(_CLUSTER.findall(text))


class Speaker:
    """One person in the hands of a test or of the demo."""

    def __init__(self, network: Network, person: Person) -> None:
        self._network = network
        self.person = person

    def says(
        self,
        text: str,
        *,
        to: str | None = None,
        parent: str | None = None,
        at: datetime | None = None,
        visibility: Visibility = Visibility.PUBLIC,
        language: str | None = None,
        warning: str = "",
        attachments: tuple[Attachment, ...] = (),
        html: str | None = None,
        id: str | None = None,
    ) -> str:
        """Say something now, or at the instant `at`, and return its id.

        to: the account of ours it speaks to; without it, whoever wrote `parent`, else it is context in that thread.
        parent: may be an id that is said only later: parents come late on real networks.
        """
        words = Words(
            text=text,
            html=html,
            language=language or self.person.language,
            visibility=visibility,
            warning=warning,
            attachments=attachments,
            topic=people.topic_of(text),
        )
        return self._network.publish(self.person, words, to=to, parent=parent, at=at, id=id)


class Network:
    """The network behind one file. Opening it costs nothing; the file appears with the first call."""

    def __init__(self, path: Path, clock: Clock = system_clock) -> None:
        self._store = Store(path)
        self._clock = clock

    def close(self) -> None:
        self._store.close()

    def at_once(self) -> AbstractContextManager[None]:
        """Everything done inside is one commit: thousands of messages in a moment, or none."""
        return self._store.transaction()

    # What its people do.

    def person(self, name: str) -> Speaker:
        """Somebody by short name: lena, milan, tom, joanna, darya, our account without its @, or a new person."""
        person = self._store.person(name) or people.known_person(name)
        self._store.add_person(person)
        return Speaker(self, person)

    def publish(
        self, author: Person, words: Words, *, to: str | None, parent: str | None, at: datetime | None, id: str | None
    ) -> str:
        """Put a message on the network and return its id. Raises ValueError when it belongs to no account's thread."""
        with self._store.transaction():
            above = self._store.utterance(parent) if parent else None
            utterance = Utterance(
                id=id or self._store.next_id(),
                author=author,
                account=_account(author, to, above),
                words=words,
                created_at=at or self._clock(),
                parent_id=parent,
                addressed=author.handle != to and (to is not None or (above is not None and above.is_ours)),
            )
            # What is told of the past was answered in the past.
            self._add(utterance, heard=at is None)
        return utterance.id

    def edits(self, id: str, text: str) -> None:
        """The author changes the text. Raises KeyError when there is no such message."""
        with self._store.transaction():
            utterance = self._known(id)
            self._store.edit(id, dataclasses.replace(utterance.words, text=text), self._clock())
            self._store.add_change(utterance.account, id, self._clock())

    def deletes(self, id: str, *, account: str = "@brightwater") -> None:
        """It is gone. An id nobody has seen yet is told as gone, too, to the account named."""
        with self._store.transaction():
            utterance = self._store.utterance(id)
            self._store.delete(id, self._clock())
            self._store.add_change(utterance.account if utterance else account, id, self._clock(), gone=True)

    def closes(self, thread: str) -> None:
        """Nobody may answer in the thread under this message any more; clients learn it only when they try."""
        self._store.close_thread(self._known(thread).id, self._clock())

    def alters(self, id: str, **fields: Any) -> None:
        """Replace fields of a message as it is served: unreadable dates, unknown kinds, whatever a test wants."""
        with self._store.transaction():
            utterance = self._known(id)
            self._store.alter(id, {**utterance.altered, **fields})
            self._store.add_change(utterance.account, id, self._clock())

    def hush(self, quiet: bool = True) -> None:
        """From now on nobody speaks of their own accord, neither starts nor answers; false lifts that again."""
        self._store.set_fact("hushed", "yes" if quiet else "no")

    @property
    def _is_hushed(self) -> bool:
        return self._store.fact("hushed") == "yes"

    def history(self, weeks: float = 3, *, loose_ends: bool = True) -> None:
        """Play the demo company's past conversations, the oldest `weeks` ago. Doing it twice is the same as once.

        loose_ends: also those that nobody has answered yet.
        """
        from .history import play

        with self._store.transaction():
            if self._store.fact("history") is None:
                play(self, self._clock(), weeks, loose_ends=loose_ends)
                self._store.set_fact("history", "played")

    def pictures(self) -> dict[str, bytes]:
        """What the addresses of its pictures lead to."""
        return pictures()

    # What tests look at and break.

    def arrivals(self) -> tuple[Arrival, ...]:
        """Every reply that arrived from a hub, in order."""
        return self._store.arrivals()

    def likes(self, account: str = "@brightwater") -> tuple[str, ...]:
        """The messages an account liked."""
        return self._store.marked(account, "like")

    def fails(
        self, *, next_sends: Iterable[str] = (), next_pulls: Iterable[str] = (), next_looks: Iterable[str] = ()
    ) -> None:
        """Script what goes wrong, one word per call to come (`ok` for one that works); README.md lists the words."""
        scripted = {"send": next_sends, "pull": next_pulls, "look": next_looks}
        with self._store.transaction():
            for gate, faults in scripted.items():
                for fault in faults:
                    if fault not in (*FAULTS, "ok"):
                        raise ValueError(f"no fault is called {fault}")
                    self._store.add_fault(gate, fault)

    def script(self, gate: Gate) -> tuple[str, ...]:
        """The scripted faults that nobody has met yet."""
        return self._store.faults(gate)

    # What its clients ask.

    def take_fault(self, gate: Gate) -> str:
        """What goes wrong with this call; `ok` when nothing does."""
        with self._store.transaction():
            return self._store.take_fault(gate) or "ok"

    def welcome(self, handle: str) -> Person:
        """Let an account of ours in."""
        person = people.account_person(handle)
        with self._store.transaction():
            self._store.add_person(person)
            if self._store.fact("born") is None:
                self._store.set_fact("born", str(to_micros(self._clock())))
        return person

    @property
    def born(self) -> str:
        """Names this file: another one in its place means that cursors are worth nothing."""
        return self._store.fact("born") or ""

    def wake(self, account: str, talk_per_hour: float) -> None:
        """Let everybody speak whose moment has come."""
        with self._store.transaction():
            if not self._is_hushed:
                talk.wake(self._store, self, account, talk_per_hour, self._clock())

    def changes(self, account: str, after: int, limit: int) -> tuple[Change, ...]:
        """The log of an account after an entry, oldest first. A message deleted since is told only as gone."""
        found = self._store.changes(account, after, limit)
        return tuple(self._change(*entry) for entry in found)

    def last_change(self) -> int:
        return self._store.last_change()

    def accept(self, sending: Sending) -> Arrival:
        """Take a reply in. Raises Refused; `duplicate` when its reserved id is there already."""
        with self._store.transaction():
            if sending.reserved and (arrival := self._store.arrival(sending.account, sending.reserved)):
                raise Refused("duplicate", arrival)
            parent = self._answerable(sending)
            utterance = Utterance(
                id=self._store.next_id(),
                author=people.account_person(sending.account),
                account=sending.account,
                words=sending.words,
                created_at=self._clock(),
                parent_id=None if sending.words.quotes else parent.id,
                addressed=False,
                reserved=sending.reserved,
            )
            arrival = _arrival(utterance)
            self._store.add_arrival(arrival)
            self._add(utterance, heard=True)
        return arrival

    def arrival(self, account: str, reserved: str) -> Arrival | None:
        return self._store.arrival(account, reserved)

    def mark(self, account: str, id: str, mark: str) -> None:
        """Like, boost, bookmark or hide it. Raises Refused("missing") or Refused("gone")."""
        with self._store.transaction():
            self._present(id)
            self._store.add_mark(account, id, mark)

    def unmark(self, account: str, id: str, mark: str) -> None:
        """Take that back. Raises as `mark`."""
        with self._store.transaction():
            self._present(id)
            self._store.drop_mark(account, id, mark)

    def rewrite(self, account: str, id: str, text: str) -> None:
        """Change a message of the account's own. Raises Refused: missing, gone, not_yours, empty, too_long."""
        with self._store.transaction():
            utterance = self._own(account, id)
            if utterance.deleted_at is not None:
                raise Refused("gone")
            _demand_text(text)
            if text != utterance.words.text:
                self.edits(id, text)

    def withdraw(self, account: str, id: str) -> None:
        """Delete a message of the account's own; one that is deleted already stays so. Raises Refused."""
        with self._store.transaction():
            if self._own(account, id).deleted_at is None:
                self.deletes(id, account=account)

    def utterance(self, id: str) -> Utterance | None:
        return self._store.utterance(id)

    def _add(self, utterance: Utterance, *, heard: bool) -> None:
        self._store.add_person(utterance.author)
        self._store.add(utterance)
        is_private = utterance.words.visibility is Visibility.DIRECT
        if utterance.is_ours and utterance.parent_id is None and not (is_private or utterance.words.quotes):
            return  # A post of ours: shown above what people say to it, not in the timeline.
        self._store.add_change(utterance.account, utterance.id, self._clock())
        if heard and utterance.is_ours and not self._is_hushed:
            talk.hear(self._store, utterance)

    def _change(self, number: int, post_id: str, at: datetime, gone: bool) -> Change:
        utterance = None if gone else self._store.utterance(post_id)
        if utterance is None or utterance.deleted_at is not None:
            return Change(number=number, post_id=post_id, at=at, item=None)
        marks = self._store.marks(utterance.account, post_id)
        return Change(number=number, post_id=post_id, at=at, item=serving.item(utterance, self._store.utterance, marks))

    def _known(self, id: str) -> Utterance:
        utterance = self._store.utterance(id)
        if utterance is None:
            raise KeyError(id)
        return utterance

    def _present(self, id: str) -> Utterance:
        utterance = self._store.utterance(id)
        if utterance is None:
            raise Refused("missing")
        if utterance.deleted_at is not None:
            raise Refused("gone")
        return utterance

    def _answerable(self, sending: Sending) -> Utterance:
        parent = self._present(sending.parent)
        above, _ = serving.ancestors(parent, self._store.utterance)
        if any(each.closed_at for each in (parent, *above)):
            raise Refused("closed")
        if sending.words.visibility.is_wider_than(parent.words.visibility):
            raise Refused("wider_audience")
        _demand_text(sending.words.text)
        if len(sending.words.attachments) > MOST_PICTURES:
            raise Refused("media")
        return parent

    def _own(self, account: str, id: str) -> Utterance:
        utterance = self._store.utterance(id)
        if utterance is None:
            raise Refused("missing")
        if utterance.author.handle != account:
            raise Refused("not_yours")
        return utterance


def _demand_text(text: str) -> None:
    if not text.strip():
        raise Refused("empty")
    if graphemes(text) > LONGEST:
        raise Refused("too_long")


def _account(author: Person, to: str | None, above: Utterance | None) -> str:
    if to is not None:
        return "@" + to.removeprefix("@")
    if above is not None:
        return above.account
    if author.key not in {person.key for person in PEOPLE}:
        return author.handle
    raise ValueError(f"{author.handle} speaks to nobody: name `to` or `parent`")


def _arrival(utterance: Utterance) -> Arrival:
    return Arrival(
        at=utterance.created_at,
        account=utterance.account,
        reserved=utterance.reserved,
        parent=utterance.words.quotes or utterance.parent_id or "",
        text=utterance.words.text,
        visibility=utterance.words.visibility,
        remote_id=utterance.id,
        warning=utterance.words.warning,
        pictures=tuple(attachment.alt for attachment in utterance.words.attachments),
        quotes=utterance.words.quotes is not None,
    )
