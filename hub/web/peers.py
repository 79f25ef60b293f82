"""Where a request comes from, as the connection and the proxies that are trusted tell it."""

from __future__ import annotations

from collections.abc import Iterable

from werkzeug.http import parse_list_header


def peer_of(client: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]], hops: int) -> str:
    """The IP address; a proxy's word counts only as HUB_TRUSTED_PROXIES says, as for the pages.

    client: the other end of the connection, which may be a proxy.
    """
    forwarded = ",".join(value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for")
    told = parse_list_header(forwarded) if hops else []
    if hops and len(told) >= hops and told[-hops]:
        return told[-hops]
    return client[0] if client else ""
