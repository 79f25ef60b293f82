"""What somebody has seen of a conversation when they answer it: so that nobody answers past what was said meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.errors import Conflict, Invalid
from hub.inbox.model import Conversation, Message
from hub.inbox.store import conversations, messages
from hub.kernel.database import Session

_FORM = re.compile(r"(\d{1,18})\.(\d{1,18})")
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Moves on whenever something is said, edited, deleted or noted; not when somebody merely looks.

    newest: our id of the newest message there was. Written as `7.1234`, a word without meaning to others.
    """

    number: int
    newest: int

    def __str__(self) -> str:
        return f"{self.number}.{self.newest}"

    @classmethod
    def parse(cls, text: str) -> Version:
        """Raises Invalid("seen_version", "not_a_version")."""
        found = _FORM.fullmatch(text)
        if found is None or not text.isascii():
            raise Invalid("seen_version", "not_a_version")
        return cls(number=int(found[1]), newest=int(found[2]))


def version_of(session: Session, conversation: Conversation) -> Version:
    return versions_of(session, [conversation])[conversation.id]


def versions_of(session: Session, several: Iterable[Conversation]) -> Mapping[int, Version]:
    """The versions of several conversations by their ids, in one statement."""
    known = {conversation.id: conversation.version for conversation in several}
    newest = messages.newest_ids(session, list(known))
    return {found: Version(number=number, newest=newest.get(found, 0)) for found, number in known.items()}


def demand_seen(session: Session, conversation_id: int, seen: Version | None) -> None:
    """Let nothing be said there until the transaction ends. Raises Conflict when something was since `seen`."""
    if seen is not None and conversations.locked_version(session, conversation_id) != seen.number:
        raise Conflict("something was said since", reason="stale")


def whats_new(session: Session, conversation_id: int, seen: Version) -> list[Message]:
    """What came after a version, newest first; where only known messages changed, the newest as they are now."""
    conversation = conversations.conversation(session, conversation_id)
    newest = messages.of_conversation(session, conversation.id, limit=_MOST_TOLD)
    return [message for message in newest if message.id > seen.newest] or newest
