"""The words of the contract: what kinds there are, who can read it, whose word a name is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]
"""An aware point in time; a naive one is refused where it crosses the contract."""

Limits = Mapping[str, int]
"""Unit to limit as this server has it, found by `check`: {"graphemes": 500}."""


class Kind(StrEnum):
    """What it is to us; what was not written to us at all is `addressed=False` instead.

    mention: a post that names us. reply: an answer to another message. comment: something under a post or in a topic.
    direct: for few to read, us among them. quote: a post that shows one of ours.
    """

    MENTION = "mention"
    REPLY = "reply"
    COMMENT = "comment"
    DIRECT = "direct"
    QUOTE = "quote"


class Visibility(StrEnum):
    """Who can read it, from wide to narrow. A reply is never wider than the message it answers."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    DIRECT = "direct"

    def is_wider_than(self, other: Visibility) -> bool:
        order = list(Visibility)
        return order.index(self) < order.index(other)


class Moderation(StrEnum):
    APPROVED = "approved"
    HELD = "held"
    SPAM = "spam"
    TRASH = "trash"


class Trust(StrEnum):
    """What stands behind an author's name: the network's own account, or only the author's word."""

    NETWORK = "network"
    CLAIMED = "claimed"


class DeletedBy(StrEnum):
    """Why a message is not to be seen any more.

    author, moderation: taken away for good. The others may be only for now, and end when it is told again.
    blocked: its author and our account do not see each other. account: its author's account is suspended, switched off
    or gone. unavailable: the network does not tell why.
    """

    AUTHOR = "author"
    MODERATION = "moderation"
    BLOCKED = "blocked"
    ACCOUNT = "account"
    UNAVAILABLE = "unavailable"
