"""Looks over the connector's shoulder: what its constructor does, and whether what it returns keeps the rules."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.connector import Connector, Deleted, Incoming, Page, Skipped

CURSOR_BYTES = 64 * 1024
MOST_PAGES = 100

_TOUCHES = ("open", "socket.connect", "socket.getaddrinfo", "socket.bind", "sqlite3.connect", "subprocess.Popen")
_CODE = (".py", ".pyc", ".so", ".pyd")
_watched: list[list[str]] = []


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect what is opened, connected and started inside; loading code does not count."""
    _install()
    seen: list[str] = []
    _watched.append(seen)
    try:
        yield seen
    finally:
        _watched.remove(seen)


@functools.cache
def _install() -> None:
    # An audit hook stays for the life of the process, so there is one, and it sleeps while nobody watches.
    sys.addaudithook(_notice)


def _notice(event: str, args: tuple[Any, ...]) -> None:
    if not _watched or event not in _TOUCHES:
        return
    if event == "open" and str(args[0]).endswith(_CODE):
        return
    for seen in _watched:
        seen.append(f"{event} {args[0]!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What the pulls from one cursor to "no more" brought, in order."""

    cursor: str
    pages: tuple[Page, ...]

    @property
    def messages(self) -> tuple[Incoming, ...]:
        return tuple(message for page in self.pages for message in page.messages)

    @property
    def deleted(self) -> tuple[Deleted, ...]:
        return tuple(deleted for page in self.pages for deleted in page.deleted)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(skipped for page in self.pages for skipped in page.skipped)

    @property
    def latest(self) -> Mapping[str, Incoming]:
        """Each message as it was told last, by remote id."""
        return {message.remote_id: message for message in self.messages}

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


def pull_all(connector: Connector, cursor: str | None = None) -> Pulled:
    """Pull until there is no more; every page must keep the rules of `check_page`."""
    pages: list[Page] = []
    while not pages or pages[-1].more:
        pages.append(check_page(connector.pull(cursor)))
        cursor = pages[-1].cursor
        assert len(pages) < MOST_PAGES, "the pull says `more` for ever"
    return Pulled(cursor=pages[-1].cursor, pages=tuple(pages))


def check_page(page: Page) -> Page:
    """Refuse a page that breaks the contract, naming what is wrong. Raises AssertionError."""
    assert isinstance(page, Page), f"pull returned {page!r}"
    json.loads(page.cursor)
    assert len(page.cursor.encode()) <= CURSOR_BYTES, "the cursor is larger than 64 KB"
    for message in page.messages:
        assert message.remote_id, f"no remote id: {message!r}"
        assert message.revision, f"no revision: {message!r}"
        assert message.author.id, f"no stable author id: {message!r}"
        json.dumps(dict(message.raw))
    check_instants(page)
    return page


def check_instants(value: Any, path: str = "") -> None:
    """Every instant inside is aware UTC, however deep. Raises AssertionError."""
    if isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0), f"{path} is not aware UTC: {value!r}"
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            check_instants(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        for name, each in value.items():
            check_instants(each, f"{path}[{name!r}]")
    elif isinstance(value, tuple | list):
        for index, each in enumerate(value):
            check_instants(each, f"{path}[{index}]")
