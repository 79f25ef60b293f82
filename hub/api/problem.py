"""Errors as problem details (RFC 9457): one shape for all of them, with the field at fault, worded at this border."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import structlog
from flask import Flask, Response, g, request
from msgspec import Struct, structs
from werkzeug.exceptions import HTTPException

from hub.api.answers import Message
from hub.errors import AuthExpired, HubError, ScopeMissing
from hub.kernel.statuses import status_of, when_again
from hub.kernel.texts import Wording, describe, describe_stored, gettext, mark

log = structlog.get_logger("hub.api")

MEDIA_TYPE = "application/problem+json"
TYPES = "urn:problem-type:hubbub:"
"""Before the code of an error, the `type` that programs tell problems apart by."""

_WORDS: dict[str, tuple[str, str]] = {
    "malformed": (mark("This request could not be read"), mark("Its body has to be JSON in UTF-8.")),
    "wrong_host": (mark("This request could not be read"), mark("It asks for a name that is not ours.")),
    "no_token": (
        mark("A token is needed"),
        mark("Send it in the header “Authorization: Bearer …”; `hub token create` makes one."),
    ),
    "wrong_token": (
        mark("This token does not work"),
        mark("It was never made, was revoked or ran out; `hub token list` shows those there are."),
    ),
    "insufficient_scope": (
        mark("This token may not be used for that"),
        mark("It needs the scope “%(scope)s”: make one that has it."),
    ),
    "absent": (mark("There is nothing here"), mark("It was removed, or it belongs to a team you are not in.")),
    "method_not_allowed": (mark("This address does not take that"), mark("The header Allow says what it takes.")),
    "too_large": (mark("That was too much at once"), mark("Send less, or in several parts.")),
    "unsupported_media_type": (mark("This kind of body is not read here"), mark("Send %(expected)s.")),
    "key_malformed": (
        mark("This is no Idempotency-Key"),
        mark("It is a text of 1 to 200 visible ASCII characters, best a random one."),
    ),
    "key_reused": (
        mark("This Idempotency-Key was used for another request"),
        mark("Take a new one for every request that is not a repetition."),
    ),
    "under_way": (
        mark("The same request is being worked on"),
        mark("Ask again in a moment: the answer will be that of the first one."),
    ),
    "stale": (
        mark("Something was said that you have not seen"),
        mark("Look at what is new, decide again, and send the version you have seen then."),
    ),
    "forgotten": (
        mark("What happened after this position is not known here any more"),
        mark(
            "It is no longer kept, or Hubbub was brought back from a backup since. Read anew what you need, and go on "
            "at the newest position: leave “after” out to get it."
        ),
    ),
    "broken": (
        mark("Something went wrong on our side"),
        mark("It was written down. Try again in a moment."),
    ),
}
_HTTP = {400: "malformed", 404: "absent", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


class FieldError(Struct, frozen=True, kw_only=True):
    """What is wrong with one field of a request. `field` is its place, as in `settings.token`."""

    field: str
    reason: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error (RFC 9457). `code` is the end of `type`; `reason` says more where there is more to say.

    request_id: names the request in the log of the installation. messages: with `stale`, what was said since
    `seen_version`, newest first, and `version` what to send next time.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    reason: str = ""
    errors: tuple[FieldError, ...] = ()
    version: str = ""
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What somebody has not seen of a conversation who wanted to answer it."""

    version: str
    messages: tuple[Message, ...]


class Refusal(Exception):
    """A refusal that only the API has. `code` names its words; `news` goes with `stale`."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        headers: Mapping[str, str] | None = None,
        news: News | None = None,
        **params: str,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = headers or {}
        self.news = news
        self.params = params


def handle_problems(app: Flask) -> None:
    """Answer every error of an app in this shape."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HubError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _status_of(error: HubError) -> int:
    # A program that connects a channel sent what the network does not let in: it can send something else.
    return 422 if isinstance(error, (AuthExpired, ScopeMissing)) else status_of(error)


def _refused(error: Refusal) -> Response:
    title, advice = _WORDS[error.code]
    problem = _problem(error.status, error.code, Wording(title=gettext(title), advice=gettext(advice, **error.params)))
    if error.news is not None:
        problem = structs.replace(problem, version=error.news.version, messages=error.news.messages)
    return _response(problem, error.headers)


def _known(error: HubError) -> Response:
    status = _status_of(error)
    if status >= 500:
        log.error("request_failed", code=error.code, reason=error.params.get("reason"), request_id=g.get("request_id"))
    reason = str(getattr(error, "reason", "") or error.params.get("reason") or "")
    problem = _problem(status, error.code, describe(error), reason=reason, errors=_fields(error, reason))
    return _response(problem, when_again(error))


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        response: Response = error.get_response()  # type: ignore[assignment]
        return response
    code = _HTTP.get(error.code, "malformed")
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return _refused(Refusal(error.code, code, headers=headers, expected="application/json"))


def _unexpected(error: Exception) -> Response:
    log.error("request_broke", request_id=g.get("request_id"), endpoint=request.endpoint, exc_info=error)
    return _refused(Refusal(500, "broken"))


def _problem(
    status: int, code: str, wording: Wording, *, reason: str = "", errors: tuple[FieldError, ...] = ()
) -> Problem:
    title = gettext(_WORDS[code][0]) if code in _WORDS else describe_stored(code).title
    return Problem(
        type=TYPES + code,
        title=title,
        status=status,
        detail=wording.sentences,
        code=code,
        request_id=g.get("request_id", ""),
        reason=reason,
        errors=errors,
    )


def _fields(error: HubError, reason: str) -> tuple[FieldError, ...]:
    field = getattr(error, "field", None)
    if not field:
        return ()
    return (FieldError(field=field, reason=reason or error.code, detail=describe(error).sentences),)


def _response(problem: Problem, headers: Mapping[str, str]) -> Response:
    return Response(msgspec.json.encode(problem), status=problem.status, content_type=MEDIA_TYPE, headers=dict(headers))
