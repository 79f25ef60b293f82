"""How channels do, as their pages show it: every state and error ready to be worded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from hub.channels import store
from hub.channels.connect import error_of
from hub.channels.model import Channel, ChannelState
from hub.channels.webhook.address import address_of
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.texts import Wording, describe, describe_warning
from hub.people.authorize import Action, authorize, may, visible_teams
from hub.people.model import Actor
from hub.people.store import teams
from hub.web.health import is_worker_alive

MANY_FAILURES = 3
"""So many in a row, and it is no longer a hiccup."""


class Phase(StrEnum):
    """What a person should know first about a channel. new: never pulled yet. quiet: the network asked for silence."""

    WORKING = "working"
    NEW = "new"
    QUIET = "quiet"
    HICCUP = "hiccup"
    FAILING = "failing"
    PAUSED = "paused"
    SIGNED_OUT = "signed_out"
    MISCONFIGURED = "misconfigured"
    WITHOUT_PLUGIN = "without_plugin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One channel on a page. `label` names its network, `letters` counts what could not be read of it.

    address: where other systems post to it, where they do.
    """

    channel: Channel
    phase: Phase
    label: str
    team: str
    letters: int
    trouble: Wording | None
    warnings: tuple[Wording, ...]
    signs_in: bool
    address: str = ""

    @property
    def team_id(self) -> int:
        return self.channel.team_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Every channel a person may see, and whether anything is done for them at all."""

    channels: tuple[Health, ...]
    is_worker_alive: bool


def read_overview(hub: Hub, session: Session, who: Actor) -> Overview:
    """What the list of channels shows, in a handful of statements."""
    found = [channel for channel in store.all_channels(session) if may(who, Action.READ_CHANNEL, channel)]
    letters, names = store.dead_letters(session), _team_names(session, who)
    return Overview(
        channels=tuple(_health(hub, channel, letters, names) for channel in found),
        is_worker_alive=is_worker_alive(session),
    )


def read_health(hub: Hub, session: Session, who: Actor, channel_id: int) -> Health:
    """One channel. Raises Absent."""
    channel = store.channel(session, channel_id)
    authorize(who, Action.READ_CHANNEL, channel)
    found = _health(hub, channel, store.dead_letters(session), _team_names(session, who))
    return replace(found, address=address_of(hub, session, channel_id))


def _team_names(session: Session, who: Actor) -> dict[int, str]:
    return {team.id: team.name for team in teams.listed(session, visible_teams(who))}


def _health(hub: Hub, channel: Channel, letters: Mapping[int, int], names: Mapping[int, str]) -> Health:
    connector = hub.plugins.connectors.get(channel.kind)
    return Health(
        channel=channel,
        phase=_phase(channel, hub.clock()) if connector else Phase.WITHOUT_PLUGIN,
        label=connector.label if connector else channel.kind,
        team=names.get(channel.team_id, ""),
        letters=letters.get(channel.id, 0),
        trouble=describe(error_of(channel.trouble)) if channel.trouble else None,
        warnings=tuple(describe_warning(word) for word in channel.warnings),
        signs_in=connector is not None and connector.features.signs_in,
    )


def _phase(channel: Channel, now: datetime) -> Phase:
    if channel.state is not ChannelState.ACTIVE:
        return Phase(channel.state.value)
    if channel.quiet_until is not None and channel.quiet_until > now:
        return Phase.QUIET
    if channel.trouble is not None:
        return Phase.FAILING if channel.failures >= MANY_FAILURES else Phase.HICCUP
    return Phase.NEW if channel.pulled_at is None else Phase.WORKING
