"""What the operator sets, read once at the entry points from the environment and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from hub.errors import Invalid

DEFAULT_PORT = 8080
_SHORTEST_TOKEN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One installation's settings; docs/operations.md describes each.

    database_url: empty for the embedded SQLite file in `data`, else postgresql://…
    base_url: how people reach the web pages; links in invitations are made from it, never from a request.
    allow_hosts: exact host:port pairs that connectors may reach although they are not public.
    metrics_token: who sends it may read /metrics; empty: only programs on this machine may.
    trusted_proxies: how many proxies stand in front; 0 means X-Forwarded-* is ignored.
    """

    data: Path
    database_url: str = ""
    base_url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    allow_hosts: frozenset[str] = frozenset()
    trusted_proxies: int = 0
    key_file: Path
    demo: bool = False
    metrics_token: str = field(default="", repr=False)

    @property
    def database_file(self) -> Path:
        return self.data / "hub.db"

    @property
    def media(self) -> Path:
        return self.data / "media"


def read_config(environ: Mapping[str, str], *, data: Path | None = None, demo: bool = False) -> Config:
    """Build the settings from HUB_* variables; `data` overrides HUB_DATA. Raises Invalid naming the variable."""
    folder = data or Path(environ.get("HUB_DATA") or ("hub-demo" if demo else "hub-data"))
    return Config(
        data=folder,
        database_url=_database_url(environ.get("HUB_DATABASE_URL", "")),
        base_url=_base_url(environ.get("HUB_BASE_URL") or f"http://127.0.0.1:{DEFAULT_PORT}"),
        allow_hosts=_allow_hosts(environ.get("HUB_ALLOW_HOSTS", "")),
        trusted_proxies=_hops(environ.get("HUB_TRUSTED_PROXIES", "0")),
        key_file=Path(environ.get("HUB_KEY_FILE") or folder / "key"),
        demo=demo,
        metrics_token=_metrics_token(environ.get("HUB_METRICS_TOKEN", "")),
    )


def _database_url(value: str) -> str:
    if value and not value.startswith(("postgresql://", "postgres://")):
        raise Invalid("HUB_DATABASE_URL", "not_postgresql")
    return value


def _base_url(value: str) -> str:
    """An address of a site, without a path: everything else would make links that lead nowhere."""
    try:
        parts = urlsplit(value)
        is_site = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_site = False
    if not is_site or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise Invalid("HUB_BASE_URL", "not_a_site")
    return value.rstrip("/")


def _metrics_token(value: str) -> str:
    if value and (len(value) < _SHORTEST_TOKEN or not value.isascii() or not value.isprintable()):
        raise Invalid("HUB_METRICS_TOKEN", "weak_token", least=_SHORTEST_TOKEN)
    return value


def _allow_hosts(value: str) -> frozenset[str]:
    pairs = frozenset(pair.strip().lower() for pair in value.split(",") if pair.strip())
    if any(not pair.rpartition(":")[2].isdigit() for pair in pairs):
        raise Invalid("HUB_ALLOW_HOSTS", "not_host_and_port")
    return pairs


def _hops(value: str) -> int:
    if not value.isdigit():
        raise Invalid("HUB_TRUSTED_PROXIES", "not_a_number")
    return int(value)
