"""The channels: how each does, connecting one, changing, pausing and removing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.channels import connect, store
from hub.channels.model import Channel, ChannelState
from hub.channels.settings import Field
from hub.errors import Absent, Conflict, ConnectorError, Invalid, PluginFault
from hub.kernel.database import Session
from hub.kernel.texts import Wording, describe, mark
from hub.people import teams
from hub.people.authorize import Action, authorize
from hub.people.authorize import may as allowed
from hub.people.model import Team
from hub.web import channel_form
from hub.web.access import may
from hub.web.channel_form import Filled
from hub.web.channel_health import read_health, read_overview
from hub.web.channel_preview import Tried, try_out
from hub.web.forms import read_form, row_id, row_id_or_none
from hub.web.health import is_worker_alive
from hub.web.notices import NOTICES
from hub.web.session import actor
from hub.web.site import site, the_hub

blueprint = Blueprint("channels", __name__, url_prefix="/channels")
PAGE = 50

NOTICES.update(
    letters_dismissed=mark("They are out of the way. What the network sends anew is taken in anew."),
    channel_connected=mark("The channel is connected. What people write there arrives here by itself."),
    channel_changed=mark("The settings were tested and saved."),
    channel_paused=mark("The channel is paused. Replies wait until it goes on."),
    channel_resumed=mark("The channel goes on."),
    channel_removed=mark("The channel was removed. Its conversations stay readable."),
    channel_checked=mark("The connection works."),
    channel_check_failed=mark("The connection does not work. The reason stands below."),
    channel_pull_soon=mark("The channel is looked at now. What is new appears by itself."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of channel that can be connected. `companion`: it answers through a channel of another kind.

    signs_in: its account is connected on the network's own page. webhook: other systems post to it.
    """

    kind: str
    label: str
    sends: bool
    companion: bool
    signs_in: bool
    webhook: bool


@blueprint.get("")
@may(Action.READ_CHANNEL)
def index() -> str:
    return render_template("channels/index.html", broken=_broken_plugins(), **_overview())


@blueprint.get("/rows")
@may(Action.READ_CHANNEL)
def rows() -> str:
    """The list alone, when something happened or time passed."""
    return render_template("channels/rows.html", **_overview())


@blueprint.get("/connect")
@may(Action.MANAGE_CHANNEL)
def kinds() -> str:
    return render_template("channels/kinds.html", kinds=_kinds())


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


@blueprint.get("/<int:channel_id>")
@may(Action.READ_CHANNEL)
def page(channel_id: int) -> str:
    return render_template("channels/channel.html", **_shown(channel_id))


@blueprint.get("/<int:channel_id>/health")
@may(Action.READ_CHANNEL)
def health(channel_id: int) -> str:
    """How the channel does, alone, when something happened or time passed."""
    return render_template("channels/health.html", **_shown(channel_id))


@blueprint.get("/<int:channel_id>/unreadable")
@may(Action.READ_CHANNEL)
def unreadable(channel_id: int) -> str:
    """What arrived and could not be read."""
    with the_hub().database.reading() as session:
        channel = _allowed(session, channel_id, Action.READ_CHANNEL)
        before = request.args.get("before", type=row_id)
        letters = store.letters(session, channel.id, before=before, limit=PAGE + 1)
    further = letters[PAGE - 1].id if len(letters) > PAGE else None
    return render_template("channels/unreadable.html", channel=channel, letters=letters[:PAGE], further=further)


@blueprint.post("/<int:channel_id>/unreadable/dismiss")
@may(Action.MANAGE_CHANNEL)
def dismiss(channel_id: int) -> AnyResponse:
    """Somebody has seen it: one item, or all up to the newest that was shown."""
    form = read_form("letter", "newest")
    channel = managed(channel_id)
    one, newest = (row_id_or_none(form[name]) for name in ("letter", "newest"))
    with the_hub().database.transaction() as session:
        store.dismiss(session, channel.id, first=one, last=one or newest, now=the_hub().clock())
    return redirect(url_for("channels.unreadable", channel_id=channel.id, done="letters_dismissed"), code=303)


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


@blueprint.post("/<int:channel_id>/pause")
@may(Action.MANAGE_CHANNEL)
def pause(channel_id: int) -> AnyResponse:
    read_form()
    connect.pause_channel(the_hub(), managed(channel_id).id)
    return to_page(channel_id, "channel_paused")


@blueprint.post("/<int:channel_id>/resume")
@may(Action.MANAGE_CHANNEL)
def resume(channel_id: int) -> AnyResponse:
    read_form()
    connect.resume_channel(the_hub(), managed(channel_id).id)
    return to_page(channel_id, "channel_resumed")


@blueprint.post("/<int:channel_id>/check")
@may(Action.MANAGE_CHANNEL)
def check(channel_id: int) -> AnyResponse:
    """Test the connection; what was found is noted on the channel either way."""
    read_form()
    try:
        connect.check_channel(the_hub(), site().connectors, managed(channel_id).id)
    except (ConnectorError, PluginFault):
        return to_page(channel_id, "channel_check_failed")
    return to_page(channel_id, "channel_checked")


@blueprint.post("/<int:channel_id>/pull")
@may(Action.MANAGE_CHANNEL)
def pull(channel_id: int) -> AnyResponse:
    """Let a worker look at the channel next."""
    read_form()
    channel = managed(channel_id)
    if channel.state is not ChannelState.ACTIVE:
        raise Conflict("nothing is pulled in this state", reason=channel.state.value)
    with the_hub().database.transaction() as session:
        store.pull_soon(session, channel.id, now=the_hub().clock())
    return to_page(channel_id, "channel_pull_soon")


@blueprint.get("/<int:channel_id>/remove")
@may(Action.REMOVE_CHANNEL)
def confirm_removal(channel_id: int) -> str:
    with the_hub().database.reading() as session:
        channel = _allowed(session, channel_id, Action.REMOVE_CHANNEL)
    return render_template("channels/remove.html", channel=channel)


@blueprint.post("/<int:channel_id>/remove")
@may(Action.REMOVE_CHANNEL)
def remove(channel_id: int) -> AnyResponse:
    read_form()
    with the_hub().database.reading() as session:
        channel = _allowed(session, channel_id, Action.REMOVE_CHANNEL)
    connect.remove_channel(the_hub(), channel.id)
    return redirect(url_for("channels.index", done="channel_removed"), code=303)


def _overview() -> dict[str, object]:
    with the_hub().database.reading() as session:
        return {"overview": read_overview(the_hub(), session, actor()), "kinds": _kinds()}


def _shown(channel_id: int) -> dict[str, object]:
    with the_hub().database.reading() as session:
        found = read_health(the_hub(), session, actor(), channel_id)
        return {"health": found, "is_worker_alive": is_worker_alive(session)}


def _broken_plugins() -> list[tuple[str, str]]:
    """Name and problem of what could not be loaded, for those who can do something about it."""
    if not allowed(actor(), Action.MANAGE_CHANNEL):
        return []
    return [(found.name, found.problem) for found in the_hub().plugins.found if found.problem]


def _kinds() -> list[Kind]:
    return sorted(map(_kind, the_hub().plugins.connectors), key=lambda kind: kind.label.casefold())


def _kind(kind: str) -> Kind:
    connector = the_hub().plugins.connector(kind)
    companion = any(field.kind == "channel" for field in channel_form.settings_of(the_hub(), kind))
    features = connector.features
    return Kind(
        kind=kind,
        label=connector.label,
        sends=features.send,
        companion=companion,
        signs_in=features.signs_in,
        webhook=features.webhook,
    )


def _allowed(session: Session, channel_id: int, action: Action) -> Channel:
    channel = store.channel(session, channel_id)
    authorize(actor(), action, channel)
    return channel


def managed(channel_id: int) -> Channel:
    """A channel this person looks after. Raises Absent."""
    with the_hub().database.reading() as session:
        return _allowed(session, channel_id, Action.MANAGE_CHANNEL)


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
        kind=_kind(kind),
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


def to_page(channel_id: int, done: str) -> AnyResponse:
    """On to the channel's page, which says what was done."""
    return redirect(url_for("channels.page", channel_id=channel_id, done=done), code=303)
