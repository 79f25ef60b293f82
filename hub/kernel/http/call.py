"""What is sent: headers made safe, bodies encoded, and what of it goes along on a redirect. Pure."""

from __future__ import annotations

import base64
import json as jsonlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urljoin

from hub.errors import AddressRefused, Ambiguous, ConnectorError, Misconfigured, Unavailable
from hub.kernel.http.address import Target, parse_url, refuse_hostile_characters

Params = Mapping[str, Any] | Iterable[tuple[str, Any]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# The door writes these itself; a caller's own would change where or how much is sent.
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Whatever is not known to be harmless may be a credential (X-Api-Key, Private-Token ...).
_HARMLESS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "content-type",
        "host",
        "if-modified-since",
        "if-none-match",
        "range",
        "user-agent",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to one target. `excepted`: the operator's exceptions count for this hop."""

    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes | None = None
    excepted: bool = True

    @property
    def safe(self) -> bool:
        return self.method in SAFE_METHODS

    @property
    def carries_credentials(self) -> bool:
        return any(name.lower() not in _HARMLESS for name in self.headers)

    def failed(self, reason: str, *, sent: bool, detail: str = "") -> ConnectorError:
        """The instruction for a failure: only what may have had an effect is ambiguous."""
        if sent and not self.safe:
            return Ambiguous(reason, detail=detail)
        return Unavailable(reason, detail=detail)


def make_call(
    method: str,
    target: Target,
    *,
    user_agent: str,
    headers: Mapping[str, str] | None = None,
    params: Params | None = None,
    json: Any = None,
    body: bytes | None = None,
    auth: tuple[str, str] | None = None,
) -> Call:
    """Put a request together. Raises Misconfigured when a header cannot be sent as it is."""
    if params:
        target = replace(target, path=_with_query(target.path, params))
    chosen = {"User-Agent": user_agent}
    if json is not None:
        body = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        chosen["Content-Type"] = "application/json"
    if auth is not None:
        chosen["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode("ascii")
    for name, value in (headers or {}).items():
        if name.lower() not in _OURS:
            _replace_header(chosen, name, value)
    for name, value in chosen.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Misconfigured("header", detail=name if _TOKEN.fullmatch(name) else "")
    chosen |= {"Host": target.authority, "Accept-Encoding": "gzip, deflate"}
    return Call(method=method.upper(), target=target, headers=chosen, body=body)


def follow(call: Call, location: str) -> Call:
    """The next hop of a redirect. Raises AddressRefused, Misconfigured, or Unavailable when it would lose its TLS."""
    target = parse_url(_joined(call.target.url, location))
    before = call.target
    if before.scheme == "https" and target.scheme == "http" and call.carries_credentials:
        raise Unavailable("insecure_redirect")
    headers = dict(call.headers) if _same_place(before, target) else _harmless(call.headers)
    return replace(call, target=target, headers=headers | {"Host": target.authority}, body=None)


def _with_query(path: str, params: Params) -> str:
    query = urlencode(list(params.items()) if isinstance(params, Mapping) else list(params), doseq=True)
    return f"{path}{'&' if '?' in path else '?'}{query}"


def _replace_header(headers: dict[str, str], name: str, value: str) -> None:
    for known in [known for known in headers if known.lower() == name.lower()]:
        del headers[known]
    headers[name] = value


def _joined(url: str, location: str) -> str:
    with suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    location = location.replace(" ", "%20")
    # urljoin drops tabs and line ends in silence: they must be refused before it sees them.
    refuse_hostile_characters(location)
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise AddressRefused("host") from error


def _same_place(before: Target, after: Target) -> bool:
    if before.host != after.host:
        return False
    upgrade = (before.scheme, before.port, after.scheme, after.port) == ("http", 80, "https", 443)
    return upgrade or before.port == after.port


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
