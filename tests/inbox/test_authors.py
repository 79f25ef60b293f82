"""What the messages of one page tell about their authors ends as if each had been written when it was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.connector import Author, Incoming, Kind, Trust
from hub.customers import store
from hub.customers.model import Identity
from hub.inbox.authors import Authors
from hub.testing.clock import START
from tests.desk import Desk

LENA = Author(id="7", name="Lena", handle="@lena")


def by(author: Author, *, hours: int) -> Incoming:
    at = START + timedelta(hours=hours)
    return Incoming(remote_id=f"m{hours}", revision="1", kind=Kind.MENTION, author=author, text="?", created_at=at)


def page(desk: Desk, *messages: Incoming) -> Identity:
    """Meet the authors of one page, all of them the same person; returns who that is then."""
    with desk.hub.database.transaction() as session:
        authors = Authors(session, desk.channel_id)
        authors.prepare(message.author for message in messages)
        ids = {authors.meet(message) for message in messages}
        authors.finish()
        assert len(ids) == 1
        return store.identity(session, ids.pop())


def test_when_somebody_was_last_seen_counts_against_what_a_later_page_tells_of_earlier(desk: Desk) -> None:
    page(desk, by(LENA, hours=1))
    page(desk, by(LENA, hours=5))
    assert page(desk, by(replace(LENA, name="Lena Brandt"), hours=3)).name == "Lena"
    assert page(desk, by(replace(LENA, name="Lena Brandt"), hours=6)).name == "Lena Brandt"


def test_a_claim_made_earlier_on_a_page_changes_the_trust_and_not_the_name(desk: Desk) -> None:
    page(desk, by(LENA, hours=1))
    claimed = replace(LENA, name="Somebody", trust=Trust.CLAIMED)
    found = page(desk, by(LENA, hours=5), by(claimed, hours=3), by(LENA, hours=6))
    assert (found.name, found.trust) == ("Lena", Trust.CLAIMED)
