"""What is wrong with a connection, said at the setting where it can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.connector import Check
from hub.errors import AuthExpired, Misconfigured, NotFound, Unavailable

from .composing import GRAPHEMES, POST_LIMITS
from .direct import Direct
from .mapping import MALFORMED, Me, Raw, author_of
from .reading import Reading
from .server import LOOK, Server

_AT_THE_PASSWORD = frozenset({"wrong_app_password", "needs_app_password", "revoked"})


def check(server: Server, direct: Direct, me: Me, tags: tuple[str, ...] = ()) -> Check:
    """Tell who we are there, and whether direct messages and these hashtags can be read. Raises the errors of
    hub.errors."""
    try:
        account = author_of(_profile(server, me), me)
    except MALFORMED:
        raise Unavailable("unexpected_answer") from None
    warnings = [] if direct.can_read() else ["cannot_read_direct"]
    if tags and not _finds(server, tags[0]):
        warnings.append("cannot_read_tags")
    if server.session.pds.startswith("http://"):
        warnings.append("not_encrypted")
    return Check(
        account=account,
        title=account.handle or account.name,
        limits={GRAPHEMES: POST_LIMITS[GRAPHEMES]},
        warnings=tuple(warnings),
    )


def _profile(server: Server, me: Me) -> Raw:
    """Our profile; of an account that is too new to be known everywhere, what its own server told."""
    try:
        return server.query("app.bsky.actor.getProfile", {"actor": me.did}).content
    except Unavailable as error:
        if error.reason != "unexpected_answer":
            raise
        return {"did": me.did, "handle": server.session.handle}


def _finds(server: Server, tag: str) -> bool:
    """Whether its service searches, as far as that can be told now."""
    try:
        Reading(server).tagged(tag, None, limits=LOOK)
    except (NotFound, Unavailable) as error:
        return error.reason in ("server_error", "too_slow", "unreachable")
    return True


@contextmanager
def first_contact() -> Iterator[None]:
    """Until we are signed in, an answer that makes no sense means that the address is wrong."""
    try:
        yield
    except Unavailable as error:
        if error.reason not in ("not_json", "unexpected_answer", "moved"):
            raise
        raise Misconfigured("not_bluesky", detail=error.detail, field="service") from error


def at_setting(error: AuthExpired | Misconfigured) -> AuthExpired | Misconfigured:
    """The same error, naming the setting at fault."""
    if error.field:
        return error
    is_secret = error.reason in _AT_THE_PASSWORD or error.reason == "header"
    field = "app_password" if is_secret else "handle" if isinstance(error, AuthExpired) else "service"
    return type(error)(error.reason, detail=error.detail, field=field)
