"""An account on Mastodon, or on a server that speaks its API, as a channel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    SignIn,
    Visibility,
    setting,
)
from hub.errors import Rejected
from hub.kernel.hashtags import tags_of

from . import composing, diagnosis, signing, streaming
from .arriving import find_part, send_part
from .composing import MOST_PICTURES
from .editing import edit
from .mapping import Me
from .progress import read_cursor
from .pulling import Pull
from .reading import Reading
from .sdk import ACTIONS, Actions
from .server import Server

EDIT = "edit"
_LIMITS_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MastodonSettings:
    """What is needed to read and answer as one account."""

    address: str = setting(
        "Server address", kind="url", help="The server your account is on, for example https://mastodon.example."
    )
    token: str = setting(
        "Access token",
        secret=True,
        help="Leave it to signing in at the server; or make one there under Preferences, Development, New application, "
        "with read and write, and paste it.",
    )

    answers: str = setting(
        "Answers to public posts",
        kind="choice",
        choices={"public": "Public", "unlisted": "Unlisted: not in public timelines"},
        default="public",
        help="What the composer proposes for what arrives from now on; each answer can choose otherwise.",
    )

    tags: str = setting(
        "Hashtags",
        help="Up to five. Posts with one of them come in as well, whoever they name. For example: brightwater kettles",
        default="",
    )


class Mastodon(Connector):
    """One account: its mentions, direct messages, quotes and threads, and answers to them."""

    kind: ClassVar[str] = "mastodon"
    label: ClassVar[str] = "Mastodon"
    Settings: ClassVar[type[Any]] = MastodonSettings
    features: ClassVar[Features] = Features(
        send=True,
        reconcile=True,
        threads=True,
        edits=True,
        deletes=True,
        actions=ACTIONS | {EDIT},
        visibilities=tuple(Visibility),
        attachments=MOST_PICTURES,
        quotes=True,
        content_warnings=True,
        listens=True,
        signs_in=True,
    )

    def __init__(self, settings: MastodonSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._server = Server(context.http, context.clock, address=settings.address, token=settings.token)
        self._reading = Reading(self._server)
        self._actions = Actions(context.http, context.clock, home=self._server.home, token=settings.token.strip())
        self._known_me: Me | None = None
        self._known_limits: tuple[Limits, datetime] | None = None

    def check(self) -> Check:
        return diagnosis.check(self._server, tags_of(self.settings.tags))

    def pull(self, cursor: str | None) -> Page:
        merged = self.context.memory.read()
        quiet, tags = self.settings.answers == "unlisted", tags_of(self.settings.tags)
        pull = Pull(self._reading, self._me(), self.context.clock, merged=merged, answers_quietly=quiet, tags=tags)
        return pull.page(read_cursor(cursor))

    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        instance = diagnosis.find(self._server).instance
        streaming.listen(self._server, self.context.http, instance, self.context.memory, wake, stop)

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        return composing.measure(outgoing, limits)

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        """The parts of the thread, each frozen with its names, warning and the key it is posted under."""
        if outgoing.visibility.is_wider_than(outgoing.target.visibility):
            raise Rejected("wider_audience")
        limits = self._limits()
        composed = composing.compose(outgoing, limits)
        composing.refuse(outgoing, composed, limits)
        return Plan(outgoing=outgoing, parts=composing.parts(outgoing, composed, key))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        return send_part(self._server, self.context.uploads, plan, part, previous)

    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        return find_part(self._server, self._me(), plan, part, since)

    def act(self, action: Action) -> None:
        if action.name == EDIT:
            edit(self._server, action, self._limits())
        else:
            self._actions.act(action.name, action.target.remote_id)

    def begin_sign_in(self, redirect_uri: str) -> SignIn:
        diagnosis.find(self._server)
        return signing.begin(self._server, self.context.memory, redirect_uri)

    def finish_sign_in(self, state: str, query: Mapping[str, str]) -> Mapping[str, str]:
        return {"token": signing.finish(self._server, self.context.memory, state, query)}

    def _me(self) -> Me:
        if self._known_me is None:
            self._known_me = diagnosis.whoami(self._server)
        return self._known_me

    def _limits(self) -> Limits:
        """What the server allows now; asked for again when it is an hour old."""
        now = self.context.clock()
        if self._known_limits is None or now - self._known_limits[1] > _LIMITS_FOR:
            self._known_limits = (diagnosis.find(self._server).limits, now)
        return self._known_limits[0]
