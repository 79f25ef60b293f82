"""What a feed channel remembers between two pulls: validators, a moved address, and which entries it has had. Pure."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

import msgspec

VERSION = 1
MOST_SEEN = 1_000
SIGHTINGS = 3
"""How often in a row a permanent redirect must be seen before its target is asked directly."""

_ID, _REVISION, _PRINT = 12, 8, 8
_WIDTH = _ID + _REVISION + _PRINT
_LONGEST_VALIDATOR = 1_000
_LONGEST_URL = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An entry we had, as short hashes of its id, its revision and its fingerprint (blank: none)."""

    id: str
    revision: str
    fingerprint: str


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Stored as JSON. `address` is the setting it belongs to, `url` where a permanent redirect has led us.

    moved_to, sightings: a permanent redirect on its way to being remembered.
    final, etag, modified, digest: of the last full answer, as they came. wait: what it asked for, in seconds.
    newest: microseconds of the youngest entry. seen: fixed-width records, newest last.
    """

    v: int = 0
    address: str = ""
    url: str = ""
    moved_to: str = ""
    sightings: int = 0
    final: str = ""
    etag: str = ""
    modified: str = ""
    digest: str = ""
    wait: float | None = None
    newest: int = 0
    seen: str = ""

    @property
    def asked(self) -> str:
        """The address the next pull asks."""
        return self.url or self.address

    def entries(self) -> dict[str, Seen]:
        records = (self.seen[at : at + _WIDTH] for at in range(0, len(self.seen) - _WIDTH + 1, _WIDTH))
        found = (Seen(id=r[:_ID], revision=r[_ID:-_PRINT], fingerprint=r[-_PRINT:].strip()) for r in records)
        return {entry.id: entry for entry in found}


def read_cursor(stored: str | None, address: str) -> tuple[Cursor, bool]:
    """Return what we remember of this address, and whether this is the first pull of it.

    A form that is not ours means a re-scan: everything is told again, and Hubbub knows what it has.
    """
    fresh = Cursor(v=VERSION, address=address)
    if stored is None:
        return fresh, True
    try:
        cursor = msgspec.json.decode(stored, type=Cursor)
    except (msgspec.DecodeError, UnicodeError):
        return fresh, False
    if cursor.v != VERSION:
        return fresh, False
    return (cursor, False) if cursor.address == address else (fresh, True)


def write_cursor(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def seen_as(remote_id: str, revision: str, fingerprint: str) -> Seen:
    return Seen(
        id=_short(remote_id, _ID),
        revision=_short(revision, _REVISION),
        fingerprint=_short(fingerprint, _PRINT) if fingerprint else "",
    )


def with_seen(cursor: Cursor, entries: dict[str, Seen], newest: int) -> Cursor:
    """Remember `entries`, the ones named last the longest."""
    kept = list(entries.values())[-MOST_SEEN:]
    records = "".join(f"{entry.id}{entry.revision}{entry.fingerprint:{_PRINT}}" for entry in kept)
    return msgspec.structs.replace(cursor, seen=records, newest=max(newest, cursor.newest))


def with_answer(cursor: Cursor, *, final: str, etag: str, modified: str, digest: str, wait: float | None) -> Cursor:
    """Remember an answer that was read to its end. Validators too long to keep are not kept."""
    return msgspec.structs.replace(
        cursor,
        final=final if len(final) <= _LONGEST_URL else "",
        etag=etag if len(etag) <= _LONGEST_VALIDATOR else "",
        modified=modified if len(modified) <= _LONGEST_VALIDATOR else "",
        digest=digest,
        wait=wait,
    )


def with_redirect(cursor: Cursor, target: str | None) -> Cursor:
    """Count a permanent redirect to `target` on the same host; None when there was none this time."""
    if target is None or len(target) > _LONGEST_URL:
        return msgspec.structs.replace(cursor, moved_to="", sightings=0)
    sightings = cursor.sightings + 1 if target == cursor.moved_to else 1
    if sightings < SIGHTINGS:
        return msgspec.structs.replace(cursor, moved_to=target, sightings=sightings)
    return msgspec.structs.replace(cursor, url=target, moved_to="", sightings=0)


def forget_redirect(cursor: Cursor) -> Cursor:
    return msgspec.structs.replace(cursor, url="", moved_to="", sightings=0)


def _short(text: str, length: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode("utf-8", "replace")).digest()).decode()[:length]
