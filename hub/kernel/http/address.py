"""Where a URL really points, decided once and without asking the network.

A URL is taken apart by one strict expression and put together again from its parts, so that no second parser can
read it differently. Whatever is unusual in the authority is refused, never repaired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote

import idna

from hub.errors import AddressRefused, Misconfigured

IPAddress = IPv4Address | IPv6Address

WEB_PORTS = frozenset({80, 443})
MAX_URL = 8_000

_DEFAULT_PORT = {"http": 80, "https": 443}
# C0 controls, space, DEL, C1 controls, backslash, line and paragraph separators, zero-width and bidi characters.
_HOSTILE = re.compile("[\x00-\x20\x7f-\xa0\\\\\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff]")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(#.*)?"
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(:(?P<port>[0-9]{0,5}))?")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)

_CLOSED_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by a provider; cloud metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own wire server
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # Teredo, ORCHID, benchmarks and other protocol assignments
        "2001:db8::/32",
        "2002::/16",  # 6to4: retired, and it carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL taken apart: `host` is lower-case ASCII without brackets or final dot, `path` is path and query."""

    scheme: str
    host: str
    port: int
    path: str
    ip: IPAddress | None

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_url(url: str) -> Target:
    """Take a URL apart once. Raises Misconfigured when it is none, AddressRefused when it is one we never fetch."""
    if len(url) > MAX_URL:
        raise Misconfigured("url_too_long")
    refuse_hostile_characters(url)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise Misconfigured("not_a_url")
    scheme = parts["scheme"].lower()
    if scheme not in _DEFAULT_PORT:
        raise AddressRefused("scheme")
    host, port = _split_authority(parts["authority"])
    path = quote((parts["path"] or "/") + (parts["query"] or ""), safe="/?:@!$&'()*+,;=%~-._[]|")
    return Target(scheme=scheme, host=host, port=port or _DEFAULT_PORT[scheme], path=path, ip=_literal(host))


def parse_exception(pair: str) -> tuple[str, int]:
    """Read one of the operator's exceptions, "host:port". Raises Misconfigured."""
    try:
        refuse_hostile_characters(pair)
        host, port = _split_authority(pair)
    except AddressRefused as error:
        raise Misconfigured("not_host_and_port", detail=pair, field="HUB_ALLOW_HOSTS") from error
    if not port:
        raise Misconfigured("not_host_and_port", detail=pair, field="HUB_ALLOW_HOSTS")
    return host, port


def refuse_hostile_characters(url: str) -> None:
    """Raise AddressRefused for a character that two parsers could read in two ways."""
    if _HOSTILE.search(url):
        raise AddressRefused("characters")


def is_public(ip: IPAddress) -> bool:
    """Tell whether an address is one of the open internet, and every IPv4 address inside it too."""
    if isinstance(ip, IPv4Address):
        return ip.is_global and not any(ip in net for net in _CLOSED_V4)
    if ip.scope_id is not None:
        return False
    if ip.ipv4_mapped is not None:
        return is_public(ip.ipv4_mapped)
    if ip in _NAT64:
        return is_public(_last_four_bytes(ip))
    if ip not in _OPEN_V6 or any(ip in net for net in _CLOSED_V6):
        return False
    return not _is_isatap(ip) or is_public(_last_four_bytes(ip))


def is_local_name(host: str) -> bool:
    """Tell whether a name means this computer by definition (RFC 6761), whatever a resolver says."""
    return host == "localhost" or host.endswith(".localhost")


def _split_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise AddressRefused("userinfo")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or not parts["host"]:
        raise AddressRefused("host")
    port = int(parts["port"]) if parts["port"] else None
    if port is not None and not 0 < port < 65_536:
        raise AddressRefused("port")
    return _plain_host(parts["host"]), port


def _plain_host(text: str) -> str:
    if text.startswith("["):
        return str(_bracketed(text[1:-1]))
    name = text.lower() if text.isascii() else _from_idn(text)
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise AddressRefused("host")
    # A resolver reads 2130706433, 0x7f.1 and 0177.0.0.1 as addresses; only the plain dotted form is one here.
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not isinstance(_literal(name), IPv4Address):
        raise AddressRefused("host")
    return name


def _from_idn(text: str) -> str:
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except UnicodeError as error:
        raise AddressRefused("host") from error


def _bracketed(text: str) -> IPv6Address:
    try:
        ip = IPv6Address(text)
    except ValueError as error:
        raise AddressRefused("host") from error
    if ip.scope_id is not None:
        raise AddressRefused("zone")
    return ip


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _last_four_bytes(ip: IPv6Address) -> IPv4Address:
    return IPv4Address(int(ip) & 0xFFFFFFFF)


def _is_isatap(ip: IPv6Address) -> bool:
    return (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP
