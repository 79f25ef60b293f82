"""A channel: one connected account or blog, its settings, cursor and health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hub.connector import Author, Check


class ChannelState(StrEnum):
    """signed_out and misconfigured wait for a person; a channel that only fails for now stays active."""

    ACTIVE = "active"
    PAUSED = "paused"
    SIGNED_OUT = "signed_out"
    MISCONFIGURED = "misconfigured"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why the last try failed: the error's code and reason for the wording, the network's own words as detail."""

    code: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a connector keeps for itself, see hub.connector.Memory, and when that was written."""

    text: str = field(default="", repr=False)
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a connector needs to speak for a channel. Holds secrets: never logged, never shown.

    sealed: the secret settings as they are stored; another text after each change of the settings.
    """

    kind: str
    channel_id: int = 0
    settings: Mapping[str, str] = field(repr=False)
    sealed: str = field(default="", repr=False)
    memory: Remembered = field(default_factory=Remembered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One connected account. `settings` are the open ones; the sealed ones are read only to build an Account.

    warnings: the machine words of the last connection test, see hub.connector.Check.
    """

    id: int
    kind: str
    name: str
    team_id: int
    settings: Mapping[str, str]
    account: Author
    title: str
    limits: Mapping[str, int]
    warnings: tuple[str, ...]
    can_send: bool
    state: ChannelState
    cursor: str | None
    pulled_at: datetime | None
    found_at: datetime | None
    next_pull_at: datetime
    quiet_until: datetime | None
    failures: int
    failing_since: datetime | None
    trouble: Trouble | None
    fence: int
    created_at: datetime

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing goes in or out until somebody signs it in again or corrects a setting."""
        return self.state in (ChannelState.SIGNED_OUT, ChannelState.MISCONFIGURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What is stored of a connection that was tested. sealed: its secrets; memory: its connector's, sealed as well."""

    name: str
    team_id: int
    settings: Mapping[str, str]
    check: Check
    sealed: str = ""
    memory: str = ""
    memory_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An item a connector could not read, as it was received. `reason` is for whoever looks after the plugin.

    is_kept: whether the delivery it came with is kept whole and can be read again.
    """

    id: int
    reason: str
    raw: str
    at: datetime
    is_kept: bool = False
