"""The people who work here: list, invite, role, deactivate, reset."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.errors import Invalid
from hub.kernel.texts import describe
from hub.people import agents
from hub.people import teams as people_teams
from hub.people.authorize import Action
from hub.people.model import Agent, Role
from hub.people.words import checked_role
from hub.web.access import may
from hub.web.forms import Form, read_form
from hub.web.session import actor
from hub.web.site import the_hub

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("")
@may(Action.READ_PEOPLE)
def index() -> str:
    everybody = agents.listed(the_hub(), actor())
    return render_template(
        "people/index.html",
        people=[agent for agent in everybody if agent.is_active],
        former=[agent for agent in everybody if not agent.is_active],
        teams=people_teams.listed(the_hub(), actor()),
    )


@blueprint.get("/invite")
@may(Action.INVITE)
def invite_form() -> Response:
    return _invite_page()


@blueprint.post("/invite")
@may(Action.INVITE)
def invite() -> Response:
    form = read_form("email", "name", "role", lists=["team_ids"])
    try:
        agent, link = agents.invite(
            the_hub(),
            actor(),
            email=form["email"],
            name=form["name"],
            role=checked_role(form["role"]),
            team_ids=form.numbers("team_ids"),
        )
    except Invalid as error:
        return _invite_page(form, error)
    return _link_page(agent, link)


@blueprint.get("/<int:agent_id>")
@may(Action.READ_PEOPLE)
def person(agent_id: int) -> Response:
    return _person_page(agent_id)


@blueprint.post("/<int:agent_id>/role")
@may(Action.CHANGE_ROLE)
def role(agent_id: int) -> AnyResponse:
    form = read_form("role")
    try:
        agents.change_role(the_hub(), actor(), agent_id, checked_role(form["role"]))
    except Invalid as error:
        return _person_page(agent_id, error)
    return _back(agent_id, "role_changed")


@blueprint.post("/<int:agent_id>/deactivate")
@may(Action.DEACTIVATE)
def deactivate(agent_id: int) -> AnyResponse:
    read_form()
    try:
        agents.deactivate(the_hub(), actor(), agent_id)
    except Invalid as error:
        return _person_page(agent_id, error)
    return _back(agent_id, "deactivated")


@blueprint.post("/<int:agent_id>/reactivate")
@may(Action.DEACTIVATE)
def reactivate(agent_id: int) -> AnyResponse:
    read_form()
    agents.reactivate(the_hub(), actor(), agent_id)
    return _back(agent_id, "reactivated")


@blueprint.post("/<int:agent_id>/reset")
@may(Action.RESET_SIGN_IN)
def reset(agent_id: int) -> Response:
    read_form()
    link = agents.reset(the_hub(), actor(), agent_id)
    return _link_page(agents.find(the_hub(), actor(), agent_id), link)


def _invite_page(form: Form | None = None, error: Invalid | None = None) -> Response:
    body = render_template(
        "people/invite.html",
        form=form.text if form else {"email": "", "name": "", "role": Role.AGENT.value},
        chosen_teams=form.lists["team_ids"] if form else [],
        teams=people_teams.listed(the_hub(), actor()),
        roles=list(Role),
        errors={} if error is None else {error.field: describe(error)},
    )
    return make_response(body, 200 if error is None else 422)


def _link_page(agent: Agent, link: str) -> Response:
    return make_response(render_template("people/link.html", agent=agent, link=link))


def _person_page(agent_id: int, error: Invalid | None = None) -> Response:
    body = render_template(
        "people/person.html",
        agent=agents.find(the_hub(), actor(), agent_id),
        teams=people_teams.listed(the_hub(), actor()),
        roles=list(Role),
        errors={} if error is None else {error.field: describe(error)},
    )
    return make_response(body, 200 if error is None else 422)


def _back(agent_id: int, done: str) -> AnyResponse:
    return redirect(url_for("people.person", agent_id=agent_id, done=done), code=303)
