"""Conversations in direct messages: who is in one, whether it is only a request, what stands above it. Pure.

Lexicons: chat.bsky.convo.defs#convoView with #directConvo or #groupConvo; listConvoRequests also tells what we asked
for ourselves, which is no conversation yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.connector import Post, ReplyRules

Raw = Mapping[str, Any]
_NOT_FOR_MESSAGES = (
    "like", "unlike", "boost", "unboost", "bookmark", "unbookmark", "hide", "unhide", "delete", "quote", "pictures",
)  # fmt: skip
"""What is done to posts is not done to messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convo:
    """One conversation. group: its name, None between two. count: everybody in it; of a large group `members` names
    only some. is_locked: nobody may write."""

    id: str
    members: tuple[Raw, ...] = ()
    is_request: bool = False
    group: str | None = None
    count: int = 0
    is_locked: bool = False

    @property
    def rules(self) -> ReplyRules:
        """Whether a message of it can be answered, and that an answer to a request accepts it."""
        if self.is_locked:
            return ReplyRules(allowed=False, why_not="closed", impossible=_NOT_FOR_MESSAGES)
        return ReplyRules(is_request=self.is_request, impossible=_NOT_FOR_MESSAGES)

    @property
    def mark(self) -> str:
        """Tells states of a conversation apart whose messages have to be told again; empty for the usual one."""
        return ("?" if self.is_request else "") + ("!" if self.is_locked else "")

    def above(self, us: str) -> Post | None:
        """What stands above a group's messages: its name and who reads along besides us."""
        if self.group is None:
            return None
        told = [f"@{member['handle']}" for member in self.members if member.get("did") != us and member.get("handle")]
        more = self.count - 1 - len(told)
        names = ", ".join(told) + (f" +{more}" if more > 0 else "")
        return Post(remote_id=f"dm:{self.id}", title=self.group, text=names, link=link_to(self.id))


def read_convo(id: str, told: Raw) -> Convo:
    """A conversation as the service tells it; whatever of it cannot be read is left out."""
    kind, members = told.get("kind"), told.get("members")
    kind = kind if isinstance(kind, Mapping) else {}
    is_group = str(kind.get("$type")).endswith("#groupConvo")
    count = kind.get("memberCount")
    return Convo(
        id=id,
        members=tuple(each for each in members if isinstance(each, Mapping)) if isinstance(members, list) else (),
        is_request=told.get("status") == "request",
        group=str(kind.get("name") or "") if is_group else None,
        count=count if isinstance(count, int) else 0,
        is_locked=is_group and str(kind.get("lockStatus") or "unlocked") != "unlocked",
    )


def is_convo(told: Any) -> bool:
    """Whether an item of a list is a conversation, rather than a group that we asked to be let into."""
    return isinstance(told, Mapping) and isinstance(told.get("id"), str)


def link_to(id: str) -> str:
    return f"https://bsky.app/messages/{id}"
