"""Who wrote the messages of one page: identities, read together, written where a message tells something new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from hub.connector import Author, Incoming
from hub.customers import store as customers
from hub.customers.store import Met
from hub.kernel.database import Session


class Authors:
    """The authors of one page. When they were last seen is written at its end."""

    def __init__(self, session: Session, channel_id: int) -> None:
        self.session = session
        self.channel_id = channel_id
        self._met: dict[str, Met] = {}
        self._told: dict[str, tuple[Author, customers.Facts]] = {}
        self._seen: dict[int, datetime] = {}

    def prepare(self, authors: Iterable[Author]) -> list[int]:
        """Read in one statement who is known; returns their ids."""
        self._met.update(customers.met(self.session, self.channel_id, {customers.key(author) for author in authors}))
        return [met.id for met in self._met.values()]

    def meet(self, message: Incoming) -> int:
        """The identity of a message's author, with what it tells about them."""
        author, at = message.author, message.edited_at or message.created_at
        met = self._met.get(customers.key(author))
        if met is None or not self._adds_nothing(met, author, at):
            return self._write(author, at)
        if at > met.seen_at:
            self._met[customers.key(author)] = replace(met, seen_at=at)
            self._seen[met.id] = at
        return met.id

    def finish(self) -> None:
        customers.see(self.session, self._seen)

    def _adds_nothing(self, met: Met, author: Author, at: datetime) -> bool:
        """Whether all that a message of that instant could change is when its author was last seen."""
        facts = self._facts(author)
        if facts == met.facts:
            return True
        is_older = at < met.seen_at
        return is_older and facts.trust == met.facts.trust and facts.is_us == met.facts.is_us

    def _write(self, author: Author, at: datetime) -> int:
        key = customers.key(author)
        if key in self._met and self._met[key].id in self._seen:
            # What a message tells is held against when its author was last seen.
            customers.see(self.session, {self._met[key].id: self._seen.pop(self._met[key].id)})
        self._met[key] = customers.meet(self.session, self.channel_id, key, self._facts(author), at=at)
        return self._met[key].id

    def _facts(self, author: Author) -> customers.Facts:
        """Most people write more than one message of a page, and most pages say the same of them each time."""
        told = self._told.get(author.id)
        if told is None or told[0] != author:
            told = self._told[author.id] = (author, customers.facts(author))
        return told[1]
