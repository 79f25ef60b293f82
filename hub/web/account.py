"""Your own account: name, language, password, and where you are signed in."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.errors import Absent, HubError, Invalid
from hub.kernel.texts import available_languages, describe, time_zones
from hub.people import agents, passwords, sessions
from hub.web.forms import read_form
from hub.web.session import begin, browser, peer, signed_in
from hub.web.site import the_hub

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
def page() -> Response:
    return _page()


@blueprint.post("/name")
def name() -> AnyResponse:
    form = read_form("name")
    try:
        agents.rename_self(the_hub(), signed_in(), form["name"])
    except Invalid as error:
        return _page(error)
    return _back("name_saved")


@blueprint.post("/language")
def language() -> AnyResponse:
    form = read_form("language")
    if form["language"] not in ("", *available_languages()):
        return _page(Invalid("language", "not_a_choice"))
    agents.choose_language(the_hub(), signed_in(), form["language"])
    return _back("language_saved")


@blueprint.post("/time-zone")
def time_zone() -> AnyResponse:
    form = read_form("time_zone")
    if form["time_zone"] not in ("", *time_zones()):
        return _page(Invalid("time_zone", "not_a_choice"))
    agents.choose_time_zone(the_hub(), signed_in(), form["time_zone"])
    return _back("time_zone_saved")


@blueprint.post("/password")
def password() -> AnyResponse:
    form = read_form("current", "password", "again")
    try:
        if form["password"] != form["again"]:
            raise Invalid("again", "not_the_same")
        token = agents.change_password(
            the_hub(),
            signed_in(),
            current=form["current"],
            new=form["password"],
            address=peer(),
            user_agent=browser(),
        )
    except Invalid as error:
        return _page(error)
    return begin(make_response(_back("password_changed")), token)


@blueprint.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> AnyResponse:
    read_form()
    if not sessions.end(the_hub(), session_id, agent_id=signed_in().agent.id):
        raise Absent()
    return _back("session_ended")


@blueprint.post("/sessions/end-others")
def end_other_sessions() -> AnyResponse:
    read_form()
    who = signed_in()
    sessions.end_others(the_hub(), who)
    return _back("sessions_ended")


def _page(error: HubError | None = None) -> Response:
    who = signed_in()
    errors = {error.field: describe(error)} if isinstance(error, Invalid) else {}
    body = render_template(
        "account.html",
        who=who,
        errors=errors,
        languages=available_languages(),
        time_zones=[(name, name.replace("_", " ")) for name in time_zones()],
        now=the_hub().clock(),
        sessions=sessions.open_sessions(the_hub(), who.agent.id),
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )
    return make_response(body, 200 if error is None else 422)


def _back(done: str) -> AnyResponse:
    return redirect(url_for("account.page", done=done), code=303)
