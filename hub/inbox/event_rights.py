"""Who may know of an event: those who may see its conversation, and whoever has the channel where it is about that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.channels import store as channels
from hub.inbox.store import conversations
from hub.kernel.database import Session
from hub.kernel.log import Logged
from hub.people.authorize import Action, may
from hub.people.model import Actor, Team

MaySee = Callable[[Actor, Logged], bool]


def event_rights(session: Session, found: Sequence[Logged]) -> MaySee:
    """Ask the database once about all these events; what is returned tells of each whether an actor may know of it.

    A conversation stays its team's when its channel goes to another one, and so do its events. What belongs to
    nothing is told to nobody.
    """
    events = [(logged.position, logged.event) for logged in found]
    talks = conversations.teams_of(session, {event.conversation_id for _, event in events if event.conversation_id})
    lines = channels.teams_of(
        session, {event.channel_id for _, event in events if event.channel_id and not event.conversation_id}
    )
    teams = {
        position: Team(id=team_id, name="")
        for position, event in events
        if (team_id := talks.get(event.conversation_id or 0) or lines.get(event.channel_id or 0))
    }

    def may_see(actor: Actor, logged: Logged) -> bool:
        team = teams.get(logged.position)
        return team is not None and may(actor, Action.READ_CONVERSATION, team)

    return may_see
