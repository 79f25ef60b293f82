"""Pictures of custom emoji: fetched by the worker when a message names one, made anew, and kept to be shown.

By the worker and not when somebody looks: no page waits for another's server, and no server learns that and when a
message was read. What cannot be had is shown as its `:code:`.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from hub.connector import Emoji, Incoming
from hub.errors import Absent, HubError, Misconfigured, Rejected, StorageFull, Unavailable
from hub.events import ConversationChanged
from hub.inbox.store import emoji as store
from hub.inbox.store import intake
from hub.inbox.store.emoji import Wanted
from hub.kernel import log as event_log
from hub.kernel.database import Session
from hub.kernel.http import FetchLimits
from hub.kernel.hub import Hub
from hub.kernel.images import Picture, small

log = structlog.get_logger("hub.inbox")

MEDIA_TYPE = "image/webp"

MOST_KEPT = 20_000
"""Pictures; beyond it those that no message named for the longest time are thrown away."""

_LIMITS = FetchLimits(seconds=10.0, bytes=1_000_000)
_CLAIMED = timedelta(minutes=1)
_PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
_REFUSED_FOR = timedelta(days=7)
_SWEPT_AT_ONCE = 500
_NAME = re.compile(r"[0-9a-f]{32}")


def name_of(emoji: Emoji) -> str:
    """What we call its picture: nobody guesses it who does not know where it came from."""
    return hashlib.sha256(emoji.url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def kept(session: Session, emoji: Iterable[Emoji]) -> frozenset[str]:
    """The names of those of these pictures that can be shown."""
    return store.kept(session, {name_of(each) for each in emoji})


class Emojis:
    """Those that the messages of one page name."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._told: dict[str, str] = {}
        self._conversations: dict[str, int | None] = {}

    def meet(self, message: Incoming, conversation_id: int | None) -> None:
        for each in intake.emoji_of(message):
            name = name_of(each)
            self._told[name] = each.url
            self._conversations[name] = conversation_id or self._conversations.get(name)

    def finish(self, session: Session) -> None:
        """Have those fetched that are not here."""
        store.want(session, self._told, self._conversations, now=self._now)


def claim_due(hub: Hub, *, limit: int, without: Collection[str] = ()) -> list[Wanted]:
    """Pictures to be fetched now, `without` some hosts'; nobody else fetches them for a minute."""
    if limit < 1:
        return []
    now = hub.clock()
    with hub.database.reading() as session:
        names = store.due(session, now=now, limit=limit, without=without)
    if not names:
        return []
    with hub.database.transaction() as session:
        return store.claim(session, names, now=now, until=now + _CLAIMED)


def fetch(hub: Hub, wanted: Wanted) -> bool:
    """Fetch one picture and keep it, and tell whoever looks at its conversation. False where it was not to be had."""
    try:
        picture = _fetched(hub, wanted.url)
        _write(_file(hub, wanted.name), picture.body)
    except HubError as error:
        _put_off(hub, wanted, error)
        return False
    now = hub.clock()
    with hub.database.transaction() as session:
        store.keep(session, wanted.name, now=now)
        if wanted.conversation_id is not None:
            event_log.append(session, ConversationChanged(conversation_id=wanted.conversation_id), at=now)
    return True


def body_of(hub: Hub, name: str) -> bytes:
    """The picture of that name, as MEDIA_TYPE. Raises Absent; one whose file is gone is fetched anew by and by."""
    if not _NAME.fullmatch(name):
        raise Absent("no such emoji")
    try:
        return _file(hub, name).read_bytes()
    except OSError as error:
        with hub.database.transaction() as session:
            store.lost(session, name, now=hub.clock())
        raise Absent("no such emoji") from error


def sweep(hub: Hub, *, keep: int = MOST_KEPT) -> int:
    """Throw away what is beyond the limit; returns how many."""
    now = hub.clock()
    with hub.database.transaction() as session:
        store.bring_forward(session, latest=now + _PAUSES[-1] + _CLAIMED, now=now)
        gone = store.forget_oldest(session, keep=keep, most=_SWEPT_AT_ONCE)
    for name in gone:
        _file(hub, name).unlink(missing_ok=True)
    return len(gone)


def _fetched(hub: Hub, url: str) -> Picture:
    """The address is the sender's word: what the operator allows connectors to reach is not open to it."""
    answer = hub.door.request("GET", url, headers={"Accept": "image/*"}, limits=_LIMITS, excepted=False)
    if answer.status != 200:
        raise Unavailable("picture_gone", detail=str(answer.status))
    return small(answer.body)


def _put_off(hub: Hub, wanted: Wanted, error: HubError) -> None:
    """Later again, and after some times, or where it is no picture, not before it is named again in a week."""
    is_final = isinstance(error, Rejected | Misconfigured) or wanted.tries > len(_PAUSES)
    pause = _REFUSED_FOR if is_final else _PAUSES[wanted.tries - 1]
    log.info("emoji_not_had", host=wanted.host, reason=error.params.get("reason", error.code), final=is_final)
    with hub.database.transaction() as session:
        store.put_off(session, wanted.name, due_at=hub.clock() + pause, refused=is_final)


def _file(hub: Hub, name: str) -> Path:
    return hub.config.media / "emoji" / f"{name}.webp"


def _write(file: Path, body: bytes) -> None:
    """Whole or not at all. Raises StorageFull."""
    part = file.with_suffix(".part")  # whoever fetches it has it alone, and what a killed one left is written over
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(body)
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise StorageFull("full", str(error)) from error
