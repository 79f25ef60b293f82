"""Signing in on the server's own page: OAuth 2.0 with a code and PKCE (RFC 6749, RFC 7636).

Our app is registered once per server and address to come back to. Servers purge apps, so a known one is tried first.
The scopes are the same in the app, on the page and for the token, as Mastodon wants it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hub.connector import Memory, SignIn
from hub.errors import Ambiguous, Misconfigured, Unavailable

from .refusals import read_refusal
from .server import WRITE, Server

SCOPES = "read:accounts read:notifications read:statuses write:bookmarks write:favourites write:media write:statuses"
WIDE_SCOPES = "read write"
"""For servers that know only these."""

_APP_NAME = "Hubbub"
_METADATA = "/.well-known/oauth-authorization-server"
_MOST_APPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Our app on one server. `where` names the server and the address people come back to."""

    where: str
    id: str
    secret: str
    scopes: str


def new_verifier() -> str:
    """A secret of one sign-in, 43 characters (RFC 7636, 4.1)."""
    return secrets.token_urlsafe(32)


def begin(server: Server, memory: Memory, redirect_uri: str, *, verifier: Callable[[], str] = new_verifier) -> SignIn:
    """Where the person signs in. Raises Misconfigured at the address where nobody can, Unavailable, RateLimited."""
    app = _known_app(server, memory, redirect_uri) or _registered(server, memory, redirect_uri)
    secret = verifier() if _knows_pkce(server) else ""
    asked = {
        "response_type": "code",
        "client_id": app.id,
        "redirect_uri": redirect_uri,
        "scope": app.scopes,
        **({"code_challenge": _challenge(secret), "code_challenge_method": "S256"} if secret else {}),
    }
    kept = {"app": app.where, "id": app.id, "secret": app.secret, "scopes": app.scopes, "verifier": secret}
    return SignIn(
        url=f"{server.home}/oauth/authorize?{urlencode(asked)}", state=json.dumps({**kept, "back": redirect_uri})
    )


def finish(server: Server, memory: Memory, state: str, query: Mapping[str, str]) -> str:
    """The token. Raises Misconfigured when the person declined or the server does not take the code."""
    kept = json.loads(state)
    if query.get("iss", server.home).rstrip("/") != server.home:
        # RFC 9207: who signed in at another server must not hand its code to this one.
        raise Misconfigured("sign_in_refused")
    if not query.get("code"):
        word = "declined" if query.get("error", "access_denied") == "access_denied" else "sign_in_refused"
        raise Misconfigured(word, detail=query.get("error_description", "")[:300])
    answer = _posted(
        server,
        "/oauth/token",
        {
            "grant_type": "authorization_code",
            "code": query["code"].strip(),
            "client_id": kept["id"],
            "client_secret": kept["secret"],
            "redirect_uri": kept["back"],
            "scope": kept["scopes"],
            **({"code_verifier": kept["verifier"]} if kept["verifier"] else {}),
        },
    )
    if answer.status in (400, 401, 403, 422):
        if _error(answer) == "invalid_client":
            _forget(memory, kept["app"])
        raise Misconfigured("sign_in_refused", detail=read_refusal(answer).said)
    told = _json(server.answer(answer))
    token = told.get("access_token") if isinstance(told, dict) else None
    if not isinstance(token, str) or not token:
        raise Unavailable("unexpected_answer")
    return token


def _known_app(server: Server, memory: Memory, redirect_uri: str) -> App | None:
    """Our app there, unless the server has forgotten it: then nobody could come back from its page."""
    app = _apps(memory).get(_where(server, redirect_uri))
    if app is None:
        return None
    content = {"grant_type": "client_credentials", "client_id": app.id, "client_secret": app.secret}
    answer = _posted(server, "/oauth/token", {**content, "redirect_uri": redirect_uri, "scope": app.scopes})
    return None if _error(answer) == "invalid_client" else app


def _registered(server: Server, memory: Memory, redirect_uri: str) -> App:
    for scopes in (SCOPES, WIDE_SCOPES):
        content = {"client_name": _APP_NAME, "redirect_uris": redirect_uri, "scopes": scopes}
        answer = _posted(server, "/api/v1/apps", content)
        if answer.status not in (400, 422):
            break
    if answer.status in (400, 401, 403, 404, 405, 410, 422):
        raise Misconfigured("cannot_sign_in", detail=read_refusal(answer).said, field="address")
    try:
        told = _json(server.answer(answer))
        where = _where(server, redirect_uri)
        app = App(where=where, id=str(told["client_id"]), secret=str(told["client_secret"]), scopes=scopes)
    except (KeyError, TypeError):
        raise Misconfigured("cannot_sign_in", field="address") from None
    apps = {name: known for name, known in _apps(memory).items() if name != app.where}
    _keep(memory, [*apps.values(), app])
    return app


def _knows_pkce(server: Server) -> bool:
    """Whether the server says so (Mastodon 4.3 and newer); others might refuse what they do not know."""
    answer = server.ask_as_a_stranger(_METADATA)
    try:
        told = _json(answer) if answer.status == 200 else None
    except Unavailable:
        return False
    return isinstance(told, dict) and "S256" in (told.get("code_challenge_methods_supported") or ())


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _posted(server: Server, path: str, content: Mapping[str, str]) -> Any:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        return server.ask_as_a_stranger(
            path, "POST", body=urlencode(content).encode("ascii"), headers=headers, limits=WRITE
        )
    except Ambiguous as error:  # asked twice is the same as once: a code or an app too many hurts nobody
        raise Unavailable(error.reason, detail=error.detail) from error


def _json(answer: Any) -> Any:
    try:
        return answer.json()
    except Ambiguous as error:
        raise Unavailable(error.reason, detail=error.detail) from error


def _error(answer: Any) -> str:
    try:
        told = _json(answer)
    except Unavailable:
        return ""
    return str(told.get("error") or "") if isinstance(told, dict) else ""


def _where(server: Server, redirect_uri: str) -> str:
    return f"{server.home} {redirect_uri}"


def _apps(memory: Memory) -> dict[str, App]:
    try:
        kept = json.loads(memory.read() or "[]")
        return {each["where"]: App(**each) for each in kept}
    except (ValueError, TypeError, KeyError):
        return {}


def _keep(memory: Memory, apps: list[App]) -> None:
    kept = [
        {"where": app.where, "id": app.id, "secret": app.secret, "scopes": app.scopes} for app in apps[-_MOST_APPS:]
    ]
    memory.write(json.dumps(kept))


def _forget(memory: Memory, where: str) -> None:
    _keep(memory, [app for name, app in _apps(memory).items() if name != where])
