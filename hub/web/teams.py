"""Teams: create, rename, who is in them."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.errors import Invalid
from hub.kernel.texts import describe
from hub.people import teams
from hub.people.authorize import Action
from hub.web.access import may
from hub.web.forms import read_form
from hub.web.session import actor
from hub.web.site import the_hub

blueprint = Blueprint("teams", __name__, url_prefix="/people/teams")


@blueprint.get("/new")
@may(Action.MANAGE_TEAM)
def new() -> Response:
    return _new_page()


@blueprint.post("/new")
@may(Action.MANAGE_TEAM)
def create() -> AnyResponse:
    form = read_form("name")
    try:
        team = teams.create(the_hub(), actor(), form["name"])
    except Invalid as error:
        return _new_page(form["name"], error)
    return _back(team.id, "team_created")


@blueprint.get("/<int:team_id>")
@may(Action.CHANGE_MEMBERS)
def page(team_id: int) -> Response:
    return _page(team_id)


@blueprint.post("/<int:team_id>/name")
@may(Action.MANAGE_TEAM)
def rename(team_id: int) -> AnyResponse:
    form = read_form("name")
    try:
        teams.rename(the_hub(), actor(), team_id, form["name"])
    except Invalid as error:
        return _page(team_id, error)
    return _back(team_id, "team_renamed")


@blueprint.post("/<int:team_id>/members")
@may(Action.CHANGE_MEMBERS)
def add_member(team_id: int) -> AnyResponse:
    form = read_form("email")
    try:
        teams.add_member(the_hub(), actor(), team_id, form["email"])
    except Invalid as error:
        return _page(team_id, error, email=form["email"])
    return _back(team_id, "member_added")


@blueprint.post("/<int:team_id>/members/<int:agent_id>/remove")
@may(Action.CHANGE_MEMBERS)
def remove_member(team_id: int, agent_id: int) -> AnyResponse:
    read_form()
    teams.remove_member(the_hub(), actor(), team_id, agent_id)
    return _back(team_id, "member_removed")


def _new_page(name: str = "", error: Invalid | None = None) -> Response:
    body = render_template(
        "people/new_team.html", name=name, errors={} if error is None else {error.field: describe(error)}
    )
    return make_response(body, 200 if error is None else 422)


def _page(team_id: int, error: Invalid | None = None, *, email: str = "") -> Response:
    team = teams.find(the_hub(), actor(), team_id)
    body = render_template(
        "people/team.html",
        team=team,
        members=teams.members(the_hub(), actor(), team),
        email=email,
        errors={} if error is None else {error.field: describe(error)},
    )
    return make_response(body, 200 if error is None else 422)


def _back(team_id: int, done: str) -> AnyResponse:
    return redirect(url_for("teams.page", team_id=team_id, done=done), code=303)
