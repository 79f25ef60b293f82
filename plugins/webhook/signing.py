"""Who posted it: signatures of Standard Webhooks 1.0.0 (symmetric, `v1`), and a plain secret in a header. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hub.errors import Rejected

TOLERANCE = timedelta(minutes=5)
"""A delivery signed longer ago, or so far ahead, is a replay or comes from a clock that is wrong."""

SHORTEST_PLAIN_SECRET = 16
_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


def make_secret(random: bytes) -> str:
    """A fresh signing secret."""
    return _PREFIX + base64.b64encode(random).decode()


def key_of(secret: str) -> bytes:
    """The key in a secret, `whsec_` or not before its base64. Raises ValueError when it is none of 24 to 64 bytes."""
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) not in _KEY_BYTES:
        raise ValueError(f"{len(key)} bytes")
    return key


def fingerprint(secret: str) -> str:
    """A name for a secret that does not give it away, slow to guess where a person thought it up."""
    return hashlib.pbkdf2_hmac("sha256", secret.encode(), b"hubbub webhook", 100_000, 12).hex()


def signed_headers(secrets: Sequence[str], name: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The three headers of a webhook that we send, with a signature by each of the active secrets."""
    at = str(int(now.timestamp()))
    signatures = " ".join(f"v1,{_signature(secret, name, at, body)}" for secret in secrets)
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signatures}


def check_signature(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
    """Return the id of a delivery that one of the secrets signed. Raises Rejected."""
    name, at, signatures = (headers.get(f"webhook-{word}", "") for word in ("id", "timestamp", "signature"))
    # A point in the id or the time would let the signed bytes be read in two ways.
    if not (name and at and signatures) or "." in name or not (at.isascii() and at.isdigit() and len(at) <= 12):
        raise Rejected("not_signed")
    if abs(now.timestamp() - int(at)) > TOLERANCE.total_seconds():
        raise Rejected("wrong_time")
    wanted = [_signature(secret, name, at, body).encode() for secret in secrets]
    given = [each.partition(",")[2].encode() for each in signatures.split(" ") if each.startswith("v1,")]
    # Every pair is compared, so that the time it takes tells nothing.
    if not sum(hmac.compare_digest(ours, theirs) for ours in wanted for theirs in given):
        raise Rejected("wrong_signature")
    return name


def check_secret(secrets: Sequence[str], given: str, body: bytes) -> str:
    """Return a name for a delivery that came with one of the secrets: equal bodies are one. Raises Rejected."""
    if not given:
        raise Rejected("not_signed")
    if not sum(hmac.compare_digest(secret.encode(), given.encode("utf-8", "replace")) for secret in secrets):
        raise Rejected("wrong_signature")
    return "body-" + hashlib.sha256(body).hexdigest()


def _signature(secret: str, name: str, at: str, body: bytes) -> str:
    content = f"{name}.{at}.".encode("utf-8", "surrogateescape") + body
    return base64.b64encode(hmac.digest(key_of(secret), content, "sha256")).decode()
