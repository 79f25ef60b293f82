"""Errors become a status and a page that says what to do; what a person cannot use stays in the log."""

from __future__ import annotations

import structlog
from flask import Flask, Response, current_app, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from hub.errors import HubError
from hub.kernel.statuses import status_of, when_again
from hub.kernel.texts import Wording, describe, gettext, mark
from hub.web.access import has_files

log = structlog.get_logger("hub.web")

_HTTP: dict[int, tuple[str, str]] = {
    400: (mark("This request could not be read"), mark("Go back, reload the page and try again.")),
    403: (mark("This form is out of date"), mark("Go back, reload the page and send it again. Nothing was changed.")),
    404: (mark("There is nothing here"), mark("It was removed, or it belongs to a team you are not in.")),
    405: (mark("This address does not take that"), mark("Go back and use the buttons of the page.")),
    413: (mark("That was too much at once"), mark("Send less, or in several parts.")),
}
_TOO_LARGE_PICTURES = (
    mark("These pictures are too large"),
    mark("A picture may have 10 MB, all of a form 24 MB. Go back: your text is still there. Choose smaller ones."),
)


def handle_failures(app: Flask) -> None:
    app.register_error_handler(HubError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _known(error: HubError) -> Response:
    status = status_of(error)
    if status >= 500:
        log.error("request_failed", code=error.code, reason=error.params.get("reason"), request_id=g.get("request_id"))
    response = page(describe(error), status)
    response.headers.update(when_again(error))
    return response


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    title, advice = _HTTP.get(error.code, _HTTP[400])
    if error.code == 413 and has_files(current_app.view_functions.get(request.endpoint or "")):
        title, advice = _TOO_LARGE_PICTURES
    response = page(Wording(title=gettext(title), advice=gettext(advice)), error.code)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _unexpected(error: Exception) -> Response:
    log.error("request_broke", request_id=g.get("request_id"), endpoint=request.endpoint, exc_info=error)
    title = gettext("Something went wrong on our side")
    return page(Wording(title=title, advice=gettext("It was written down. Try again in a moment.")), 500)


def page(wording: Wording, status: int) -> Response:
    """The answer that words a failure; for htmx only the message, which goes where messages are shown."""
    fragment = "HX-Request" in request.headers
    template = "parts/failure.html" if fragment else "failure.html"
    response = make_response(render_template(template, wording=wording, request_id=g.get("request_id", "")), status)
    if fragment:
        response.headers["HX-Retarget"] = "#status"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
