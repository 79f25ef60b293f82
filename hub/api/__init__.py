"""The API, for programs: `create_api` is all that others need of it. Tokens, never sessions; docs/api.md tells how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from hub.kernel.hub import Hub
from hub.kernel.origin import Origin, is_our_host, origin_of
from hub.kernel.texts import choose_language, use_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.api.operation import Operation

MOUNTED_AT = "/api"
"""Where `hub.app` puts it; everything below answers as an API does, whatever the address."""

LARGEST_REQUEST = 1024 * 1024
_POLICY = "default-src 'none'; frame-ancestors 'none'"


class RowId(IntegerConverter):
    """An id in an address: larger numbers than a row can have are no address."""

    regex = r"[1-9]\d{0,17}"


def create_api(hub: Hub, connectors: Any) -> Flask:
    """Build the API of an open hub, to be mounted at `/api`."""
    from hub.api.etag import conditional
    from hub.api.openapi import document
    from hub.api.problem import handle_problems
    from hub.api.routes import OPERATIONS

    app = Flask("hub.api", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.debug = False
    app.url_map.converters["int"] = RowId
    app.url_map.strict_slashes = True
    app.url_map.redirect_defaults = app.url_map.merge_slashes = False
    if hub.config.trusted_proxies:
        hops = hub.config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]
    _protect(app, hub, origin_of(hub.config))
    handle_problems(app)
    described = document(OPERATIONS)

    def description() -> Response:
        return conditional(Response(described, content_type="application/json"))

    _route(app, "GET", "/openapi.json", "openapi", description)
    for each in OPERATIONS:
        _route(app, each.method, each.path, each.name, _view(hub, connectors, each))
    return app


def _route(app: Flask, method: str, path: str, name: str, view: Callable[..., Response]) -> None:
    rule = "/v1" + path.replace("{", "<int:").replace("}", ">")
    app.add_url_rule(rule, name, view, methods=[method], provide_automatic_options=False)


def _view(hub: Hub, connectors: Any, each: Operation) -> Callable[..., Response]:
    from hub.api.perform import perform

    def view(**ids: int) -> Response:
        return perform(hub, connectors, each, ids)

    return view


def _protect(app: Flask, hub: Hub, origin: Origin) -> None:
    """Everything that protects a page, but for what only a browser's session needs: there is none here."""

    def enter() -> None:
        from hub.api.problem import Refusal

        g.request_id = hub.token()[:16]
        use_language(choose_language([code for code, _quality in request.accept_languages]))
        if not is_our_host(request.environ.get("HTTP_HOST", ""), origin):
            raise Refusal(400, "wrong_host")

    def leave(response: Response) -> Response:
        response.headers.update(origin.headers)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Request-Id"] = g.get("request_id", "")
        response.vary.update(("Authorization", "Accept-Language"))
        return response

    app.before_request(enter)
    app.after_request(leave)
