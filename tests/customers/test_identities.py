"""Who speaks to us, as the newest of their messages tells it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hub.connector import Author
from hub.customers import store
from hub.customers.model import Identity
from hub.errors import Absent
from hub.testing.clock import START
from tests.desk import Desk


def met(desk: Desk, *authors: tuple[Author, datetime]) -> Identity:
    with desk.hub.database.transaction() as session:
        ids = {
            store.meet(session, desk.channel_id, store.key(author), store.facts(author), at=at).id
            for author, at in authors
        }
        assert len(ids) == 1
        return store.identity(session, ids.pop())


def test_a_rename_is_kept_whichever_message_comes_first(desk: Desk) -> None:
    old, new = Author(id="7", name="Lena", handle="@lena"), Author(id="7", name="Lena Vogel", handle="@vogel")
    told = [(old, START), (new, START + timedelta(hours=1))]
    assert met(desk, *told) == met(desk, *reversed(told))
    assert met(desk, *told).shown_name == "Lena Vogel"


def test_whoever_is_us_once_stays_us(desk: Desk) -> None:
    assert met(desk, (Author(id="7", is_us=True), START), (Author(id="7"), START + timedelta(hours=1))).is_us


def test_what_hides_in_a_name_is_taken_out_and_an_address_that_is_none_is_dropped(desk: Desk) -> None:
    hidden = Author(id="7", name="Ana\u202e\nKovač\0" + "x" * 500, url="javascript:alert(1)", avatar="data:x")
    found = met(desk, (hidden, START))
    assert (found.url, found.avatar) == (None, None)
    assert "\u202e" not in found.name and "\n" not in found.name and len(found.name) <= 200


def test_without_a_name_the_handle_is_shown_and_without_that_the_id(desk: Desk) -> None:
    assert met(desk, (Author(id="7", handle="@lena"), START)).shown_name == "@lena"
    assert met(desk, (Author(id="8"), START)).shown_name == "8"


def test_an_identity_that_is_not_there_is_absent(desk: Desk) -> None:
    with desk.hub.database.reading() as session, pytest.raises(Absent):
        store.identity(session, 10**9)
