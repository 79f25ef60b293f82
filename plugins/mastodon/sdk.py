"""The small actions through Mastodon.py: like, boost, bookmark, each and back, and delete.

The library makes its requests through the door. It is loaded when the first action is taken, and bound so that it
neither waits nor asks for versions by itself (a server whose `instance` is odd would send it into a recursion).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from hub.errors import Ambiguous, NotFound, RateLimited, Unavailable
from hub.kernel.clock import Clock
from hub.kernel.http import Door, door_errors

from .refusals import PAUSE, Refusal, instruction
from .server import WRITE

_CALLS = {
    "like": "status_favourite",
    "unlike": "status_unfavourite",
    "boost": "status_reblog",
    "unboost": "status_unreblog",
    "bookmark": "status_bookmark",
    "unbookmark": "status_unbookmark",
    "delete": "status_delete",
}
"""The library's name of each action."""

ACTIONS = frozenset(_CALLS)


class Actions:
    """Does an action to a status by its id; each may be repeated."""

    def __init__(self, door: Door, clock: Clock, *, home: str, token: str) -> None:
        self._door = door
        self._clock = clock
        self._home = home
        self._token = token
        self._client: Any = None

    def act(self, name: str, id: str) -> None:
        """Raises the errors of hub.errors; NotImplementedError for an action there is not."""
        if name not in ACTIONS:
            raise NotImplementedError(f"mastodon declares no {name}")
        client = self._loaded()
        try:
            with self._told(client):
                getattr(client, _CALLS[name])(id)
        except NotFound:
            if name != "delete":
                raise
        except Ambiguous as error:
            # Done twice is the same as once.
            raise Unavailable(error.reason, detail=error.detail) from error

    def _loaded(self) -> Any:
        if self._client is None:
            from mastodon import Mastodon

            self._client = Mastodon(
                api_base_url=self._home,
                session=self._door.session(WRITE),
                request_timeout=WRITE.seconds,
                ratelimit_method="throw",
                mastodon_version="4.6.0",
                version_check_mode="created",
                user_agent="",
                lang="en",
            )
            # Given to the constructor, a token that is the name of a file would be read from that file.
            self._client.access_token = self._token
        return self._client

    @contextmanager
    def _told(self, client: Any) -> Iterator[None]:
        """The library's errors as instructions; the door's own come through it unwrapped."""
        from mastodon import errors

        try:
            with door_errors():
                yield
        except errors.MastodonRatelimitError as error:
            raise RateLimited("too_many_requests", retry_at=self._reset(client)) from error
        except errors.MastodonAPIError as error:
            said = [str(part) for part in error.args]
            status = next((part for part in error.args if isinstance(part, int)), 0)
            if not status:
                raise Unavailable("not_json") from error
            refusal = Refusal(status=status, said=said[-1][:500], told=True)
            raise instruction(refusal, writing=True, now=self._clock()) from error

    def _reset(self, client: Any) -> datetime:
        until = client.ratelimit_reset
        now = self._clock()
        return max(now, datetime.fromtimestamp(until, UTC)) if until else now + PAUSE
