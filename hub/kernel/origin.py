"""Where people and programs reach this installation, and the headers with which it protects every answer.

OWASP ASVS 5.0, 3.4 (headers) and 13.2 (trusted hosts). Pages and the API share it: there is no second opinion.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from hub.kernel.config import Config

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]\s]+)(:\d{1,5})?")
_NO_FEATURES = (
    "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), encrypted-media=(), "
    "fullscreen=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), "
    "serial=(), usb=(), xr-spatial-tracking=()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where people reach the pages, as HUB_BASE_URL says; all that is trusted of a request's Host and Origin."""

    scheme: str
    host: str
    port: int | None

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def is_loopback(self) -> bool:
        return self.host in _LOOPBACK

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names a request may ask for. Whoever sits at the machine may say any of its loopback names."""
        return _LOOPBACK if self.is_loopback else (self.host,)

    @property
    def allowed(self) -> frozenset[str]:
        """Values of the Origin header that are ours."""
        port = "" if self.port is None else f":{self.port}"
        return frozenset(f"{self.scheme}://{f'[{host}]' if ':' in host else host}{port}" for host in self.hosts)

    @property
    def tag(self) -> str:
        """Tells apart the cookies of installations on one host, which share them whatever the port."""
        return "" if self.port is None else f"-{self.port}"

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer carries, whatever it holds."""
        found = {
            "X-Content-Type-Options": "nosniff",
            # On plain http beyond loopback browsers send no Sec-Fetch-Site; Origin must then say the truth, not `null`.
            "Referrer-Policy": "no-referrer" if self.is_secure or self.is_loopback else "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": _NO_FEATURES,
            # On plain http browsers look the names of links up as soon as they are shown: a sender would see who reads.
            "X-DNS-Prefetch-Control": "off",
        }
        if self.is_secure:
            found["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return found


def origin_of(config: Config) -> Origin:
    parts = urlsplit(config.base_url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = parts.port if parts.port != default else None
    return Origin(scheme=parts.scheme, host=(parts.hostname or "").lower(), port=port)


def is_our_host(header: str, origin: Origin) -> bool:
    """Whether a Host header names this installation, on any port."""
    found = _HOST.fullmatch(header.lower())
    return found is not None and found["host"].strip("[]") in origin.hosts
