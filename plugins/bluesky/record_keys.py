"""Record keys: where in a repository a record is kept, chosen by us before it is written. Pure.

A key of a post is a TID (atproto.com/specs/tid): 53 bits of microseconds and 10 bits to tell writers apart, written in
13 sortable letters. Ours carry a check in those 10 bits, so that our own posts are told from those of other apps.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from hub.kernel.clock import to_micros

_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_URI = re.compile(r"at://[A-Za-z0-9._:%-]{1,300}/[A-Za-z0-9.-]{1,317}/[A-Za-z0-9._~:-]{1,512}")
_MICROS = (1 << 53) - 1
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AtUri:
    """at://did/collection/key taken apart."""

    did: str
    collection: str
    key: str

    def __str__(self) -> str:
        return f"at://{self.did}/{self.collection}/{self.key}"


def read_uri(uri: str) -> AtUri:
    """Raises ValueError when it is none."""
    if not _URI.fullmatch(uri):
        raise ValueError(f"{uri[:100]!r} is no at-uri")
    did, collection, key = uri.removeprefix("at://").split("/")
    return AtUri(did=did, collection=collection, key=key)


def did_of(uri: str) -> str:
    """Whose record it is; empty when that cannot be read."""
    return uri.removeprefix("at://").partition("/")[0] if uri.startswith("at://") else ""


def reserve(at: datetime, key: str, part: int = 0) -> str:
    """The key for one part of a reply: always the same for the same instant and outbox key, within a second of it."""
    micros = max(to_micros(at) - _hash(key) % _SECOND, 0) + part & _MICROS
    return _written(micros << 10 | _check(micros))


def is_reserved(key: str) -> bool:
    """Whether a key is one of ours; of another app's keys one in a thousand looks so."""
    if not _TID.fullmatch(key):
        return False
    number = _read(key)
    return number & 1023 == _check(number >> 10)


def key_about(uri: str) -> str:
    """The key of a record of ours that stands for one post (a like): a second like would overwrite the first."""
    own = uri.rpartition("/")[2]
    micros = _read(own) >> 10 if _TID.fullmatch(own) else _hash(own) & ((1 << 50) - 1)
    return _written((micros - _hash(uri) % _SECOND & _MICROS) << 10 | _hash(uri) & 1023)


def _check(micros: int) -> int:
    return _hash(f"hub {micros}") & 1023


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _written(number: int) -> str:
    return "".join(_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))


def _read(key: str) -> int:
    number = 0
    for letter in key:
        number = number << 5 | _LETTERS.index(letter)
    return number
