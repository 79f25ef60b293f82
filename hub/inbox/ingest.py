"""Turns a page from a connector into messages in conversations: at least once, in any order, to the same end.

Everything of one page, its cursor included, is written in one transaction, which the caller holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.channels import store as channels
from hub.channels.model import Channel
from hub.connector import Deleted, DeletedBy, Incoming, Page, Receipt
from hub.customers import store as customers
from hub.events import MessageChanged, MessageReceived
from hub.inbox.model import Direction, Origin
from hub.inbox.store import conversations, messages
from hub.inbox.store.messages import Known, Place
from hub.inbox.summary import summarise
from hub.inbox.threads import Threads
from hub.kernel import log
from hub.kernel.database import Session
from hub.outbox.settle import settle_echo

_LONGEST_ID = 2000


@dataclass(slots=True, kw_only=True)
class Stored:
    """What a page changed: ids of new messages, of changed ones, and how many items could not be read."""

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    buried: int = 0


def store_page(session: Session, channel: Channel, page: Page, *, pull: int, now: datetime) -> Stored:
    """Store one page. `pull` is the number of the leased pull that brought it: later pulls know better."""
    intake = _Intake(session, channel, pull=pull, now=now, history=page.history)
    intake.take(page.messages)
    intake.remove(page.deleted)
    for skipped in page.skipped:
        intake.bury(skipped.reason, skipped.raw)
    intake.finish()
    return intake.stored


class _Intake:
    """One page on its way into the store."""

    def __init__(self, session: Session, channel: Channel, *, pull: int, now: datetime, history: bool) -> None:
        self.session = session
        self.channel = channel
        self.pull = pull
        self.now = now
        self.history = history
        self.stored = Stored()
        self._threads = Threads(session, channel.id)
        self._touched: set[int] = set()
        self._known: dict[str, Known] = {}
        self._identities: dict[tuple[str, datetime], int] = {}

    def take(self, incoming: Iterable[Incoming]) -> None:
        wanted = [message for message in incoming if self._is_readable(message)]
        if not wanted:
            return
        self._threads.adopt_receipts()
        ids = [message.remote_id for message in wanted]
        self._known = messages.known(self.session, self.channel.id, ids)
        self._threads.prepare(wanted)
        self._tombs = messages.tombs(self.session, self.channel.id, ids)
        for message in wanted:
            stored = self._known.get(message.remote_id)
            if stored is None:
                self._add(message)
            else:
                self._revise(stored, message)

    def remove(self, deleted: Sequence[Deleted]) -> None:
        known = messages.known(self.session, self.channel.id, [deletion.remote_id for deletion in deleted])
        for deletion in deleted:
            at = min(deletion.at or self.now, self.now)
            stored = known.get(deletion.remote_id)
            if stored is None:
                messages.bury(self.session, self.channel.id, deletion.remote_id, at=at, by=deletion.by, pull=self.pull)
            elif messages.delete(self.session, stored.id, at=at, by=deletion.by, pull=self.pull):
                self._note_change(stored.id, stored.conversation_id)

    def bury(self, reason: str, raw: str) -> None:
        channels.bury(self.session, self.channel.id, reason=reason, raw=raw, at=self.now)
        self.stored.buried += 1

    def finish(self) -> None:
        """Bring up to date what the list shows of every conversation this page touched."""
        self._touched.update(self._threads.touched)
        for conversation_id in sorted(self._touched):
            refresh(self.session, conversation_id)

    def _is_readable(self, message: Incoming) -> bool:
        if message.remote_id and len(message.remote_id) <= _LONGEST_ID and message.author.id:
            return True
        self.bury("no_id" if not message.remote_id else "wrong_id", repr(message.raw))
        return False

    def _add(self, message: Incoming) -> None:
        thread_id = self._threads.place(message)
        outbox_id = self._echo(message)
        if outbox_id is not None and self._confirm(outbox_id, message):
            return
        identity_id = self._meet(message)
        conversation_id = self._conversation(message, thread_id, identity_id)
        message_id = messages.add(
            self.session, message, self._placed(message, thread_id, conversation_id, identity_id, outbox_id)
        )
        self._threads.note(message, message_id, thread_id, conversation_id)
        self._note_new(message, message_id, conversation_id)

    def _placed(
        self,
        message: Incoming,
        thread_id: int,
        conversation_id: int | None,
        identity_id: int,
        outbox_id: int | None,
    ) -> Place:
        ours = message.author.is_us
        return Place(
            channel_id=self.channel.id,
            thread_id=thread_id,
            conversation_id=conversation_id,
            identity_id=identity_id,
            outbox_id=outbox_id,
            direction=Direction.OUT if ours else Direction.IN,
            origin=Origin.REMOTE if not ours else Origin.NATIVE if outbox_id is None else Origin.HUB,
            pull=self.pull,
            received_at=self.now,
            history=self.history,
            tomb=self._tombs.get(message.remote_id),
        )

    def _echo(self, message: Incoming) -> int | None:
        """The outbox item this message of ours came from, which has thereby arrived."""
        if not message.author.is_us:
            return None
        return settle_echo(
            self.session,
            channel_id=self.channel.id,
            receipt=Receipt(
                remote_id=message.remote_id,
                at=message.created_at,
                permalink=message.permalink,
                revision=message.revision,
            ),
            reserved=message.correlation,
            parent=message.parent_id,
            text=message.text,
            now=self.now,
        )

    def _confirm(self, outbox_id: int, message: Incoming) -> bool:
        written = messages.written_for(self.session, outbox_id)
        if written is None:
            return False
        messages.confirm(self.session, written.id, message, pull=self.pull)
        self._threads.note(message, written.id, written.thread_id, written.conversation_id)
        return True

    def _meet(self, message: Incoming) -> int:
        at = message.edited_at or message.created_at
        place = (message.author.id, at)
        if place not in self._identities:
            self._identities[place] = customers.meet(self.session, self.channel.id, message.author, at=at)
        return self._identities[place]

    def _conversation(self, message: Incoming, thread_id: int, identity_id: int) -> int | None:
        if message.author.is_us:
            return self._threads.conversation_of(message.parent_id)
        if not message.addressed:
            return None
        return conversations.open_conversation(
            self.session,
            channel_id=self.channel.id,
            team_id=self.channel.team_id,
            thread_id=thread_id,
            identity_id=identity_id,
            kind=message.kind,
            visibility=message.visibility,
            at=min(message.created_at, self.now),
            now=self.now,
        )

    def _note_new(self, message: Incoming, message_id: int, conversation_id: int | None) -> None:
        self.stored.new.append(message_id)
        if conversation_id is not None:
            self._touched.add(conversation_id)
        log.append(
            self.session,
            MessageReceived(
                channel_id=self.channel.id,
                conversation_id=conversation_id,
                message_id=message_id,
                direction="out" if message.author.is_us else "in",
                history=self.history,
            ),
            at=self.now,
        )

    def _revise(self, stored: Known, message: Incoming) -> None:
        revive = stored.deleted_by is DeletedBy.UNAVAILABLE and self.pull > stored.pull
        if not is_newer(stored, message, pull=self.pull) and not revive:
            return
        if stored.origin is Origin.HUB and not stored.revision:
            messages.confirm(self.session, stored.id, message, pull=self.pull)
            return
        self._meet(message)
        messages.revise(self.session, stored, message, pull=self.pull, now=self.now, revive=revive)
        self._note_change(stored.id, stored.conversation_id)

    def _note_change(self, message_id: int, conversation_id: int | None) -> None:
        self.stored.changed.append(message_id)
        if conversation_id is not None:
            self._touched.add(conversation_id)
        log.append(
            self.session,
            MessageChanged(channel_id=self.channel.id, conversation_id=conversation_id, message_id=message_id),
            at=self.now,
        )


def is_newer(stored: Known, message: Incoming, *, pull: int) -> bool:
    """Whether a revision replaces the stored one: by the network's edit time, else by the order of pulls."""
    if message.revision == stored.revision:
        return False
    if message.edited_at is not None and stored.edited_at is not None:
        return message.edited_at > stored.edited_at
    if (message.edited_at is None) != (stored.edited_at is None):
        return message.edited_at is not None
    return pull >= stored.pull


def refresh(session: Session, conversation_id: int) -> None:
    """Compute anew what the list shows of a conversation."""
    utterances = messages.utterances(session, conversation_id)
    if utterances:
        read_at = conversations.read_at(session, conversation_id)
        conversations.summarise(session, conversation_id, summarise(utterances, read_at=read_at))
