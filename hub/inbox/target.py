"""The message that something is done to at its network, as much of it as a connector needs."""

from __future__ import annotations

from hub.connector import Author, Target
from hub.customers import store as customers
from hub.errors import Conflict
from hub.inbox.model import Direction, Message
from hub.inbox.store import messages
from hub.kernel.database import Session


def target_of(session: Session, message: Message | None) -> Target:
    """Raises Conflict when there is no message that the network knows."""
    if message is None or message.identity_id is None or message.remote_id is None:
        raise Conflict("the network does not know this message", reason="nothing_to_answer")
    identity = customers.identity(session, message.identity_id)
    author = Author(
        id=identity.remote_id, handle=identity.handle, name=identity.name, url=identity.url, trust=identity.trust
    )
    return Target(
        remote_id=message.remote_id,
        revision=message.revision,
        author=author,
        visibility=message.visibility,
        permalink=message.permalink,
        must_mention=message.reply.must_mention,
        is_ours=message.direction is Direction.OUT,
        raw=messages.raw_of(session, message.id),
    )
