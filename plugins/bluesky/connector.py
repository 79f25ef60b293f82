"""An account on Bluesky, or on another server of its network, as a channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from hub.connector import (
    Action,
    Check,
    Connector,
    Context,
    Features,
    Limits,
    Measure,
    Outgoing,
    Page,
    Plan,
    Receipt,
    Visibility,
    setting,
)
from hub.errors import AuthExpired, Misconfigured, Rejected
from hub.kernel.hashtags import tags_of

from . import composing, diagnosis
from .arriving import Arriving, is_direct
from .cards import Cards
from .direct import Direct
from .mapping import Me
from .progress import read_cursor
from .pulling import Pull
from .reading import Reading
from .rich_text import handles
from .sdk import ACTIONS, Actions
from .server import LOOK, Server
from .sessions import Sessions

_MOST_NAMED = 4
"""People looked up for one answer: a plan has twenty seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueskySettings:
    """What is needed to read and answer as one account."""

    handle: str = setting("Handle", help="The account's full name, for example brightwater.bsky.social.")
    app_password: str = setting(
        "App password",
        secret=True,
        help="Made under Settings, Privacy and security, App passwords; tick the box for direct messages to see them.",
    )
    service: str = setting(
        "Server",
        kind="url",
        default="https://bsky.social",
        help="Only for accounts that live on a server of their own.",
    )
    tags: str = setting(
        "Hashtags",
        help="Up to five. Posts with one of them come in as well, whoever they name. For example: brightwater kettles",
        default="",
    )
    link_cards: str = setting(
        "Cards for links",
        kind="choice",
        default="yes",
        choices={"yes": "Yes, for the first link of an answer", "no": "No"},
        help="Title and picture of the page below an answer; this server fetches them as the answer goes out.",
    )


class Bluesky(Connector):
    """One account: its mentions, answers, quotes and direct messages, and answers to them."""

    kind: ClassVar[str] = "bluesky"
    label: ClassVar[str] = "Bluesky"
    Settings: ClassVar[type[Any]] = BlueskySettings
    features: ClassVar[Features] = Features(
        send=True,
        reconcile=True,
        reserves=True,
        threads=True,
        edits=True,
        deletes=True,
        actions=ACTIONS,
        visibilities=(Visibility.PUBLIC, Visibility.DIRECT),
        attachments=composing.MOST_PICTURES,
        quotes=True,
    )
    people_at: ClassVar[str] = "bsky.app"

    def __init__(self, settings: BlueskySettings, context: Context) -> None:
        super().__init__(settings, context)
        self._sessions = Sessions(
            context, service=settings.service, identifier=settings.handle, password=settings.app_password
        )
        self._server = Server(context, self._sessions)
        self._reading = Reading(self._server)
        self._actions = Actions(context, self._sessions, self._server)
        self._cards = Cards(context.http)
        self._known_direct: Direct | None = None

    def check(self) -> Check:
        try:
            with diagnosis.first_contact():
                me = self._me()
            return diagnosis.check(self._server, self._direct(), me, tags_of(self.settings.tags))
        except (AuthExpired, Misconfigured) as error:
            raise diagnosis.at_setting(error) from error

    def pull(self, cursor: str | None) -> Page:
        tags = tags_of(self.settings.tags)
        pull = Pull(self._reading, self._direct(), self._me(), self.context.clock, tags=tags)
        return pull.page(read_cursor(cursor))

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        return composing.measure(outgoing, limits)

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        """The parts of the answer, each frozen as the record it becomes, with the key it is written under."""
        wider = outgoing.visibility.is_wider_than(outgoing.target.visibility)
        if wider or outgoing.visibility not in self.features.visibilities:
            raise Rejected("wider_audience")
        texts = composing.parts_of(outgoing)
        dids = self._dids(outgoing.text)
        if is_direct(outgoing):
            return Plan(outgoing=outgoing, parts=composing.messages(outgoing, texts, dids))
        now = self.context.clock()
        card = self._cards.of(outgoing, texts) if self.settings.link_cards == "yes" else None
        return Plan(outgoing=outgoing, parts=composing.posts(outgoing, texts, key=key, at=now, dids=dids, card=card))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        return self._arriving().send(plan, part, previous)

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        return self._arriving().find(plan, part, since)

    def act(self, action: Action) -> None:
        self._actions.act(action.name, action.target)

    def _me(self) -> Me:
        return Me(did=self._sessions.current().did)

    def _direct(self) -> Direct:
        if self._known_direct is None:
            self._known_direct = Direct(self._server, self._me())
        return self._known_direct

    def _arriving(self) -> Arriving:
        return Arriving(self._server, self._reading, self._direct(), self.context.uploads, self._cards)

    def _dids(self, text: str) -> dict[str, str]:
        """Who is meant by the handles in a text. One that nobody has stays a word."""
        found = {}
        for handle in handles(text)[:_MOST_NAMED]:
            answer = self._server.ask(
                "GET", "com.atproto.identity.resolveHandle", params={"handle": handle}, limits=LOOK
            )
            if answer.status == 400:
                continue
            if answer.status != 200:
                raise self._server.refusal(answer)
            found[handle] = str(answer.json().get("did"))
        return found
