"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same request twice is done once and answered alike.

A key belongs to a token and is kept for a day. A request that is refused changed nothing and leaves its key free. One
that never finished, because the process died, is done again after a minute; what it had done by then is found by the
key that reached the use case (`client_key`), so that nothing is sent twice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hub.api import store
from hub.api.problem import Refusal
from hub.kernel.hub import Hub

KEPT = timedelta(hours=24)
_LONGEST_REQUEST = timedelta(minutes=1)
KEY = '^([!#-~]{1,200}|"[!#-~]{1,200}")$'
"""How a key is written: visible ASCII, in quotes as the draft has it, or without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a request is answered: `body` is JSON."""

    status: int
    location: str
    body: bytes
    repeated: bool = False


def read_key(header: str | None) -> str:
    """The key a request came with, empty for none. Raises Refusal."""
    if header is None:
        return ""
    if re.match(KEY, header) is None or header.endswith("\n"):
        raise Refusal(400, "key_malformed")
    return header.strip('"')


def fingerprint(method: str, path: str, *parts: bytes) -> str:
    """Tells requests apart: the same one has the same, however its JSON was written."""
    hashed = [hashlib.sha256(part).digest() for part in (method.encode(), path.encode(), *parts)]
    return hashlib.sha256(b"".join(hashed)).hexdigest()


def once(hub: Hub, token_id: int, key: str, mark: str, work: Callable[[], Reply]) -> Reply:
    """Do the work, unless it was done under this key. Raises Refusal for another request's key or one under way."""
    begun_at = hub.clock()
    with hub.database.transaction() as session:
        store.forget(session, before=begun_at - KEPT)
        if not store.begin(session, token_id, key, fingerprint=mark, at=begun_at):
            known = store.known(session, token_id, key)
            if known is None or known.fingerprint != mark:
                raise Refusal(422, "key_reused")
            if known.status is not None:
                return Reply(status=known.status, location=known.location, body=known.answer.encode(), repeated=True)
            if abs(begun_at - known.begun_at) < _LONGEST_REQUEST:
                raise Refusal(409, "under_way", headers={"Retry-After": "1"})
            store.take_over(session, token_id, key, at=begun_at)
    try:
        done = work()
    except BaseException:
        with hub.database.transaction() as session:
            store.give_back(session, token_id, key, begun_at=begun_at)
        raise
    with hub.database.transaction() as session:
        store.finish(
            session,
            token_id,
            key,
            begun_at=begun_at,
            status=done.status,
            location=done.location,
            answer=done.body.decode(),
        )
    return done
