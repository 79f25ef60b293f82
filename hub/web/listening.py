"""Who may listen to the live stream, and to what: the same sessions, hosts and authorizer as for pages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.sansio.http import parse_cookie
from werkzeug.sansio.utils import host_is_trusted

from hub.channels import store as channels
from hub.errors import Absent
from hub.events import ChannelChanged
from hub.kernel.hub import Hub
from hub.kernel.log import Logged, parse_position
from hub.kernel.origin import origin_of
from hub.people import sessions
from hub.people.authorize import Action, may
from hub.people.model import Actor, Team
from hub.web.security import session_cookie

_KEPT_SECONDS = 30.0
_NO_TEAM = Team(id=0, name="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    team: Team
    asked_at: float
    changed_at: tuple[int, int]


class Listeners:
    """Answers the live stream's three questions for one installation; `is_ours` may be asked from any thread."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._origin = origin_of(hub.config)
        self._cookie = session_cookie(self._origin)
        self._teams: dict[int, _Known] = {}

    def is_ours(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a page of ours asks. A GET without Origin and Sec-Fetch-Site may: plain http sends neither."""
        site, origin = headers.get(b"sec-fetch-site", b"same-origin"), headers.get(b"origin")
        return (
            site == b"same-origin"
            and (origin is None or origin.decode("latin-1") in self._origin.allowed)
            and host_is_trusted(headers.get(b"host", b"").decode("latin-1"), self._origin.hosts)
        )

    def authenticate(self, headers: list[tuple[bytes, bytes]]) -> Actor | None:
        """Whose session a request carries. A stream keeps no session alive."""
        sent = "; ".join(value.decode(errors="replace") for name, value in headers if name == b"cookie")
        token = parse_cookie(sent).get(self._cookie)
        signed_in = sessions.find(self._hub, token, by_person=False) if token else None
        return None if signed_in is None else signed_in.actor

    def may_see(self, actor: Actor, logged: Logged) -> bool:
        """Whether an actor may know of an event: what belongs to a channel is its team's."""
        channel_id = logged.event.channel_id
        if channel_id is None:
            return False
        changed_at = parse_position(logged.position) if isinstance(logged.event, ChannelChanged) else (0, 0)
        return may(actor, Action.READ_CONVERSATION, self._team_of(channel_id, changed_at))

    def _team_of(self, channel_id: int, changed_at: tuple[int, int]) -> Team:
        """The team of a channel, asked again after a while and when the channel changed since."""
        now = time.monotonic()
        known = self._teams.get(channel_id)
        if known is None or now - known.asked_at >= _KEPT_SECONDS or changed_at > known.changed_at:
            team = self._ask(channel_id) or (known.team if known else _NO_TEAM)
            known = self._teams[channel_id] = _Known(team=team, asked_at=now, changed_at=changed_at)
        return known.team

    def _ask(self, channel_id: int) -> Team | None:
        """None for a channel that was removed: whoever knew it may know that."""
        try:
            with self._hub.database.reading() as session:
                return Team(id=channels.channel(session, channel_id).team_id, name="")
        except Absent:
            return None
