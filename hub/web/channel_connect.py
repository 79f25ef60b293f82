"""Connecting a channel, and changing how one is connected: both are one form."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, render_template
from werkzeug.wrappers import Response as AnyResponse

from hub.channels import connect
from hub.channels.model import Channel
from hub.channels.settings import Field
from hub.errors import Absent, ConnectorError, Invalid, PluginFault
from hub.kernel.texts import Wording, describe, mark
from hub.people import teams
from hub.people.authorize import Action, authorize
from hub.people.model import Team
from hub.web import channel_form
from hub.web.access import may
from hub.web.channel_form import Filled
from hub.web.channel_kinds import read_kind, read_kinds
from hub.web.channel_preview import Tried, try_out
from hub.web.channels import managed, to_page
from hub.web.notices import NOTICES
from hub.web.session import actor
from hub.web.site import site, the_hub

blueprint = Blueprint("channel_connect", __name__, url_prefix="/channels")

NOTICES.update(
    channel_connected=mark("The channel is connected. What people write there arrives here by itself."),
    channel_changed=mark("The settings were tested and saved."),
)


@blueprint.get("/connect")
@may(Action.MANAGE_CHANNEL)
def kinds() -> str:
    return render_template("channels/kinds.html", kinds=read_kinds())


@blueprint.get("/connect/<kind>")
@may(Action.MANAGE_CHANNEL)
def connect_form(kind: str) -> Response:
    return form_page(kind, channel_form.blank(the_hub(), channel_form.settings_of(the_hub(), kind)))


@blueprint.post("/connect/<kind>")
@may(Action.MANAGE_CHANNEL)
def add(kind: str) -> AnyResponse:
    """Test the connection, then save it; nothing is kept of one that does not work."""
    fields = channel_form.settings_of(the_hub(), kind)
    filled = channel_form.read(fields)
    if filled.is_preview:
        return form_page(kind, filled, tried=try_out(kind, filled))
    try:
        name, team = own_fields(filled, is_name_needed=False)
    except Invalid as error:
        return form_page(kind, filled, errors={error.field: describe(error)})
    try:
        check_senders(fields, filled)
        added = connect.add_channel(
            the_hub(),
            site().connectors,
            kind=kind,
            name=name,
            team_id=team.id,
            values=filled.values,
            client_key=client_key_of(filled),
        )
    except (Invalid, ConnectorError, PluginFault) as error:
        return form_page(kind, filled, errors=channel_form.place(error, fields))
    return to_page(added.id, "channel_connected")


@blueprint.get("/<int:channel_id>/settings")
@may(Action.MANAGE_CHANNEL)
def settings(channel_id: int) -> Response:
    channel = managed(channel_id)
    return form_page(channel.kind, channel_form.of_channel(channel), channel)


@blueprint.post("/<int:channel_id>/settings")
@may(Action.MANAGE_CHANNEL)
def change(channel_id: int) -> AnyResponse:
    channel = managed(channel_id)
    fields = channel_form.settings_of(the_hub(), channel.kind)
    filled = channel_form.read(fields)
    if filled.is_preview:
        return form_page(channel.kind, filled, channel, tried=try_out(channel.kind, filled, channel))
    try:
        name, team = own_fields(filled, is_name_needed=True)
    except Invalid as error:
        return form_page(channel.kind, filled, channel, {error.field: describe(error)})
    try:
        check_senders(fields, filled, channel)
        connect.change_channel(
            the_hub(),
            site().connectors,
            channel.id,
            name=name,
            team_id=team.id,
            values=filled.values,
            forgotten=filled.forgotten,
        )
    except (Invalid, ConnectorError, PluginFault) as error:
        return form_page(channel.kind, filled, channel, channel_form.place(error, fields))
    return to_page(channel.id, "channel_changed")


def client_key_of(filled: Filled) -> str | None:
    """The key of a form, nobody else's even if it is guessed."""
    return f"{actor().agent_id}:{filled.client_key[:100]}" if filled.client_key else None


def own_fields(filled: Filled, *, is_name_needed: bool) -> tuple[str, Team]:
    """What the form asks of every channel, whatever its kind. Raises Invalid, and Absent as `_team`."""
    name = filled.name.strip()
    return connect.checked_name(name) if name or is_name_needed else "", _team(filled)


def _team(filled: Filled) -> Team:
    """The team that was chosen. Raises Invalid, and Absent for one this person does not look after."""
    known = teams.listed(the_hub(), actor())
    if not known and not filled.team_id:
        return teams.first(the_hub(), actor())
    if not filled.team_id.isdecimal():
        raise Invalid("team_id", "not_a_choice")
    chosen = next((team for team in known if str(team.id) == filled.team_id), None)
    if chosen is None:
        raise Absent()
    authorize(actor(), Action.MANAGE_CHANNEL, chosen)
    return chosen


def check_senders(fields: list[Field], filled: Filled, channel: Channel | None = None) -> None:
    """Refuse a channel to answer through that was not offered. Raises Invalid at the field."""
    with the_hub().database.reading() as session:
        senders = channel_form.senders_for(the_hub(), session, actor(), channel)
    channel_form.check_senders(fields, filled, senders, channel)


def form_page(
    kind: str,
    filled: Filled,
    channel: Channel | None = None,
    errors: Mapping[str, Wording] | None = None,
    tried: Tried | None = None,
) -> Response:
    """The form as it was filled in, with what is wrong where it is wrong, and what became of its example."""
    fields = channel_form.settings_of(the_hub(), kind)
    with the_hub().database.reading() as session:
        senders = channel_form.senders_for(the_hub(), session, actor(), channel)
    body = render_template(
        "channels/form.html",
        kind=read_kind(kind),
        channel=channel,
        filled=filled,
        groups=channel_form.grouped(
            channel_form.inputs(the_hub(), fields, filled, senders, is_known=channel is not None)
        ),
        tried=tried,
        team_choices=[(str(team.id), team.name) for team in teams.listed(the_hub(), actor())],
        errors={**(tried.errors if tried else {}), **(errors or {})},
    )
    return make_response(body, 422 if errors else 200)
