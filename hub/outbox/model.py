"""What waits to be sent, and the states of its way. reliability-security.md section 5 is the source of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hub.channels.model import Trouble
from hub.connector import Outgoing, Plan, Receipt


class State(StrEnum):
    """queued: waits for its time. sending: the call may be under way; nobody else may send it. unknown: it may have
    arrived, a person decides. held: waits for a person before its next try."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HELD = "held"
    CANCELLED = "cancelled"

    @property
    def is_settled(self) -> bool:
        return self in _SETTLED

    def may_become(self, next_state: State) -> bool:
        """Whether there is such a step. Proof of arrival is not asked for leave: it makes an item `sent` anywhere."""
        return next_state in _NEXT[self]


_SETTLED = frozenset({State.SENT, State.FAILED, State.UNKNOWN, State.CANCELLED})

_NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.FAILED, State.CANCELLED, State.HELD}),
    State.SENDING: frozenset({State.SENDING, State.QUEUED, State.SENT, State.FAILED, State.UNKNOWN, State.HELD}),
    State.UNKNOWN: frozenset({State.SENT, State.QUEUED, State.CANCELLED, State.HELD}),
    State.FAILED: frozenset({State.SENT, State.QUEUED, State.CANCELLED}),
    State.HELD: frozenset({State.QUEUED, State.SENT, State.CANCELLED}),
    State.SENT: frozenset(),
    State.CANCELLED: frozenset(),
}


_FOR_GOOD = frozenset({"closed", "window_closed", "reply_not_allowed", "post_deleted", "deleted", "not_a_comment"})
"""Why an answer was refused, where sending it again would be refused again."""


_TAKEN = frozenset({"another_record"})
"""Why an answer is unknown, where its reserved id belongs to something else and can never be its own."""

_DOUBTFUL = frozenset({"restored", "not_arrived"})
"""Why an answer waits that may stand at its network: from before a restore, or shown there only a moment later."""

_KEYS_KEPT = timedelta(hours=1)
"""How long networks know an idempotency key again; also as far back as can be looked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who may work on an item now: written with the fence, refused when another worker has claimed it since."""

    worker: str
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done or to be done to a message at its network, without what it was told: `name` like, edit, delete."""

    id: int
    channel_id: int
    remote_id: str
    name: str
    state: State
    due_at: datetime
    trouble: Trouble | None

    @property
    def is_under_way(self) -> bool:
        return self.state in (State.QUEUED, State.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """When we changed a message of ours at its network: the call began, and was answered well."""

    begun_at: datetime
    done_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """One reply on its way, or with `act` something to be done to the message it names (approve, like).

    team_id: whose it is: the conversation's team, without a conversation the channel's.
    parts: the receipts of what already arrived, None where not yet. send_at: when somebody wants it to leave.
    """

    id: int
    channel_id: int
    team_id: int
    conversation_id: int | None
    agent_id: int | None
    key: str
    request: Outgoing
    act: str
    plan: Plan | None
    planned_at: datetime | None
    state: State
    due_at: datetime
    tries: int
    first_tried_at: datetime | None
    sending_part: int | None
    sending_since: datetime | None
    fence: int
    trouble: Trouble | None
    created_at: datetime
    settled_at: datetime | None
    parts: tuple[Receipt | None, ...] = ()
    send_at: datetime | None = None

    @property
    def is_worth_a_retry(self) -> bool:
        """False where the network said that it will never take an answer there."""
        return self.trouble is None or (self.trouble.code != "gone" and self.trouble.reason not in _FOR_GOOD)

    @property
    def keeps_its_ids(self) -> bool:
        """Whether it is sent again under the ids it has: it may have arrived under them, and a network that knows an
        id again makes no second post. What was surely refused is planned anew."""
        may_have_arrived = self.state in (State.UNKNOWN, State.HELD)
        is_taken = self.trouble is not None and self.trouble.reason in _TAKEN
        return may_have_arrived and self.plan is not None and not is_taken

    @property
    def doubt(self) -> Trouble | None:
        """Why it may stand at the network although nobody was told so; None where it surely does not."""
        is_open = self.trouble is not None and self.trouble.reason in _DOUBTFUL
        return self.trouble if self.state is State.UNKNOWN or is_open else None

    @property
    def looked_for_since(self) -> datetime | None:
        """Since when the part under way may stand at the network: an earlier try under its ids counts as well."""
        if self.sending_since is None or self.planned_at is None:
            return self.sending_since
        return max(self.planned_at, self.sending_since - _KEYS_KEPT)

    @property
    def next_part(self) -> int:
        """The first part that has no receipt."""
        return next((n for n, receipt in enumerate(self.parts) if receipt is None), len(self.parts))

    def repeats(self, part: int) -> bool:
        """Whether the network knows a part again by its id, so that sending it twice is the same as once."""
        return self.plan is not None and part < len(self.plan.parts) and self.plan.parts[part].repeatable
