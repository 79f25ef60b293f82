"""What comes to a channel's own address, /hooks/…: requests of other systems, checked by the connector, kept by us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.connector.words import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One POST to the channel's address: the bytes as they came, with the headers by their names in lower case.

    number: its place among the deliveries kept; 0 while it is being received. A kept one has of its headers only
    those that `Accepted` named.
    """

    body: bytes
    received_at: Instant
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """It comes from whom it should: it is kept durably before the sender is told so, and a pull follows at once.

    id: what the sender calls this delivery, the same each time it tries again; one with an id that is here already is
    answered and not kept again. None: there is nothing to keep (a ping, a wake-up call); a pull follows all the same.
    headers: those that `pull` needs later. No others are kept, since secrets may be among them.
    answer: what the sender wants to read back at once, with its content type.
    """

    id: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    answer_type: str = "text/plain"
