"""Who may know of an event: those who may see its conversation, and whoever has or had the channel where it is about
that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from hub.channels import store as channels
from hub.events import Event
from hub.inbox.store import conversations
from hub.kernel.database import Session
from hub.kernel.log import Logged
from hub.people.authorize import Action, may
from hub.people.model import Actor, Team

MaySee = Callable[[Actor, Logged], bool]


def event_rights(session: Session, found: Sequence[Logged]) -> MaySee:
    """Ask the database once about all these events; what is returned tells of each whether an actor may know of it.

    A conversation stays its team's when its channel goes to another one, and so do its events. What happens to the
    channel itself they are told as well: they cannot answer while it is signed out. What belongs to nothing is told to
    nobody.
    """
    events = [(logged.position, logged.event) for logged in found]
    talks = conversations.teams_of(session, {event.conversation_id for _, event in events if event.conversation_id})
    lines = channels.teams_of(
        session, {event.channel_id for _, event in events if event.channel_id and not event.conversation_id}
    )
    whose = {
        position: [Team(id=team_id, name="") for team_id in team_ids]
        for position, event in events
        if (team_ids := _teams(event, talks, lines))
    }

    def may_see(actor: Actor, logged: Logged) -> bool:
        return any(may(actor, Action.READ_CONVERSATION, team) for team in whose.get(logged.position, ()))

    return may_see


def _teams(event: Event, talks: Mapping[int, int], lines: Mapping[int, frozenset[int]]) -> Collection[int]:
    if event.conversation_id:
        team_id = talks.get(event.conversation_id)
        return () if team_id is None else (team_id,)
    return lines.get(event.channel_id or 0, ())
