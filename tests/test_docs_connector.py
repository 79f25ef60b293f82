"""The guest book of docs/write-a-connector.md, as it stands there, against a guest book that answers over HTTP."""

from __future__ import annotations

import json
import logging
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.connector import Author, Connector, Context, Outgoing, Target
from hub.errors import Ambiguous, AuthExpired
from hub.kernel.http import Door
from hub.kernel.plugins import load_plugins
from hub.testing.clock import FrozenClock
from hub.testing.server import FakeServer
from tests.house import ROOT
from tests.plugging import PluginFolder

PAGE = (ROOT / "docs" / "write-a-connector.md").read_text()
LISTING = max(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL), key=len)
LENA = {"id": "lena", "name": "Lena Brandt"}
OWNER = {"id": "us", "name": "Brightwater", "book": "Our guests"}


@pytest.fixture
def book() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def connector(
    book: FakeServer, tmp_path: Path, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> Connector:
    module: Any = types.ModuleType("guestbook_of_the_guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(LISTING, "docs/write-a-connector.md", "exec", dont_inherit=True), module.__dict__)
    settings = module.Settings(address=book.url, token="a-token")
    context = Context(
        http=Door(allow=[book.address]), clock=frozen_clock, log=logging.getLogger("guestbook"), data=tmp_path
    )
    made: Connector = module.Guestbook(settings, context)
    return made


def entry(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "text": text, "author": LENA, "at": "2026-03-02T08:00:00+00:00", **more}


def test_hubbub_loads_the_plugin_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = PluginFolder(tmp_path, monkeypatch)
    plugins.install("guestbook", LISTING)
    loaded = load_plugins(plugins.points())
    assert loaded.found[0].problem == ""
    assert loaded.connector("guestbook").label == "Guest book"


def test_it_reads_and_leaves_out_only_what_cannot_be_read(book: FakeServer, connector: Connector) -> None:
    page = {
        "entries": [entry(1, "What a book"), {"id": "?"}, entry(2, "Indeed", parent=1)],
        "owner": "us",
        "more": False,
    }
    book.on("GET", "/entries").answers(json=page)
    first = connector.pull(None)
    assert [(message.remote_id, message.parent_id) for message in first.messages] == [("1", None), ("2", "1")]
    assert (len(first.skipped), first.cursor, first.history) == (1, "2", True)


def test_it_answers_under_a_reserved_key_and_finds_what_was_lost(book: FakeServer, connector: Connector) -> None:
    book.on("POST", "/entries").answers(status=502, json={}).answers(json=entry(7, "Thank you"))
    target = Target(remote_id="1", author=Author(id="lena"))
    plan = connector.plan(Outgoing(text="Thank you", target=target), "key-1")
    with pytest.raises(Ambiguous):
        connector.send(plan, 0, None)
    book.on("GET", "/entries").answers(json={"entries": [entry(7, "Thank you")]})
    found = connector.reconcile(plan, 0, connector.context.clock())
    assert found is not None and found.remote_id == "7"
    sent = json.loads(book.arrivals[0].body)
    assert sent == {"text": "Thank you", "parent": "1", "key": "key-1"}


def test_it_says_when_it_has_to_be_signed_in_again(book: FakeServer, connector: Connector) -> None:
    book.on("GET", "/owner").answers(json=OWNER).answers(status=401, json={})
    assert connector.check().title == "Our guests"
    with pytest.raises(AuthExpired):
        connector.check()
