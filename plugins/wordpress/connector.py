"""A WordPress site as a channel: comments in, replies and moderation out, through its REST API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from hub.connector import (
    Action,
    Check,
    Connector,
    Context,
    Features,
    Limits,
    Measure,
    Moderation,
    Outgoing,
    Page,
    Part,
    Plan,
    Receipt,
    setting,
)
from hub.errors import AlreadySent, Ambiguous, Gone, NotFound, Rejected, Unavailable

from . import mapping
from .diagnosis import find
from .mapping import FIELDS, Me
from .progress import read_cursor
from .pulling import Pull
from .site import Site
from .wording import as_content, is_same

MOST_BYTES = 65_525
"""WordPress's limit for a comment: of bytes, and of the content with its escapes."""

_WRITES = {"approve": "approved", "hold": "hold", "spam": "spam", "trash": "trash"}
_REACHED = {
    "approve": Moderation.APPROVED,
    "hold": Moderation.HELD,
    "spam": Moderation.SPAM,
    "trash": Moderation.TRASH,
}
_UNDO = {Moderation.SPAM: "unspam", Moderation.TRASH: "untrash"}
_CLOCKS_APART = timedelta(minutes=10)
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPressSettings:
    """What is needed to read and answer the comments of one site."""

    address: str = setting("Site address", kind="url", help="The address of the blog, as visitors type it.")
    user: str = setting("User", help="The name you sign in with. It needs the role Editor to moderate.")
    password: str = setting(
        "Application password",
        secret=True,
        help="Not your own password: make one in WordPress under Users, Profile, Application Passwords.",
    )


class WordPress(Connector):
    """Comments of one site, read and answered as one of its users."""

    kind: ClassVar[str] = "wordpress"
    label: ClassVar[str] = "WordPress"
    Settings: ClassVar[type[Any]] = WordPressSettings
    features: ClassVar[Features] = Features(
        send=True,
        reconcile=True,
        threads=True,
        edits=True,
        deletes=True,
        actions=frozenset({"approve", "hold", "spam", "trash", "restore", "edit", "delete"}),
    )

    def __init__(self, settings: WordPressSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._site = Site(
            context.http, context.clock, address=settings.address, user=settings.user, password=settings.password
        )

    def check(self) -> Check:
        found = find(self._site, self.settings.user, self.settings.password)
        warnings = [] if found.me.moderates else ["cannot_moderate"]
        if self._site.root().startswith("http://"):
            warnings.append("not_encrypted")
        return Check(account=found.me.author, title=found.title, limits={"bytes": MOST_BYTES}, warnings=tuple(warnings))

    def pull(self, cursor: str | None) -> Page:
        return Pull(self._site, self._me()).page(read_cursor(cursor))

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        used, limit = len(as_content(outgoing.text).encode()), limits.get("bytes", MOST_BYTES)
        errors = ["empty"] if not used else ["too_long"] if used > limit else []
        return Measure(units={"bytes": (used, limit)}, errors=tuple(errors))

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        """One part, its content frozen as WordPress will get it. There is no id to reserve."""
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text, body={"content": as_content(outgoing.text)}),))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        parent = self._answered(plan)
        content = {"post": parent["post"], "parent": parent["id"], "content": _content(plan, part)}
        try:
            created = self._site.post("wp/v2/comments", content)
        except Rejected as refusal:
            if refusal.reason != "duplicate":
                raise
            raise self._already_sent(plan, part, refusal) from refusal
        try:
            return mapping.receipt(created)
        except (KeyError, TypeError, ValueError) as error:
            raise Ambiguous("not_json") from error

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        me = self._me()
        arrived = [
            comment
            for comment in self._own_answers(me, _parent_id(plan))
            if _says(comment, plan, part) and _may_be_of(comment, since)
        ]
        if arrived:
            return mapping.receipt(arrived[0])
        if not me.edits:
            # Such an account is shown no comment of its own that waits for moderation.
            raise Ambiguous("cannot_moderate")
        return None

    def act(self, action: Action) -> None:
        if action.name not in self.features.actions:
            raise NotImplementedError(f"{self.kind} declares no {action.name}")
        path = f"wp/v2/comments/{_number(action.target.remote_id, action.target.permalink)}"
        if action.name == "edit":
            self._rewrite(path, action.text)
        elif action.name == "delete":
            self._throw_away(path)
        else:
            self._moderate(path, action.name)

    def _moderate(self, path: str, name: str) -> None:
        wanted = _status_to_write(name, self._state(path))
        if wanted is None:
            return
        try:
            self._site.post(path, {"status": wanted})
        except Ambiguous as failure:
            # WordPress also answers 500 when there is nothing left to change.
            if _status_to_write(name, self._state(path)) is not None:
                raise Unavailable(failure.reason, detail=failure.detail) from failure

    def _rewrite(self, path: str, text: str) -> None:
        try:
            self._site.post(path, {"content": as_content(text)})
        except Ambiguous as failure:
            if not is_same("", self._rendered(path), text):
                raise Unavailable(failure.reason, detail=failure.detail) from failure

    def _throw_away(self, path: str) -> None:
        """Into the trash, as WordPress itself deletes; what is gone for good already is deleted."""
        try:
            self._moderate(path, "trash")
        except Gone:
            return

    def _rendered(self, path: str) -> str:
        found = self._site.get(path, {"_fields": "id,content"})
        return _read(lambda: str(found["content"]["rendered"]))

    def _me(self) -> Me:
        told = self._site.get("wp/v2/users/me", {"context": "edit"})
        return _read(lambda: mapping.me_of(told, self._site.home))

    def _state(self, path: str) -> Moderation:
        found = self._site.get(path, {"_fields": "id,status"})
        return _read(lambda: mapping.moderation(str(found["status"])))

    def _answered(self, plan: Plan) -> Mapping[str, Any]:
        """The comment to answer as it is now. WordPress itself would hang an answer on one that is long gone."""
        found = self._site.get(f"wp/v2/comments/{_parent_id(plan)}", {"_fields": "id,post,status"})
        parent = _read(lambda: {"id": int(found["id"]), "post": int(found["post"])})
        state = mapping.moderation(str(found.get("status", "approved")))
        if state in _UNDO:
            raise NotFound(state.value)
        return parent

    def _own_answers(self, me: Me, parent: int) -> Iterable[Mapping[str, Any]]:
        """Our comments under one comment, newest first, in every state we are shown."""
        params: dict[str, Any] = {
            "parent": parent,
            "per_page": 100,
            "orderby": "id",
            "order": "desc",
            "_fields": FIELDS,
        }
        if me.edits:
            params |= {"author": me.id, "status": "any"}
        if me.moderates:
            params["context"] = "edit"
        listed = self._site.list("wp/v2/comments", params).items
        return [comment for comment in listed if isinstance(comment, dict) and comment.get("author") == me.id]

    def _already_sent(self, plan: Plan, part: int, refusal: Rejected) -> AlreadySent | Rejected:
        answers = list(self._own_answers(self._me(), _parent_id(plan)))
        same = [comment for comment in answers if _says(comment, plan, part)]
        return AlreadySent(mapping.receipt(same[0])) if same else refusal


def _read(reading: Callable[[], Read]) -> Read:
    """A plugin of the site may answer anything: what cannot be read is no answer."""
    try:
        return reading()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable("not_json") from error


def _parent_id(plan: Plan) -> int:
    return _number(plan.outgoing.target.remote_id, plan.outgoing.target.permalink)


def _number(remote_id: str, permalink: str | None) -> int:
    number = mapping.comment_id(remote_id, permalink)
    if number is None:
        raise Gone("not_a_comment")
    return number


def _content(plan: Plan, part: int) -> str:
    return str(plan.parts[part].body.get("content") or as_content(plan.parts[part].text))


def _says(comment: Mapping[str, Any], plan: Plan, part: int) -> bool:
    content = comment.get("content") or {}
    return is_same(str(content.get("raw", "")), str(content.get("rendered", "")), plan.parts[part].text)


def _may_be_of(comment: Mapping[str, Any], since: datetime) -> bool:
    """WordPress takes no text twice under one comment, except after the first was thrown into the trash."""
    in_trash = mapping.moderation(str(comment.get("status", "approved"))) is Moderation.TRASH
    return not in_trash or mapping.instant(comment["date_gmt"]) >= since - _CLOCKS_APART


def _status_to_write(action: str, state: Moderation) -> str | None:
    """The status that brings a comment there; None when it is there already."""
    if action == "restore":
        return _UNDO.get(state)
    return None if state is _REACHED[action] else _WRITES[action]
