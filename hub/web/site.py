"""What every page needs of the installation it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from hub.kernel.config import Config
from hub.kernel.hub import Hub
from hub.web.assets import Assets

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One installation on the web. `connectors` is handed through to the pages that use it."""

    hub: Hub
    connectors: Any
    assets: Assets


def site() -> Site:
    found: Site = current_app.extensions["hub"]
    return found


def the_hub() -> Hub:
    return site().hub


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


def origin_of(config: Config) -> Origin:
    parts = urlsplit(config.base_url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = parts.port if parts.port != default else None
    return Origin(scheme=parts.scheme, host=(parts.hostname or "").lower(), port=port)
