"""Who speaks to us: an identity is one remote account or author as a channel tells it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.connector import Emoji, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A remote author, kept by us under the network's stable id. `is_us`: the connected account itself."""

    id: int
    channel_id: int
    remote_id: str
    handle: str
    name: str
    emoji: tuple[Emoji, ...]
    url: str | None
    avatar: str | None
    is_us: bool
    is_bot: bool
    trust: Trust

    @property
    def shown_name(self) -> str:
        return self.name or self.handle or self.remote_id
