"""Direct messages: the log of what happened in all conversations, and at first what was said before it.

Lexicons: chat.bsky.convo. They live on a service of their own, which our server hands our calls on to; an app password
reaches it only when that was ticked as it was made. Without it everything else works.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hub.connector import Author, Deleted, DeletedBy, Incoming, Kind, Skipped, Visibility
from hub.errors import AuthExpired, ConnectorError, NotFound, RateLimited, ScopeMissing, Unavailable

from . import mapping
from .convos import Convo, is_convo, link_to, read_convo
from .mapping import MALFORMED, Me, Raw
from .progress import Chat
from .rich_text import to_html
from .server import Server
from .showing import attachments_of, embedded_html

_LOG_PAGES = 5
_CONVOS = 30
_MESSAGES = 30
_TRY_AGAIN = 3600
_STILL_NEWS = timedelta(days=1)
_TIME = timedelta(seconds=12)
_CREATED, _DELETED = "#logCreateMessage", "#logDeleteMessage"
_OTHER_RULES = ("#logAcceptConvo", "#logLockConvo", "#logUnlockConvo", "#logLockConvoPermanently")
"""After these what was told of a conversation's messages holds no more."""

_OTHER_PEOPLE = (
    "#logBeginConvo",
    "#logAddMember",
    "#logRemoveMember",
    "#logMemberJoin",
    "#logMemberLeave",
    "#logEditGroup",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageId:
    """A message by its conversation and its own id; as text it is the remote id."""

    convo: str
    message: str

    def __str__(self) -> str:
        return f"dm:{self.convo}/{self.message}"


def read_id(remote_id: str) -> MessageId | None:
    """None for what is no direct message."""
    if not remote_id.startswith("dm:"):
        return None
    convo, _, message = remote_id.removeprefix("dm:").partition("/")
    return MessageId(convo=convo, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one pull brought of direct messages."""

    chat: Chat
    messages: tuple[Incoming, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(slots=True)
class _Page:
    last: dict[str, str]
    messages: dict[str, Incoming] = field(default_factory=dict)
    deleted: list[Deleted] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)


class Direct:
    """The conversations of one account."""

    def __init__(self, server: Server, me: Me) -> None:
        self._server = server
        self._me = me
        self._convos: dict[str, Convo] = {}

    def pull(self, chat: Chat, *, history: bool) -> Heard:
        """What is new; nothing where direct messages cannot be read now. Never fails: posts do not wait for them."""
        now = self._server.clock()
        if now.timestamp() < chat.off_until:
            return Heard(chat=chat)
        page = _Page(last=dict(chat.last))
        # One that could not be read is asked for anew.
        self._convos = {id: convo for id, convo in self._convos.items() if convo.members}
        try:
            log = (
                self._follow(chat.log, page) if chat.log else self._begin(page, None if history else now - _STILL_NEWS)
            )
        except ScopeMissing:
            return Heard(chat=replace(chat, off_until=int(now.timestamp()) + _TRY_AGAIN))
        except AuthExpired:
            raise
        except ConnectorError:
            return Heard(chat=chat)
        return Heard(
            chat=replace(chat, log=log, off_until=0).heard(page.last),
            messages=tuple(page.messages.values()),
            deleted=tuple(page.deleted),
            skipped=tuple(page.skipped),
        )

    def can_read(self) -> bool:
        """Whether the app password reaches direct messages, as far as that can be told now."""
        try:
            self._server.query("chat.bsky.convo.getLog", chat=True)
        except ScopeMissing:
            return False
        except (Unavailable, NotFound, RateLimited):
            return True
        return True

    def messages(self, convo: str) -> list[Raw]:
        """The newest messages of one conversation, newest first."""
        params = {"convoId": convo, "limit": _MESSAGES}
        told = self._server.query("chat.bsky.convo.getMessages", params, chat=True).content.get("messages")
        return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []

    # --- reading ------------------------------------------------------------------------------------------------------

    def _begin(self, page: _Page, since: datetime | None) -> str:
        """Note where the log stands, then read what was said before: so that nothing lies between."""
        log = str(self._server.query("chat.bsky.convo.getLog", chat=True).content.get("cursor") or "")
        started = self._server.clock()
        for told in (*self._listed("listConvos", "convos"), *self._requests()):
            if self._server.clock() - started > _TIME:
                break
            id = str(told["id"])
            if id not in self._convos:
                self._convos[id] = read_convo(id, told)
                self._tell_newest(id, page, since)
        return log

    def _listed(self, name: str, of: str) -> list[Raw]:
        told = self._server.query(f"chat.bsky.convo.{name}", {"limit": _CONVOS}, chat=True).content.get(of)
        return [each for each in told if is_convo(each)] if isinstance(told, list) else []

    def _requests(self) -> list[Raw]:
        """Who asks to be heard; nothing where the service has no list of them of its own."""
        try:
            told = self._listed("listConvoRequests", "requests")
        except (NotFound, Unavailable):
            return []
        return [{"status": "request", **each} for each in told]

    def _tell_newest(self, id: str, page: _Page, since: datetime | None) -> None:
        for message in reversed(self.messages(id)):
            self._take(id, message, page, since)

    def _follow(self, log: str, page: _Page) -> str:
        """Read on in the log. It is inclusive, and holds kinds of events that nobody knows yet."""
        for _ in range(_LOG_PAGES):
            told = self._server.query("chat.bsky.convo.getLog", {"cursor": log}, chat=True).content
            events = told.get("logs")
            events = [each for each in events if isinstance(each, dict)] if isinstance(events, list) else []
            for event in events:
                if str(event.get("rev") or "") > log:
                    self._happened(event, page)
            for convo in sorted(page.changed):
                self._tell_newest(convo, page, None)
            page.changed.clear()
            following = max([log, str(told.get("cursor") or ""), *(str(event.get("rev") or "") for event in events)])
            if following == log or not events:
                return log
            log = following
        return log

    def _happened(self, event: Raw, page: _Page) -> None:
        type, convo, message = str(event.get("$type")), str(event.get("convoId")), event.get("message")
        if type.endswith(_CREATED):
            self._take(convo, message, page, None)
        elif type.endswith(_DELETED):
            self._remove(convo, message, page)
        elif type.endswith((*_OTHER_RULES, *_OTHER_PEOPLE)):
            self._convos.pop(convo, None)
            page.changed |= {convo} if type.endswith(_OTHER_RULES) else set()

    def _remove(self, convo: str, message: Any, page: _Page) -> None:
        """A message can be taken away by whoever reads it, for themselves alone: of another's nobody tells who did."""
        if not isinstance(message, Mapping):
            return
        sender = message.get("sender")
        is_ours = isinstance(sender, Mapping) and sender.get("did") == self._me.did
        gone = str(MessageId(convo=convo, message=str(message.get("id"))))
        page.messages.pop(gone, None)
        page.deleted.append(Deleted(remote_id=gone, by=DeletedBy.AUTHOR if is_ours else DeletedBy.UNAVAILABLE))

    def _take(self, convo: str, message: Any, page: _Page, since: datetime | None) -> None:
        try:
            if str(message.get("$type")).endswith("#deletedMessageView"):
                self._remove(convo, message, page)
                return
            if "text" not in message:
                return
            told = self._incoming(convo, message, page.last.get(convo))
        except MALFORMED as error:
            page.skipped.append(mapping.skipped(message, error))
            return
        if since is None or told.created_at >= since:
            page.messages[told.remote_id] = told
        if not told.author.is_us:
            page.last.pop(convo, None)
            page.last[convo] = told.remote_id

    def _incoming(self, convo: str, message: Raw, last: str | None) -> Incoming:
        text, embedded = str(message["text"]), embedded_html(message.get("embed"))
        author, around = self._author(convo, str(message["sender"]["did"])), self._convo(convo)
        said = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]
        return Incoming(
            remote_id=str(MessageId(convo=convo, message=str(message["id"]))),
            revision=said + around.mark,
            kind=Kind.DIRECT,
            kind_raw="request" if around.is_request else "accepted",
            author=author,
            text=text,
            html=to_html(text, message.get("facets")) + embedded,
            created_at=mapping.instant(message["sentAt"]),
            # What we wrote hangs on what it answers; a conversation has no other threads.
            parent_id=_answered(convo, message) or (last if author.is_us else None),
            root_id=f"dm:{convo}",
            post=around.above(self._me.did),
            visibility=Visibility.DIRECT,
            visibility_raw="direct" if around.group is None else "group",
            attachments=tuple(attachments_of(message.get("embed"))),
            permalink=link_to(convo),
            reply=around.rules,
            raw={"convo": convo, "group": around.group is not None, "message": message},
        )

    def _author(self, convo: str, did: str) -> Author:
        for member in self._convo(convo).members:
            if member.get("did") == did:
                return mapping.author_of(member, self._me)
        return Author(id=did, url=f"https://bsky.app/profile/{did}", is_us=did == self._me.did)

    def _convo(self, id: str) -> Convo:
        """A conversation; asked for again only when it changed."""
        if id not in self._convos:
            try:
                told = self._server.query("chat.bsky.convo.getConvo", {"convoId": id}, chat=True).content.get("convo")
            except (NotFound, Unavailable):
                told = None
            self._convos[id] = read_convo(id, told if isinstance(told, Mapping) else {})
        return self._convos[id]


def _answered(convo: str, message: Raw) -> str | None:
    """The message of the same conversation that one says it answers; most say nothing."""
    above = message.get("replyTo")
    if not isinstance(above, Mapping) or not isinstance(above.get("id"), str):
        return None
    return str(MessageId(convo=convo, message=above["id"]))
