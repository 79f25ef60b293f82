"""What is wrong with a connection, said at the setting where it can be mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from hub.errors import Ambiguous, ConnectorError, Misconfigured, Unavailable
from hub.kernel.html import text_of

from .mapping import Me, me_of
from .refusals import Refusal, instruction, read_refusal
from .site import Site, is_index

if TYPE_CHECKING:
    from hub.kernel.http import Response

_TRACES = (b"/wp-content/", b"/wp-includes/", b"api.w.org", b'content="WordPress')
_REASONS = {
    "incorrect_password": ("wrong_password", "password"),
    "invalid_username": ("unknown_user", "user"),
    "invalid_email": ("unknown_user", "user"),
    "application_passwords_disabled": ("application_passwords_off", "password"),
    "application_passwords_disabled_for_user": ("application_passwords_off", "user"),
    "rest_disabled": ("rest_off", "address"),
    "rest_no_route": ("rest_off", "address"),
    "rest_cannot_access": ("rest_off", "address"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A working connection: who we are, and what the site calls itself."""

    me: Me
    title: str


def find(site: Site, user: str, password: str) -> Found:
    """Find the API and sign in. Raises Misconfigured with the setting at fault, Unavailable, RateLimited."""
    with _at("address"):
        index = _index(site)
        answer = site.ask("GET", "wp/v2/users/me", params={"context": "edit"})
    if answer.status != 200:
        raise _refused(site, read_refusal(answer), index, user, password)
    try:
        me = me_of(answer.json(), site.home)
    except (Unavailable, KeyError, TypeError, ValueError, AttributeError):
        raise Misconfigured("not_json", field="address") from None
    return Found(me=me, title=text_of(str(index.get("name") or "")))


@contextmanager
def _at(field: str) -> Iterator[None]:
    try:
        yield
    except Misconfigured as error:
        raise type(error)(error.reason, detail=error.detail, field=error.field or field) from error


def _index(site: Site) -> Mapping[str, Any]:
    """The index of the API; empty where it is only shown to those who are signed in."""
    home = site.anonymous("GET", site.home)
    if home.status >= 500 or home.status == 429:
        raise instruction(read_refusal(home), writing=False, now=site.now())
    places = site.candidates(home)
    answers = []
    for place in places:
        answers.append(site.anonymous("GET", place))
        if is_index(answers[-1]):
            site.use(place)
            index: Mapping[str, Any] = answers[-1].json()
            return index if "namespaces" in index else {}
    raise _without_api(site, home, answers, told=len(places) == 1)


def _without_api(site: Site, home: Response, answers: list[Response], told: bool) -> ConnectorError:
    broken = next((answer for answer in answers if answer.status >= 500), None)
    if broken is not None:
        return instruction(read_refusal(broken), writing=False, now=site.now())
    if any(read_refusal(answer).code in ("rest_disabled", "rest_no_route") for answer in answers):
        return Misconfigured("rest_off", field="address")
    if home.status == 401 or any(answer.status == 401 for answer in answers):
        return Misconfigured("site_behind_login", field="address")
    if told and any(answer.status == 200 for answer in answers):
        return Misconfigured("not_json", field="address")
    if told or any(trace in home.body for trace in _TRACES):
        return Misconfigured("rest_off", field="address")
    return Misconfigured("blocked" if home.status == 403 else "not_wordpress", field="address")


def _refused(site: Site, refusal: Refusal, index: Mapping[str, Any], user: str, password: str) -> ConnectorError:
    if refusal.code in _REASONS:
        reason, field = _REASONS[refusal.code]
        return Misconfigured(reason, detail=refusal.message, field=field)
    if refusal.status in (401, 403) and not refusal.code:
        return Misconfigured("site_behind_login" if refusal.status == 401 else "blocked", field="address")
    if refusal.code == "rest_not_logged_in":
        return _not_signed_in(site, index, user, password)
    if refusal.status in (401, 403, 404):
        return Misconfigured("refused", detail=refusal.message or refusal.code, field="address")
    return instruction(refusal, writing=False, now=site.now())


def _not_signed_in(site: Site, index: Mapping[str, Any], user: str, password: str) -> ConnectorError:
    """WordPress says the same when the password is wrong and when it never saw one: its other API tells them apart."""
    if index and "application-passwords" not in (index.get("authentication") or {}):
        return Misconfigured("application_passwords_off", field="password")
    verdict = _verdict(site, user, password)
    if verdict is True:
        return Misconfigured("authorization_stripped", field="address")
    return Misconfigured("wrong_password" if verdict is False else "not_signed_in", field="password")


def _verdict(site: Site, user: str, password: str) -> bool | None:
    """Ask XML-RPC, which takes user and password in its body; None where it is switched off or unclear."""
    values = "".join(f"<param><value><string>{escape(text)}</string></value></param>" for text in ("1", user, password))
    body = (
        f"<?xml version='1.0'?><methodCall><methodName>wp.getProfile</methodName><params>{values}</params></methodCall>"
    )
    try:
        answer = site.anonymous(
            "POST", site.home + "xmlrpc.php", body=body.encode(), headers={"Content-Type": "text/xml"}
        )
    except (Unavailable, Ambiguous, Misconfigured):
        return None
    if b"<name>faultCode</name><value><int>403</int>" in b"".join(answer.body.split()):
        return False
    return True if b"<name>user_id</name>" in b"".join(answer.body.split()) else None
