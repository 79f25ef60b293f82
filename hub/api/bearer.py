"""Who asks: a token in the Authorization header (RFC 6750), never in an address, a form or a cookie."""

from __future__ import annotations

from flask import request

from hub.api.problem import Refusal
from hub.kernel.hub import Hub
from hub.people import tokens
from hub.people.authorize import Action, may
from hub.people.model import Bearer, TokenScope

_REALM = 'Bearer realm="hubbub"'


def authenticate(hub: Hub, scope: TokenScope) -> Bearer:
    """Whose token the request carries, when it may be used for this. Raises Refusal and TooMany."""
    text = _token_in(request.headers.get("Authorization", ""))
    if not text:
        raise Refusal(401, "no_token", headers={"WWW-Authenticate": _REALM})
    bearer = tokens.find(hub, text)
    if bearer is None:
        tokens.count_wrong(hub, address=request.remote_addr or "")
        raise Refusal(401, "wrong_token", headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})
    if scope not in bearer.token.scopes:
        asked = f'{_REALM}, error="insufficient_scope", scope="{scope.value}"'
        raise Refusal(403, "insufficient_scope", headers={"WWW-Authenticate": asked}, scope=scope.value)
    return bearer


def uploader(hub: Hub, authorization: str) -> int | None:
    """The agent whose token this header has, where it may hand pictures in; asked before any of the body is read, and
    counts no wrong one."""
    text = _token_in(authorization)
    bearer = tokens.find(hub, text) if text else None
    if bearer is None or TokenScope.REPLY not in bearer.token.scopes or not may(bearer.actor, Action.REPLY):
        return None
    return bearer.agent.id


def agent_of(hub: Hub, authorization: str) -> int | None:
    """The agent whose token this header has, whatever it is for."""
    text = _token_in(authorization)
    bearer = tokens.find(hub, text) if text else None
    return None if bearer is None else bearer.agent.id


def _token_in(authorization: str) -> str:
    kind, _, text = authorization.partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""
