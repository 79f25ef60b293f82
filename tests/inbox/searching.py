"""A small language for tests of the search: who asks what, and which texts are found."""

from __future__ import annotations

from hub.connector import Author
from hub.inbox.model import ConversationState
from hub.inbox.search import Found, search_conversations
from hub.inbox.store import messages
from hub.kernel.hub import Hub
from hub.people.model import OPERATOR, Actor, Role

LENA = Author(id="lena", handle="@lena_b@social.example", name="Lena Brandt")
MILAN = Author(id="milan", handle="@milan", name="Milan Petrović")


def agent_of(*team_ids: int) -> Actor:
    return Actor(agent_id=1, name="Ana", role=Role.AGENT, team_ids=frozenset(team_ids))


def page(
    hub: Hub,
    typed: str,
    *,
    who: Actor = OPERATOR,
    state: ConversationState | None = None,
    channel_id: int | None = None,
    after: str = "",
    limit: int = 50,
) -> Found:
    with hub.database.reading() as session:
        return search_conversations(session, who, typed, state=state, channel_id=channel_id, after=after, limit=limit)


def found(hub: Hub, typed: str, *, who: Actor = OPERATOR, channel_id: int | None = None) -> list[str]:
    """The newest message that answers in each conversation found, over all pages, in the order of the pages."""
    texts: list[str] = []
    after = ""
    while True:
        found = page(hub, typed, who=who, channel_id=channel_id, after=after)
        texts += _texts(hub, found)
        after = found.further
        if not after:
            return texts


def _texts(hub: Hub, found: Found) -> list[str]:
    with hub.database.reading() as session:
        read = [messages.message(session, hit.message_id) for hit in found.hits]
    return [message.text for message in read if message is not None]
