"""Who may listen to the live stream: the same sessions and hosts as for pages."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.sansio.http import parse_cookie
from werkzeug.sansio.utils import host_is_trusted

from hub.kernel.hub import Hub
from hub.kernel.origin import origin_of
from hub.people import sessions
from hub.people.model import Actor
from hub.web.security import session_cookie


class Listeners:
    """Answers the live stream's two questions for one installation; `is_ours` may be asked from any thread."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._origin = origin_of(hub.config)
        self._cookie = session_cookie(self._origin)

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
