"""The pages, for people in a browser. `create_app` is all that others need of it."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, redirect, request
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response

from hub.kernel.hub import Hub
from hub.kernel.texts import SOURCE_LANGUAGE, use_language
from hub.web.access import has_files
from hub.web.our_names import OurNames

LARGEST_REQUEST = 1024 * 1024
LARGEST_UPLOAD = 24 * 1024 * 1024
MOST_FIELDS = 200


class RowId(IntegerConverter):
    """An id in an address: larger numbers than a row can have are no address."""

    regex = r"[1-9]\d{0,17}"


def create_app(hub: Hub, connectors: Any) -> Flask:
    """Build the web application of an open hub. `connectors` is handed through to the pages that use it."""
    from hub.web.assets import Assets
    from hub.web.failures import handle_failures
    from hub.web.health import Probe, check
    from hub.web.look import PageEnvironment, dress
    from hub.web.metrics import Meters, measure
    from hub.web.security import protect
    from hub.web.session import guard
    from hub.web.site import Site

    app = Flask("hub.web", static_folder=None)
    app.jinja_environment = PageEnvironment
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        MAX_FORM_PARTS=MOST_FIELDS,
        # A failure becomes a page in tests as well; no setting of the environment may show its inside.
        PROPAGATE_EXCEPTIONS=False,
    )
    app.debug = False
    app.jinja_env.undefined = StrictUndefined
    app.url_map.converters["int"] = RowId
    app.extensions["hub"] = Site(hub=hub, connectors=connectors, assets=Assets(), names=OurNames(hub))
    app.extensions["hub.probe"] = Probe(lambda: check(hub))
    meters = app.extensions["hub.meters"] = Meters(hub)
    _trust_proxies(app, hub.config.trusted_proxies)
    app.before_request(lambda: _open_request(app, hub))
    protect(app, hub.config)
    guard(app, hub.config)
    handle_failures(app)
    dress(app)
    _add_pages(app)
    measure(app, meters)
    return app


def _add_pages(app: Flask) -> None:
    from hub.web import (
        account,
        assets,
        channel_connect,
        channel_sign_in,
        channels,
        conversation,
        emoji,
        health,
        inbox,
        metrics,
        notes,
        outbox,
        people,
        pictures,
        reports,
        sign_in,
        teams,
        uploads,
    )

    working = (inbox, conversation, notes, pictures, emoji, uploads, outbox, channels, channel_connect, channel_sign_in)
    for subject in (sign_in, account, *working, people, teams, health, metrics, reports, assets):
        app.register_blueprint(subject.blueprint)
    app.add_url_rule("/", "home", _home)


def _home() -> Response:
    from hub.web.navigation import home

    return redirect(home(), code=303)


def _open_request(app: Flask, hub: Hub) -> None:
    g.request_id = hub.token()[:16]
    if has_files(app.view_functions.get(request.endpoint or "")):
        request.max_content_length = LARGEST_UPLOAD
    # The thread may have spoken another language in its last request.
    use_language(SOURCE_LANGUAGE)


def _trust_proxies(app: Flask, hops: int) -> None:
    """Believe as many X-Forwarded-For and -Proto as there are proxies, and never a forwarded host."""
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)  # type: ignore[method-assign]
