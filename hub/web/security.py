"""What protects every page: headers, trusted hosts, tokens in forms, cookies, and where a redirect may go.

OWASP ASVS 5.0 chapters 3 and 7; W3C Content Security Policy 3; Fetch Metadata.
"""

from __future__ import annotations

import hmac
import re
from urllib.parse import unquote, urlsplit

import flask
from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest, Forbidden

from hub.kernel.config import Config
from hub.kernel.origin import Origin, is_our_host, origin_of
from hub.web.access import is_formless
from hub.web.site import the_hub

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_FIELD = "csrf_token"
TOKEN_HEADER = "X-CSRF-Token"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'nonce-{nonce}' 'strict-dynamic'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "report-uri /csp-report",
    )
)
_ANY_HOST = ("/health/live", "/health/ready", "/metrics")
"""A probe asks by whatever address it finds the node at; these answer nothing that depends on it."""


def protect(app: Flask, config: Config) -> None:
    """Put the protection around every request of an app."""
    origin = origin_of(config)
    app.before_request(lambda: _check_host(origin))
    app.after_request(lambda response: _set_headers(response, origin))


def check_form(view: object, origin: Origin) -> None:
    """Refuse a changing request that does not come from a page of ours. Raises Forbidden."""
    if request.method in SAFE_METHODS or (callable(view) and is_formless(view)):
        return
    if not is_from_us(request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"), origin):
        raise Forbidden("other_site")
    given = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN_FIELD, "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected_token().encode()) or not given:
        raise Forbidden("form_token")


def is_from_us(fetch_site: str | None, sent_origin: str | None, origin: Origin) -> bool:
    """What the browser itself says about where a request comes from; a browser that says nothing is not believed.

    Origin is `null` for a form of a page that sends no Referer, so it counts against a request only without
    Sec-Fetch-Site, which browsers leave out only on plain http beyond loopback.
    """
    if fetch_site is not None:
        return fetch_site == "same-origin" and sent_origin in (None, "null", *origin.allowed)
    return sent_origin in origin.allowed


def expected_token() -> str:
    """The token this request's forms must carry: the session's, or before signing in that of a cookie of its own."""
    if g.get("signed_in") is not None:
        return str(g.signed_in.csrf_token)
    return request.cookies.get(form_cookie(origin_of(the_hub().config)), "")


def form_token() -> str:
    """The token for the forms of this page; before signing in it also goes into a cookie."""
    if g.get("signed_in") is not None:
        return str(g.signed_in.csrf_token)
    if "form_token" not in g:
        known = request.cookies.get(form_cookie(origin_of(the_hub().config)), "")
        g.form_token = known if re.fullmatch(r"[\w-]{20,100}", known) else the_hub().token()
        g.new_form_token = g.form_token != known
    return str(g.form_token)


def session_cookie(origin: Origin) -> str:
    """`__Host-` binds a cookie to this host and to TLS; over plain http browsers refuse that name."""
    return "__Host-hub" if origin.is_secure else f"hub{origin.tag}"


def form_cookie(origin: Origin) -> str:
    return "__Host-hub-form" if origin.is_secure else f"hub-form{origin.tag}"


def set_cookie(response: Response, name: str, value: str, origin: Origin) -> None:
    """A cookie of this browser session that no script can read. An empty value takes it away."""
    if value:
        response.set_cookie(name, value, path="/", secure=origin.is_secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(name, path="/", secure=origin.is_secure, httponly=True, samesite="Lax")


def safe_next(target: str | None) -> str | None:
    """The target when it is a path on this site, in no spelling that a browser reads as another; else None."""
    if not target or len(target) > 2000 or any(_leads_away(form) for form in (target, unquote(target))):
        return None
    return target


def _leads_away(target: str) -> bool:
    if not target.startswith("/") or target[1:2] in ("/", "\\") or re.search(r"[\x00-\x20\x7f\\]", target):
        return True
    if "/\t/" in target or "//" in target.partition("?")[0]:
        return True
    try:
        parts = urlsplit(target)
    except ValueError:
        return True
    return bool(parts.scheme or parts.netloc)


def _check_host(origin: Origin) -> None:
    if request.path not in _ANY_HOST and not is_our_host(request.environ.get("HTTP_HOST", ""), origin):
        raise BadRequest("host")


def _set_headers(response: Response, origin: Origin) -> Response:
    headers = response.headers
    # What is not a page of ours, a picture from outside, brings a stricter one.
    headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=page_nonce()))
    headers.update(origin.headers)
    headers.setdefault("Cache-Control", "no-store")
    if "public" not in headers["Cache-Control"]:
        response.vary.add("Cookie")
    if "request_id" in g:
        headers["X-Request-Id"] = g.request_id
    if g.get("new_form_token"):
        set_cookie(response, form_cookie(origin), g.form_token, origin)
    return response


def page_nonce() -> str:
    """The nonce of this answer's scripts."""
    if "nonce" not in g:
        g.nonce = flask.current_app.extensions["hub"].hub.token()
    return str(g.nonce)
