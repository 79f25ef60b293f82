"""Figures for Prometheus: what waits, how old it is, who is at work. They are read from the database at each scrape, so
that they stay true when the worker is dead; only requests and open pages are this process's own.

Text format 0.0.4 of Prometheus; no label has a value that somebody outside can make up.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from hub.kernel.hub import Hub
from hub.web.access import public
from hub.web.figures import FromDatabase
from hub.web.site import the_hub

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
_ROUTE = "hub.route"
_REFUSAL = "Set HUB_METRICS_TOKEN and send it as a bearer token; without one only this machine may read.\n"

# When a counter began is another series for each, and nobody here asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]

blueprint = Blueprint("metrics", __name__)


class Meters:
    """What one web process counts by itself, and the collector of what the database knows."""

    def __init__(self, hub: Hub) -> None:
        self.registry = CollectorRegistry()
        self.open_streams: Callable[[], int] = lambda: 0
        self._requests = Counter(
            "hub_http_requests",
            "Requests answered by this web process.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "hub_http_request_seconds",
            "How long requests took in this web process.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        self.registry.register(FromDatabase(hub, lambda: self.open_streams()))

    def note(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count one request. `route` is the template of its address, never the address itself."""
        self._requests.labels(method if method in _METHODS else "other", route, status).inc()
        self._seconds.labels(route).observe(seconds)


def measure(app: Flask, meters: Meters) -> None:
    """Count what an app answers, by the template of the address."""
    inner: WSGIApplication = app.wsgi_app

    def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began, status = time.perf_counter(), "5xx"
        environ[_ROUTE] = "unmatched"

        def start(line: str, headers: list[tuple[str, str]], error: Any = None) -> Callable[[bytes], object]:
            nonlocal status
            status = f"{line[:1]}xx"
            return start_response(line, headers, error)

        try:
            return inner(environ, start)
        finally:
            meters.note(environ["REQUEST_METHOD"], environ[_ROUTE], status, time.perf_counter() - began)

    app.wsgi_app = wsgi  # type: ignore[method-assign]
    app.url_value_preprocessor(_note_route)


def _note_route(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if request.url_rule is not None:
        request.environ[_ROUTE] = request.script_root + request.url_rule.rule


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """For whoever has the token, or without one set, for programs on this machine."""
    if not _may_read(the_hub().config.metrics_token):
        return Response(_REFUSAL, status=403, content_type="text/plain; charset=utf-8")
    meters: Meters = current_app.extensions["hub.meters"]
    return Response(generate_latest(meters.registry), content_type=CONTENT_TYPE)


def _may_read(token: str) -> bool:
    """With a token set, only who sends it. Without one, only programs on this machine.

    A proxy on this machine connects from loopback as well: what it forwards says so in a header, or asks for a host
    that is not this machine.
    """
    if token:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    return _is_from_this_machine()


def _is_from_this_machine() -> bool:
    was_forwarded = any(name in request.headers for name in _FORWARDED)
    return request.remote_addr in _LOOPBACK and not was_forwarded and _host_is_this_machine()


def _host_is_this_machine() -> bool:
    name = urlsplit(f"//{request.environ.get('HTTP_HOST', '')}").hostname
    return name in (*_LOOPBACK, "localhost")
