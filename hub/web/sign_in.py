"""Signing in and out, and the page of a one-time link."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.errors import Invalid, TooMany
from hub.kernel.statuses import status_of, when_again
from hub.kernel.texts import Wording, describe
from hub.people import links, passwords, sessions
from hub.people import sign_in as people_sign_in
from hub.people.model import Purpose
from hub.web.access import public
from hub.web.forms import read_form
from hub.web.security import safe_next
from hub.web.session import begin, browser, finish, peer, signed_in
from hub.web.site import the_hub

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public
def page() -> str:
    return _form(next_page=request.args.get("next"))


@blueprint.post("/sign-in")
@public
def submit() -> AnyResponse:
    form = read_form("email", "password", "next")
    try:
        token = people_sign_in.sign_in(
            the_hub(), email=form["email"], password=form["password"], address=peer(), user_agent=browser()
        )
    except (Invalid, TooMany) as error:
        again = _form(email=form["email"], next_page=form["next"], wording=describe(error))
        return make_response(again, status_of(error), when_again(error))
    return begin(_to(safe_next(form["next"]) or url_for("home")), token)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    who = signed_in()
    sessions.end(the_hub(), who.session_id, agent_id=who.agent.id)
    return finish(_to(url_for("sign_in.page", done="signed_out")))


@blueprint.get("/link/<token>")
@public
def link(token: str) -> Response:
    return _link_page(token)


@blueprint.post("/link/<token>")
@public
def redeem(token: str) -> Response:
    form = read_form("email", "name", "password", "again")
    try:
        if form["password"] != form["again"]:
            raise Invalid("again", "not_the_same")
        session_token = links.redeem(
            the_hub(),
            token,
            password=form["password"],
            user_agent=browser(),
            email=form["email"],
            name=form["name"],
        )
    except Invalid as error:
        return _link_page(token, email=form["email"], name=form["name"], error=error)
    # The session is not this request's yet: the front page finds out where it may go.
    return begin(_to(url_for("home")), session_token)


def _form(*, email: str = "", next_page: str | None = None, wording: Wording | None = None) -> str:
    return render_template("sign_in.html", email=email, next_page=safe_next(next_page) or "", wording=wording)


def _link_page(token: str, *, email: str = "", name: str = "", error: Invalid | None = None) -> Response:
    link, agent = links.find(the_hub(), token)
    page = render_template(
        "link.html",
        agent=agent,
        is_first=link.purpose is Purpose.FIRST,
        is_reset=link.purpose is Purpose.RESET,
        email=email,
        name=name,
        errors={} if error is None else {error.field: describe(error)},
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )
    return make_response(page, 200 if error is None else 422)


def _to(address: str) -> Response:
    response = redirect(address, code=303)
    assert isinstance(response, Response)
    return response
