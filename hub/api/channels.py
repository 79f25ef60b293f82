"""Channels: how each does, connecting one from the settings its plugin declares, testing, pausing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from hub.api import telling
from hub.api.answers import Channel, ChannelList
from hub.api.operation import Call, operation
from hub.api.reading import Id
from hub.channels import connect, senders, store
from hub.channels.model import Channel as ChannelModel
from hub.channels.model import ChannelState
from hub.channels.settings import Field, fields_of
from hub.channels.webhook import again
from hub.channels.webhook.address import address_of
from hub.errors import Absent, Conflict, ConnectorError, Invalid, PluginFault
from hub.kernel.database import Session
from hub.people import teams
from hub.people.authorize import Action, authorize, may, visible_teams
from hub.people.model import Team, TokenScope


class Setting(Struct, frozen=True, kw_only=True):
    """One setting of a kind of channel. kind: text, url, number, choice or channel (the id of one that can send)."""

    name: str
    label: str
    help: str
    kind: str
    secret: bool
    required: bool
    default: str
    choices: Mapping[str, str]


class ChannelKind(Struct, frozen=True, kw_only=True):
    """A kind of channel that can be connected. sends: it answers, or another channel has to do it."""

    kind: str
    label: str
    sends: bool
    settings: tuple[Setting, ...]


class ChannelKindList(Struct, frozen=True, kw_only=True):
    items: tuple[ChannelKind, ...]


class NewChannel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel to be connected. settings: those of its kind; `GET /channel-kinds` names them.

    name: what the network calls the account when it is left out. team_id: needed where there are several to choose.
    """

    kind: Annotated[str, Meta(min_length=1, max_length=100)]
    settings: dict[str, str | int]
    name: Annotated[str, Meta(max_length=100)] = ""
    team_id: Id | None = None


@operation("GET", "/channels", scope=TokenScope.READ)
def list_channels(call: Call) -> ChannelList:
    """List channels

    Those of the teams the token's agent is in, by name.
    """
    authorize(call.actor, Action.READ_CHANNEL)
    mine = visible_teams(call.actor)
    with call.hub.database.reading() as session:
        found = [channel for channel in store.all_channels(session) if mine is None or channel.team_id in mine]
        return ChannelList(items=tuple(_tell(call, session, channel) for channel in found))


@operation("GET", "/channels/{channel_id}", scope=TokenScope.READ)
def get_channel(call: Call, channel_id: int) -> Channel:
    """Read one channel"""
    return _now(call, channel_id)


@operation("GET", "/channel-kinds", scope=TokenScope.CHANNELS)
def list_channel_kinds(call: Call) -> ChannelKindList:
    """List the kinds of channels that can be connected

    With the settings that each of them needs.
    """
    authorize(call.actor, Action.MANAGE_CHANNEL)
    return ChannelKindList(items=tuple(_kind(call, kind) for kind in sorted(call.hub.plugins.connectors)))


@operation(
    "POST",
    "/channels",
    scope=TokenScope.CHANNELS,
    status=201,
    location="/channels/{id}",
    once=True,
    refusals=(409, 502),
)
def create_channel(call: Call, body: NewChannel) -> Channel:
    """Connect a channel

    The connection is tested first; one that does not work is not saved, and `errors` names the setting at fault.
    """
    authorize(call.actor, Action.MANAGE_CHANNEL)
    if body.kind not in call.hub.plugins.connectors:
        raise Invalid("kind", "unknown_kind", kind=body.kind)
    team = _team(call, body.team_id)
    fields = fields_of(call.hub.plugins.connector(body.kind).Settings)
    values = {name: str(value) for name, value in body.settings.items()}
    try:
        _check_senders(call, fields, values)
        added = connect.add_channel(
            call.hub,
            call.connectors,
            kind=body.kind,
            name=body.name,
            team_id=team.id,
            values=values,
            client_key=call.client_key,
        )
    except (Invalid, ConnectorError) as error:
        raise _placed(error, fields, values) from error
    # What a key connected before may belong to a team that its agent has left since.
    return _now(call, added.id)


@operation("POST", "/channels/{channel_id}/check", scope=TokenScope.CHANNELS)
def check_channel(call: Call, channel_id: int) -> Channel:
    """Test a connection

    What was found is noted on the channel either way: `trouble` says what is wrong, null when it works.
    """
    _managed(call, channel_id)
    try:
        connect.check_channel(call.hub, call.connectors, channel_id)
    except (ConnectorError, PluginFault):
        return _now(call, channel_id)
    return _now(call, channel_id)


@operation("POST", "/channels/{channel_id}/pull", scope=TokenScope.CHANNELS, status=202, refusals=(409,))
def pull_channel(call: Call, channel_id: int) -> Channel:
    """Look for what is new

    A worker looks at the channel next; what it finds arrives by itself.
    """
    channel = _managed(call, channel_id)
    if channel.state is not ChannelState.ACTIVE:
        raise Conflict("nothing is pulled in this state", reason=channel.state.value)
    with call.hub.database.transaction() as session:
        store.pull_soon(session, channel.id, now=call.hub.clock())
    return _now(call, channel_id)


@operation("POST", "/channels/{channel_id}/read-again", scope=TokenScope.CHANNELS, status=202)
def read_channel_again(call: Call, channel_id: int) -> Channel:
    """Read again what could not be read

    All that was posted to the channel, could not be read and is kept: for when its settings or its plugin are mended.
    What came in already does not come in twice; what still cannot be read is put aside again.
    """
    again.read_again(call.hub, _managed(call, channel_id).id, by=call.agent_id)
    return _now(call, channel_id)


@operation("POST", "/channels/{channel_id}/pause", scope=TokenScope.CHANNELS)
def pause_channel(call: Call, channel_id: int) -> Channel:
    """Pause a channel

    Nothing is received and nothing sent until it is resumed; replies wait.
    """
    connect.pause_channel(call.hub, _managed(call, channel_id).id)
    return _now(call, channel_id)


@operation("POST", "/channels/{channel_id}/resume", scope=TokenScope.CHANNELS)
def resume_channel(call: Call, channel_id: int) -> Channel:
    """Resume a channel"""
    connect.resume_channel(call.hub, _managed(call, channel_id).id)
    return _now(call, channel_id)


def _now(call: Call, channel_id: int) -> Channel:
    with call.hub.database.reading() as session:
        return _tell(call, session, _allowed(call, session, channel_id, Action.READ_CHANNEL))


def _tell(call: Call, session: Session, channel: ChannelModel) -> Channel:
    """A channel, with its address only for who may set it up: whoever has it can post there, if only forgeries."""
    sets_up = TokenScope.CHANNELS in call.bearer.token.scopes and may(call.actor, Action.MANAGE_CHANNEL, channel)
    return telling.channel(channel, address_of(call.hub, session, channel.id) if sets_up else "")


def _managed(call: Call, channel_id: int) -> ChannelModel:
    """A channel this agent looks after. Raises Absent."""
    with call.hub.database.reading() as session:
        return _allowed(call, session, channel_id, Action.MANAGE_CHANNEL)


def _allowed(call: Call, session: Session, channel_id: int, action: Action) -> ChannelModel:
    channel = store.channel(session, channel_id)
    authorize(call.actor, action, channel)
    return channel


def _team(call: Call, team_id: int | None) -> Team:
    """The team that will answer. Raises Invalid where it has to be named, Absent for a foreign one."""
    known = teams.listed(call.hub, call.actor)
    if team_id is None:
        if len(known) > 1:
            raise Invalid("team_id", "missing")
        chosen = known[0] if known else teams.first(call.hub, call.actor)
    else:
        found = next((team for team in known if team.id == team_id), None)
        if found is None:
            raise Absent()
        chosen = found
    authorize(call.actor, Action.MANAGE_CHANNEL, chosen)
    return chosen


def _check_senders(call: Call, fields: list[Field], values: Mapping[str, str]) -> None:
    with call.hub.database.reading() as session:
        offered = senders.senders_for(call.hub, session, call.actor, None)
    senders.check_senders(fields, values, offered, None)


def _placed(
    error: Invalid | ConnectorError, fields: list[Field], values: Mapping[str, str]
) -> Invalid | ConnectorError:
    """The same error, its field named by where it stands in the request."""
    names = {*values, *(field.name for field in fields)}
    if error.field in names:
        error.field = f"settings.{error.field}"[:100]
    return error


def _kind(call: Call, kind: str) -> ChannelKind:
    connector = call.hub.plugins.connector(kind)
    return ChannelKind(
        kind=kind,
        label=connector.label,
        sends=connector.features.send,
        settings=tuple(map(_setting, fields_of(connector.Settings))),
    )


def _setting(field: Field) -> Setting:
    return Setting(
        name=field.name,
        label=field.label,
        help=field.help,
        kind=field.kind,
        secret=field.secret,
        required=field.required,
        default=field.default,
        choices=field.choices,
    )
