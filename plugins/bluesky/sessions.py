"""One session per account, kept in the connector's memory and renewed by one holder.

Signing in is rare by rule (servers allow as little as ten a day): it happens once, and again only when the session
cannot be renewed. A renewal that was answered and not stored is repeated: for two hours a server gives the same one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from hub.errors import Ambiguous, AuthExpired, ConnectorError, Misconfigured, RateLimited, Unavailable
from hub.kernel.http import FetchLimits, server_of

from .refusals import Refusal, instruction, read_refusal

if TYPE_CHECKING:
    from hub.connector import Context
    from hub.kernel.http import Response

SIGN_INS_A_DAY = 5
_DAY = 24 * 3600
_VERSION = 1
_LIMITS = FetchLimits(seconds=6.0, redirects=0)
_DIRECTORY = "https://plc.directory"
_SHUT = frozenset({"takendown", "suspended", "deactivated", "deleted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who we are, where our account lives, and the two tokens. `excepted`: see hub.kernel.http.Door.request."""

    did: str
    handle: str
    pds: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    excepted: bool = True


class Sessions:
    """The account's session: from memory, renewed, or by signing in."""

    def __init__(self, context: Context, *, service: str, identifier: str, password: str) -> None:
        self._context = context
        self._service = server_of(service)
        self._identifier = identifier.strip().removeprefix("@")
        self._password = password.strip()
        told = "\n".join((self._service, self._identifier, self._password))
        self._for = hashlib.sha256(told.encode()).hexdigest()[:16]
        self._known: Session | None = None
        self._sign_ins: tuple[int, ...] = ()

    def current(self) -> Session:
        """The session as it is now; signs in when there is none. Raises the errors of hub.errors."""
        with self._context.memory.alone():
            self._recall()
            return self._known or self._sign_in()

    def renewed(self, old: Session) -> Session:
        """A session whose tokens are newer than those of `old`. Raises AuthExpired when a person has to help."""
        with self._context.memory.alone():
            self._recall()
            if self._known is not None and self._known.access != old.access:
                return self._known
            return self._refreshed(old) or self._sign_in()

    def _recall(self) -> None:
        """Read the memory: another instance, or another process, may have been quicker."""
        try:
            kept = json.loads(self._context.memory.read() or "{}")
            if kept.get("v") != _VERSION or kept.get("for") != self._for:
                return
            self._sign_ins = tuple(map(int, kept["sign_ins"]))
            if kept["session"]:
                did, handle, pds, access, refresh = map(str, kept["session"])
                self._known = self._made(did=did, handle=handle, pds=pds, access=access, refresh=refresh)
        except (ValueError, KeyError, TypeError, AttributeError):
            return

    def _remember(self) -> None:
        session = self._known
        kept = {
            "v": _VERSION,
            "for": self._for,
            "sign_ins": self._sign_ins,
            "session": session and [session.did, session.handle, session.pds, session.access, session.refresh],
        }
        self._context.memory.write(json.dumps(kept))

    def _refreshed(self, old: Session) -> Session | None:
        """None when the server takes the session for ended."""
        headers = {"Authorization": f"Bearer {old.refresh}"}
        answer = self._post(old.pds, "com.atproto.server.refreshSession", headers=headers, excepted=old.excepted)
        if answer.status in (400, 401) and read_refusal(answer).name:
            refusal = read_refusal(answer)
            error = instruction(refusal, writing=False, now=self._context.clock())
            if isinstance(error, AuthExpired) and error.reason == "suspended":
                raise error
            return None
        return self._taken(self._good(answer), old.pds)

    def _sign_in(self) -> Session:
        self._count_sign_in()
        identifier = self._known.did if self._known else self._identifier
        content = {"identifier": identifier, "password": self._password}
        answer = self._post(self._service, "com.atproto.server.createSession", json=content)
        if answer.status in (400, 401, 403):
            raise _not_let_in(read_refusal(answer))
        return self._taken(self._good(answer), None)

    def _count_sign_in(self) -> None:
        """Raises RateLimited when we signed in too often: something eats our sessions, and servers shut out for it."""
        now = int(self._context.clock().timestamp())
        self._sign_ins = tuple(at for at in self._sign_ins if now - at < _DAY)
        if len(self._sign_ins) >= SIGN_INS_A_DAY:
            raise RateLimited("signed_in_too_often", retry_at=datetime.fromtimestamp(self._sign_ins[0] + _DAY, UTC))
        self._sign_ins = (*self._sign_ins, now)
        self._remember()

    def _taken(self, told: Any, pds: str | None) -> Session:
        try:
            did, handle, access, refresh = (str(told[name]) for name in ("did", "handle", "accessJwt", "refreshJwt"))
            status = str(told.get("status") or "")
        except (KeyError, TypeError, AttributeError):
            raise Unavailable("unexpected_answer") from None
        if told.get("active") is False and status in _SHUT:
            raise AuthExpired("suspended", detail=status)
        home = pds_of(told.get("didDoc"), self._service) or pds or self._looked_up(did)
        self._known = self._made(did=did, handle=handle, pds=home, access=access, refresh=refresh)
        self._remember()
        return self._known

    def _made(self, *, pds: str, **told: str) -> Session:
        """The operator's exceptions count for the server that was entered, not for one that a document names."""
        return Session(pds=pds, excepted=urlsplit(pds).netloc == urlsplit(self._service).netloc, **told)

    def _looked_up(self, did: str) -> str:
        """Where an account lives, by its DID document; the server that was entered when nobody tells."""
        kind, _, name = did.removeprefix("did:").partition(":")
        url = f"{_DIRECTORY}/{quote(did)}" if kind == "plc" else f"https://{name}/.well-known/did.json"
        try:
            told = self._context.http.request("GET", url, limits=_LIMITS, excepted=False).json()
            return pds_of(told, self._service) or self._service
        except ConnectorError:
            return self._service

    def _post(self, home: str, nsid: str, *, excepted: bool = True, **parts: Any) -> Response:
        try:
            return self._context.http.request("POST", f"{home}/xrpc/{nsid}", limits=_LIMITS, excepted=excepted, **parts)
        except Ambiguous as error:  # asked again, it is answered again
            raise Unavailable(error.reason, detail=error.detail) from error

    def _good(self, answer: Response) -> Any:
        if 200 <= answer.status < 300:
            try:
                return answer.json()
            except Ambiguous as error:
                raise Unavailable("not_json") from error
        raise instruction(read_refusal(answer), writing=False, now=self._context.clock())


def pds_of(document: Any, service: str) -> str:
    """The server that a DID document names for the account's data; empty when it names none, or one on a connection
    less safe than to the server that was entered."""
    services = document.get("service") if isinstance(document, Mapping) else None
    safe = ("https://", "http://") if service.startswith("http://") else ("https://",)
    for named in services if isinstance(services, list) else ():
        if isinstance(named, Mapping) and str(named.get("id") or "").endswith("#atproto_pds"):
            address = str(named.get("serviceEndpoint") or "").rstrip("/")
            return address if address.startswith(safe) else ""
    return ""


def _not_let_in(refusal: Refusal) -> ConnectorError:
    if refusal.name == "AuthFactorTokenRequired":
        return Misconfigured("needs_app_password", field="app_password")
    if refusal.name in ("AccountTakedown", "AccountDeactivated", "AccountSuspended"):
        return AuthExpired("suspended", detail=refusal.said)
    if refusal.name in ("AuthenticationRequired", "InvalidRequest", "InvalidToken") or refusal.status == 401:
        return AuthExpired("wrong_app_password", detail=refusal.said)
    return Unavailable("unexpected_answer" if refusal.name else "not_json", detail=refusal.said)
