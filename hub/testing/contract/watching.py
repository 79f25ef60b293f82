"""Looks over the connector's shoulder: what its constructor does, and whether what it returns keeps the rules."""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, SupportsIndex

from hub.connector import Connector, Deleted, Incoming, Page, Skipped

CURSOR_BYTES = 64 * 1024
MOST_PAGES = 100

_TOUCHES = frozenset(
    {"open", "socket.connect", "socket.getaddrinfo", "socket.bind", "sqlite3.connect", "subprocess.Popen"}
)
_NETWORK = frozenset({"socket.connect", "socket.getaddrinfo"})
_CODE = (".py", ".pyc", ".so", ".pyd")
_DOOR = "hub.kernel.http"
_LONGEST_WAIT = 1.0

Judge = Callable[[str, tuple[Any, ...]], bool]


@dataclass(frozen=True, slots=True)
class _Watch:
    judge: Judge
    seen: list[str]


_watches: list[_Watch] = []


def watched() -> AbstractContextManager[list[str]]:
    """Collect what is opened, connected and started inside; loading code does not count."""

    def judge(event: str, args: tuple[Any, ...]) -> bool:
        return event in _TOUCHES and not (event == "open" and str(args[0]).endswith(_CODE))

    return _watching(judge)


def bypasses() -> AbstractContextManager[list[str]]:
    """Collect connections that this thread makes inside by another way than Hubbub's door to the network."""
    mine = threading.get_ident()

    def judge(event: str, args: tuple[Any, ...]) -> bool:
        return event in _NETWORK and threading.get_ident() == mine and not _comes_from_the_door()

    return _watching(judge)


@contextmanager
def waits() -> Iterator[list[str]]:
    """Collect what this thread would sleep away inside, when it is more than a second at once; nobody sleeps."""
    mine, sleep, seen = threading.get_ident(), time.sleep, list[str]()

    def noticed(seconds: float | SupportsIndex) -> None:
        if threading.get_ident() == mine and float(seconds) > _LONGEST_WAIT:
            seen.append(f"time.sleep {seconds!r}")
        else:
            sleep(seconds)

    # There is an audit event for it only from Python 3.13 on.
    time.sleep = noticed
    try:
        yield seen
    finally:
        time.sleep = sleep


@contextmanager
def _watching(judge: Judge) -> Iterator[list[str]]:
    _install()
    watch = _Watch(judge, [])
    _watches.append(watch)
    try:
        yield watch.seen
    finally:
        _watches.remove(watch)


@functools.cache
def _install() -> None:
    # An audit hook stays for the life of the process, so there is one, and it sleeps while nobody watches.
    sys.addaudithook(_notice)


def _notice(event: str, args: tuple[Any, ...]) -> None:
    for watch in _watches:
        if watch.judge(event, args):
            watch.seen.append(f"{event} {args[0]!r}")


def _comes_from_the_door() -> bool:
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if str(frame.f_globals.get("__name__", "")).startswith(_DOOR):
            return True
    return False


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
        assert not [each for each in message.reply.must_mention if each.is_us], f"answers would name us: {message!r}"
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
