"""Through which channels another one may answer, where its own network takes no answers: the same for all who ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.channels import store
from hub.channels.model import Channel
from hub.channels.settings import Field
from hub.errors import Invalid
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.people.authorize import Action, may
from hub.people.model import Actor


def senders_for(hub: Hub, session: Session, who: Actor, channel: Channel | None) -> list[Channel]:
    """The channels a person may choose to answer through: those they look after, that can send, and not itself."""
    own_id = channel.id if channel else 0
    return [
        other
        for other in store.all_channels(session)
        if other.id != own_id and other.can_send and _sends(hub, other) and may(who, Action.MANAGE_CHANNEL, other)
    ]


def check_senders(
    fields: Sequence[Field], values: Mapping[str, str], senders: Iterable[Channel], channel: Channel | None
) -> None:
    """Refuse a channel that was not offered, unless it is the one that is set. Raises Invalid at the field."""
    offered = {"", *(str(sender.id) for sender in senders)}
    for field in fields:
        chosen = values.get(field.name, "")
        kept = channel is not None and chosen == channel.settings.get(field.name)
        if field.kind == "channel" and chosen not in offered and not kept:
            raise Invalid(field.name, "not_a_choice")


def _sends(hub: Hub, channel: Channel) -> bool:
    connector = hub.plugins.connectors.get(channel.kind)
    return connector is not None and connector.features.send
