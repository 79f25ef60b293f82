"""Who is signed in: asked of the table at every request, so that a session that ended is dead at once."""

from __future__ import annotations

from urllib.parse import unquote

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from hub.kernel import log
from hub.kernel.config import Config
from hub.kernel.origin import origin_of
from hub.kernel.texts import choose_language, use_language, use_time_zone
from hub.people import sessions
from hub.people.authorize import authorize
from hub.people.model import Actor, SignedIn
from hub.web.access import action_of, is_public
from hub.web.security import check_form, form_cookie, session_cookie, set_cookie
from hub.web.site import the_hub

BACKGROUND_HEADER = "Hub-Background"
"""A page that refreshes by itself sends it: such a request keeps no session alive."""


ZONE_COOKIE = "hub-zone"
"""The time zone a browser says it is in (live.js); it is only looked up among the known ones."""


def guard(app: Flask, config: Config) -> None:
    """Let nobody pass who is not signed in, except to what is public, and no form that is not ours."""
    origin = origin_of(config)

    def enter() -> AnyResponse | None:
        view = app.view_functions.get(request.endpoint or "")
        g.signed_in = _signed_in(session_cookie(origin))
        _speak()
        if g.signed_in is None and not is_public(view):
            return _to_sign_in()
        check_form(view, origin)
        action = action_of(view)
        if action is not None:
            authorize(actor(), action)
        _note_position()
        return None

    app.before_request(enter)


def _note_position() -> None:
    """Remember what had happened before this page reads anything: from there its live stream goes on."""
    if g.signed_in is not None and request.method == "GET":
        with the_hub().database.reading() as session:
            g.live_position = log.newest(session)


def signed_in() -> SignedIn:
    """Who this request comes from, on a page that is not public."""
    if g.get("signed_in") is None:
        raise BadRequest("signed_out")
    found: SignedIn = g.signed_in
    return found


def actor() -> Actor:
    """The same, as `authorize` takes it."""
    return signed_in().actor


def begin(response: Response, token: str) -> Response:
    """Hand a new session to the browser. The id is always new: one that was there before is worth nothing."""
    origin = origin_of(the_hub().config)
    set_cookie(response, session_cookie(origin), token, origin)
    set_cookie(response, form_cookie(origin), "", origin)
    g.new_form_token = False
    return response


def finish(response: Response) -> Response:
    """Take the session from the browser, and what it kept of our pages.

    Not its "cookies": that would sign people out of every other site under the same domain.
    """
    origin = origin_of(the_hub().config)
    set_cookie(response, session_cookie(origin), "", origin)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def peer() -> str:
    """The IP address a request came from; a proxy's word counts only as HUB_TRUSTED_PROXIES says."""
    return request.remote_addr or ""


def browser() -> str:
    return request.user_agent.string


def _signed_in(cookie: str) -> SignedIn | None:
    token = request.cookies.get(cookie)
    if not token or request.endpoint in ("assets.file", "health.live", "health.ready"):
        return None
    return sessions.find(the_hub(), token, by_person=BACKGROUND_HEADER not in request.headers)


def _speak() -> None:
    own = g.signed_in.agent.language if g.signed_in is not None else ""
    use_language(choose_language([own] if own else [code for code, _quality in request.accept_languages]))
    zone = g.signed_in.agent.time_zone if g.signed_in is not None else ""
    use_time_zone(zone or unquote(request.cookies.get(ZONE_COOKIE, "")))


def _to_sign_in() -> AnyResponse:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    address = url_for("sign_in.page", next=wanted if wanted != "/" else None)
    if "HX-Request" in request.headers:
        # A fragment cannot show a sign-in page; htmx loads the whole one instead.
        return Response(status=401, headers={"HX-Redirect": url_for("sign_in.page")})
    return redirect(address, code=303)
