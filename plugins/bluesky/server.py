"""Calls to the account's own server (PDS) through the door, signed in; it hands on what it does not answer itself.

XRPC: atproto.com/specs/xrpc. Reads are taken as plain JSON and each item is read by itself: one that a lexicon would
refuse must not cost its page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.errors import Ambiguous, AuthExpired, Unavailable
from hub.kernel.http import FetchLimits

from .refusals import instruction, pause, read_refusal
from .sessions import Session, Sessions

if TYPE_CHECKING:
    from hub.connector import Context
    from hub.errors import ConnectorError
    from hub.kernel.http import Response

READ = FetchLimits(seconds=9.0, redirects=2)
LOOK = FetchLimits(seconds=3.0, redirects=0)
UPLOAD = FetchLimits(seconds=4.0, redirects=0)
WRITE = FetchLimits(seconds=6.0, redirects=0)
"""A look, four pictures, the post and another look end before the engine's patience does, after 30 seconds."""

_CHAT = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One good answer. pause: seconds the server should be left alone after it."""

    content: Mapping[str, Any]
    pause: float | None = None


class Server:
    """Reads and writes as one account. Raises the errors of hub.errors."""

    def __init__(self, context: Context, sessions: Sessions) -> None:
        self.clock = context.clock
        self._door = context.http
        self._sessions = sessions

    @property
    def session(self) -> Session:
        return self._sessions.current()

    def query(
        self,
        nsid: str,
        params: Mapping[str, Any] | None = None,
        *,
        chat: bool = False,
        limits: FetchLimits = READ,
    ) -> Told:
        """Read something."""
        answer = self._good(self.ask("GET", nsid, params=params or {}, chat=chat, limits=limits))
        content = answer.json()
        if not isinstance(content, dict):
            raise Unavailable("unexpected_answer")
        return Told(content=content, pause=pause(answer.headers, self.clock()))

    def write(self, nsid: str, content: Mapping[str, Any], *, chat: bool = False) -> Mapping[str, Any]:
        """Write something, once. Raises Ambiguous where it may have been done."""
        answer = self._good(self.ask("POST", nsid, json=content, chat=chat, limits=WRITE), writing=True)
        told = answer.json()
        if not isinstance(told, dict):
            raise Ambiguous("not_json")
        return told

    def upload(self, content: bytes, media_type: str) -> Mapping[str, Any]:
        """Hand a picture over; it is nowhere to be seen until a post names it, so it may be done again."""
        headers = {"Content-Type": media_type}
        try:
            answer = self.ask("POST", "com.atproto.repo.uploadBlob", body=content, headers=headers, limits=UPLOAD)
            blob = self._good(answer, writing=True).json()["blob"]
        except Ambiguous as error:
            raise Unavailable(error.reason, detail=error.detail) from error
        except (KeyError, TypeError):
            raise Unavailable("unexpected_answer") from None
        told: Mapping[str, Any] = blob
        return told

    def ask(
        self,
        method: str,
        nsid: str,
        *,
        chat: bool = False,
        headers: Mapping[str, str] | None = None,
        limits: FetchLimits = READ,
        **parts: Any,
    ) -> Response:
        """One request, whatever its answer; a session that ended is renewed, and the request made once more."""
        headers = {"Accept": "application/json", **(_CHAT if chat else {}), **(headers or {})}
        session = self._sessions.current()
        answer = self._asked(session, method, nsid, headers, limits, parts)
        if _is_expired(answer):
            session = self._sessions.renewed(session)
            answer = self._asked(session, method, nsid, headers, limits, parts)
            if _is_expired(answer):
                raise AuthExpired("revoked", detail=read_refusal(answer).said)
        return answer

    def refusal(self, answer: Response, *, writing: bool = False) -> ConnectorError:
        return instruction(read_refusal(answer), writing=writing, now=self.clock())

    def _asked(
        self,
        session: Session,
        method: str,
        nsid: str,
        headers: Mapping[str, str],
        limits: FetchLimits,
        parts: Mapping[str, Any],
    ) -> Response:
        return self._door.request(
            method,
            f"{session.pds}/xrpc/{nsid}",
            headers={**headers, "Authorization": f"Bearer {session.access}"},
            limits=limits,
            excepted=session.excepted,
            **parts,
        )

    def _good(self, answer: Response, *, writing: bool = False) -> Response:
        if 200 <= answer.status < 300:
            return answer
        raise self.refusal(answer, writing=writing)


def _is_expired(answer: Response) -> bool:
    return answer.status in (400, 401, 403) and read_refusal(answer).is_expired
