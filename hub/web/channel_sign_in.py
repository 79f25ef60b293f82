"""Connecting a channel on the network's own page: away from our form, and back to it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as AnyResponse

from hub.channels import connect
from hub.channels.model import Channel
from hub.channels.sign_in import journey
from hub.channels.sign_in.journey import Form, Left
from hub.errors import Absent, ConnectorError, Invalid, PluginFault
from hub.kernel.texts import describe, mark
from hub.people.authorize import Action
from hub.web import channel_form
from hub.web.access import may
from hub.web.channel_connect import check_senders, client_key_of, form_page, own_fields
from hub.web.channel_form import Filled
from hub.web.channels import managed, to_page
from hub.web.forms import read_form
from hub.web.notices import NOTICES
from hub.web.session import signed_in
from hub.web.site import site, the_hub

blueprint = Blueprint("channel_sign_in", __name__, url_prefix="/channels")

NOTICES.update(
    sign_in_lost=mark("This sign-in was used already, or it took too long. Nothing was changed. Begin again."),
    channel_signed_in=mark("The channel is signed in again and goes on where it stopped."),
)


@blueprint.post("/connect/<kind>/sign-in")
@may(Action.MANAGE_CHANNEL)
def add(kind: str) -> AnyResponse:
    """Leave the form of a new channel for the network's own page."""
    return _leave(kind, channel_form.read(channel_form.settings_of(the_hub(), kind)))


@blueprint.post("/<int:channel_id>/settings/sign-in")
@may(Action.MANAGE_CHANNEL)
def change(channel_id: int) -> AnyResponse:
    """The same from the settings of a channel."""
    channel = managed(channel_id)
    return _leave(channel.kind, channel_form.read(channel_form.settings_of(the_hub(), channel.kind)), channel)


@blueprint.post("/<int:channel_id>/sign-in")
@may(Action.MANAGE_CHANNEL)
def again(channel_id: int) -> AnyResponse:
    """The same with the settings as they are, for a channel that was signed out."""
    read_form()
    channel = managed(channel_id)
    return _leave(channel.kind, _filled(_form(channel.kind, channel_form.of_channel(channel), channel)), channel)


@blueprint.get("/signed-in/<place>")
@may(Action.MANAGE_CHANNEL)
def come_back(place: str) -> AnyResponse:
    """Where a server sends people back to. What is wrong is said at the form they left, with all they had typed."""
    left = journey.come_back(
        the_hub(),
        request.args.get("state", ""),
        session_id=signed_in().session_id,
        redirect_uri=f"{redirect_uri()}/{place}",
    )
    if left is None:
        return redirect(url_for("channel_connect.kinds", done="sign_in_lost"), code=303)
    channel = managed(left.form.channel_id) if left.form.channel_id else None
    filled = _filled(left.form)
    fields = channel_form.settings_of(the_hub(), left.form.kind)
    try:
        return _connect(left, filled, channel)
    except (Invalid, ConnectorError, PluginFault) as error:
        return form_page(left.form.kind, filled, channel, channel_form.place(error, fields))


def _leave(kind: str, filled: Filled, channel: Channel | None = None) -> AnyResponse:
    if not the_hub().plugins.connector(kind).features.signs_in:
        raise Absent("nobody signs in there", kind=kind)
    fields = channel_form.settings_of(the_hub(), kind)
    try:
        _, team = own_fields(filled, is_name_needed=channel is not None)
    except Invalid as error:
        return form_page(kind, filled, channel, {error.field: describe(error)})
    # The first team there is was just made: who comes back must have chosen it.
    filled = replace(filled, team_id=str(team.id))
    try:
        check_senders(fields, filled, channel)
        url = journey.leave(
            the_hub(),
            site().connectors,
            _form(kind, filled, channel),
            session_id=signed_in().session_id,
            redirect_uri=redirect_uri(),
        )
    except (Invalid, ConnectorError, PluginFault) as error:
        return form_page(kind, filled, channel, channel_form.place(error, fields))
    # Not a redirect: our policy lets forms lead nowhere but to ourselves, and browsers follow that through redirects.
    response = make_response(render_template("channels/leaving.html", url=url, server=urlsplit(url).hostname))
    response.headers["Refresh"] = f"0; url={iri_to_uri(url)}"
    return response


def _connect(left: Left, filled: Filled, channel: Channel | None) -> AnyResponse:
    name, team = own_fields(filled, is_name_needed=channel is not None)
    hub, connectors = the_hub(), site().connectors
    values = journey.finish(hub, connectors, left, request.args)
    if channel is not None:
        connect.change_channel(hub, connectors, channel.id, name=name, team_id=team.id, values=values)
        return to_page(channel.id, "channel_signed_in")
    added = connect.add_channel(
        hub,
        connectors,
        kind=left.form.kind,
        name=name,
        team_id=team.id,
        values=values,
        client_key=client_key_of(filled),
    )
    return to_page(added.id, "channel_connected")


def redirect_uri() -> str:
    """Below it networks send people back; from HUB_BASE_URL, never from a request."""
    return f"{the_hub().config.base_url}{blueprint.url_prefix}/signed-in"


def _form(kind: str, filled: Filled, channel: Channel | None) -> Form:
    secret = {field.name for field in channel_form.settings_of(the_hub(), kind) if field.secret}
    return Form(
        kind=kind,
        channel_id=channel.id if channel else 0,
        name=filled.name,
        team_id=filled.team_id,
        client_key=filled.client_key,
        values={name: value for name, value in filled.values.items() if name not in secret},
    )


def _filled(form: Form) -> Filled:
    fields = channel_form.settings_of(the_hub(), form.kind)
    return Filled(
        name=form.name,
        team_id=form.team_id,
        client_key=form.client_key,
        values={field.name: form.values.get(field.name, "") for field in fields},
    )
