"""Turns a page from a connector into messages in conversations: at least once, in any order, to the same end.

Everything of one page, its cursor included, is written in one transaction, which the caller holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.channels import store as channels
from hub.channels.model import Channel
from hub.connector import Deleted, Incoming, Page, Post, Receipt
from hub.events import ConversationChanged, Event, MessageChanged, MessageReceived
from hub.inbox import readable
from hub.inbox.act import is_newer_than_told, sort_of
from hub.inbox.authors import Authors
from hub.inbox.emoji import Emojis
from hub.inbox.model import Direction, Origin
from hub.inbox.polls import write_poll
from hub.inbox.refresh import refresh_all
from hub.inbox.store import conversations, intake, replies, search, threads, tombs
from hub.inbox.store.intake import Known, Place
from hub.inbox.store.tombs import Tomb
from hub.inbox.threads import Threads
from hub.inbox.versions import is_back, is_firmer, is_newer, is_outdated
from hub.kernel import log
from hub.kernel.database import Session
from hub.outbox import store as outbox
from hub.outbox.model import OutboxItem
from hub.outbox.settle import settle_echo


@dataclass(slots=True, kw_only=True)
class Stored:
    """What a page changed: ids of new messages, of changed ones, and how many items could not be read.

    astray: how many of those came with nobody knows which delivery.
    """

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    buried: int = 0
    astray: int = 0


def store_page(session: Session, channel: Channel, page: Page, *, pull: int, now: datetime) -> Stored:
    """Store one page. `pull` is the number of the leased pull that brought it: later pulls know better."""
    # A page that is the end of one delivery, and does not go on, is of that one alone.
    only = page.deliveries[0] if len(page.deliveries) == 1 and not page.more else None
    taking = _Intake(session, channel, pull=pull, now=now, history=page.history, delivery=only)
    wanted = taking.readable(page.messages)
    deleted = [deletion for deletion in page.deleted if readable.is_id(deletion.remote_id)]
    taking.look_around(wanted, deleted)
    taking.take(wanted)
    taking.remove(deleted)
    taking.recount(page.posts)
    for skipped in page.skipped:
        reason = f"{skipped.field}: {skipped.reason}" if skipped.field else skipped.reason
        taking.bury(reason, skipped.raw, delivery=skipped.delivery)
    taking.finish()
    return taking.stored


class _Intake:
    """One page on its way into the store."""

    def __init__(
        self, session: Session, channel: Channel, *, pull: int, now: datetime, history: bool, delivery: int | None
    ) -> None:
        self.session = session
        self.channel = channel
        self.pull = pull
        self.now = now
        self.history = history
        self.delivery = delivery
        self.stored = Stored()
        self._threads = Threads(session, channel.id, now=now)
        self._emoji = Emojis(now)
        self._touched: set[int] = set()
        self._known: dict[str, Known] = {}
        self._added: set[str] = set()
        self._tombs: dict[str, Tomb] = {}
        self._copies: dict[str, OutboxItem] = {}
        self._authors = Authors(session, channel.id)
        self._events: list[Event] = []

    def readable(self, incoming: Iterable[Incoming]) -> list[Incoming]:
        """The messages that can be kept; the others go to the dead letters."""
        kept = []
        for message in incoming:
            reason = readable.refusal(message)
            if reason:
                self.bury(reason, intake.to_json(message.raw))
            else:
                kept.append(readable.tidied(message))
        return kept

    def look_around(self, wanted: Sequence[Incoming], deleted: Sequence[Deleted]) -> None:
        """Read in a few statements everything the store knows about what a page names."""
        ids = {message.remote_id for message in wanted} | {deletion.remote_id for deletion in deleted}
        named = {name for message in wanted for name in (message.parent_id, message.root_id) if name}
        self._adopt_arrived(ids | named)
        self._known = intake.known(self.session, self.channel.id, ids | named)
        self._tombs.update(tombs.tombs(self.session, self.channel.id, ids))
        if wanted:
            identity_ids = self._authors.prepare(message.author for message in wanted)
            self._threads.prepare(wanted, self._known, identity_ids)

    def take(self, wanted: Iterable[Incoming]) -> None:
        for message in wanted:
            stored = self._find(message.remote_id) or self._echo(message)
            if stored is None:
                self._add(message, copy_of=self._copies.get(message.remote_id))
            else:
                self._revise(stored, message)

    def remove(self, deleted: Iterable[Deleted]) -> None:
        for deletion in deleted:
            tomb = Tomb(deleted_at=min(deletion.at or self.now, self.now), deleted_by=deletion.by, pull=self.pull)
            stored = self._find(deletion.remote_id)
            if stored is not None:
                self._delete(stored, tomb)
                continue
            earlier = self._tombs.get(deletion.remote_id)
            if is_firmer(tomb, earlier.deleted_by if earlier else None):
                tombs.bury(self.session, self.channel.id, deletion.remote_id, tomb)
                self._tombs[deletion.remote_id] = tomb

    def recount(self, posts: Iterable[Post]) -> None:
        """Posts that we know and that were told anew; what hangs on them stays as it is."""
        for post in posts:
            if threads.is_known_post(self.session, self.channel.id, post.remote_id):
                threads.put_post(self.session, self.channel.id, post, now=self.now)

    def bury(self, reason: str, raw: str, *, delivery: int | None = None) -> None:
        of = self.delivery if delivery is None else delivery
        channels.bury(self.session, self.channel.id, reason=reason, raw=raw, at=self.now, delivery=of)
        self.stored.buried += 1
        self.stored.astray += of is None

    def finish(self) -> None:
        """Tell what happened, and bring up to date what the list shows of every conversation this page touched."""
        log.append_all(self.session, self._events, at=self.now)
        search.enqueue(self.session, {*self.stored.new, *self.stored.changed})
        self._authors.finish()
        refresh_all(self.session, self._touched | self._threads.touched)
        self._emoji.finish(self.session)

    def _adopt_arrived(self, remote_ids: set[str]) -> None:
        """Replies of ours whose proof of arrival came since the last page get their ids at the network."""
        for outbox_id in replies.proved(self.session, self.channel.id, remote_ids):
            self._adopt(outbox_id)

    def _adopt(self, outbox_id: int) -> None:
        plan = outbox.item(self.session, outbox_id).plan
        adopted = replies.adopt(self.session, outbox_id, [part.text for part in plan.parts] if plan else [])
        for each in adopted:
            self._threads.join_early_answers(each)
        if not adopted:
            return
        ids = [each.remote_id for each in adopted]
        self._known.update(intake.known(self.session, self.channel.id, ids))
        self._tombs.update(tombs.tombs(self.session, self.channel.id, ids))
        for remote_id in ids:
            self._apply_tomb(self._known[remote_id])

    def _find(self, remote_id: str) -> Known | None:
        """A stored message; one that this page brought itself is read when the page tells it again."""
        if remote_id in self._added:
            self._known.update(intake.known(self.session, self.channel.id, [remote_id]))
            self._added.discard(remote_id)
        return self._known.get(remote_id)

    def _echo(self, message: Incoming) -> Known | None:
        """The message written here that this one is the echo of; its outbox item has thereby arrived."""
        if not message.author.is_us:
            return None
        receipt = Receipt(
            remote_id=message.remote_id,
            at=message.created_at,
            permalink=message.permalink,
            revision=message.revision,
        )
        outbox_id = settle_echo(
            self.session,
            channel_id=self.channel.id,
            receipt=receipt,
            reserved=message.correlation,
            parent=message.parent_id,
            text=message.text,
            now=self.now,
        )
        if outbox_id is None:
            return None
        self._adopt(outbox_id)
        adopted = self._known.get(message.remote_id)
        if adopted is None:
            # It stands there twice: it had arrived when somebody had it sent again.
            self._copies[message.remote_id] = outbox.item(self.session, outbox_id)
        return adopted

    def _add(self, message: Incoming, *, copy_of: OutboxItem | None) -> None:
        thread_id = self._threads.place(message)
        identity_id = self._authors.meet(message)
        conversation_id = self._conversation(message, thread_id, identity_id)
        tomb = self._dig_up(message.remote_id)
        place = Place(
            channel_id=self.channel.id,
            thread_id=thread_id,
            conversation_id=conversation_id,
            identity_id=identity_id,
            pull=self.pull,
            received_at=self.now,
            history=self.history,
            tomb=tomb,
            copy_of=copy_of,
        )
        message_id = intake.add(self.session, message, place)
        self._added.add(message.remote_id)
        self._emoji.meet(message, conversation_id)
        self._threads.note(message, message_id, thread_id, conversation_id)
        self._note_new(message, message_id, conversation_id)

    def _dig_up(self, remote_id: str) -> Tomb | None:
        """The deletion that came before this message, where it still counts."""
        tomb = self._tombs.pop(remote_id, None)
        if tomb is None:
            return None
        tombs.unbury(self.session, self.channel.id, remote_id)
        return None if is_back(tomb, pull=self.pull) else tomb

    def _conversation(self, message: Incoming, thread_id: int, identity_id: int) -> int | None:
        if message.author.is_us:
            return self._threads.conversation_of(message.parent_id)
        if not message.addressed:
            return None
        known = self._threads.conversation_with(thread_id, identity_id)
        if known is not None:
            return known
        opened = conversations.open_conversation(
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
        self._threads.note_conversation(thread_id, identity_id, opened)
        return opened

    def _revise(self, stored: Known, message: Incoming) -> None:
        """A message we have was told again: take over what is new in it."""
        told = stored
        if told.is_unseen:
            told = self._confirm(told, message)
        if is_newer(told, message, pull=self.pull) and not self._is_outdated(told, message):
            self._authors.meet(message)
            self._emoji.meet(message, told.conversation_id)
            intake.revise(self.session, told, message, pull=self.pull, now=self.now)
            told = replace(told, revision=message.revision, edited_at=message.edited_at, pull=self.pull)
        told = self._note_done(self._address(self._revive(told), message), message)
        if told is not stored:
            self._known[message.remote_id] = told
            self._note_change(told)
        self._count_anew(told, message)

    def _is_outdated(self, stored: Known, message: Incoming) -> bool:
        """Whether it is from before what we changed at a message of ours ourselves."""
        if stored.origin is not Origin.HUB:
            return False
        ours = outbox.last_edit(self.session, self.channel.id, stored.remote_id)
        if ours is None:
            return False
        return is_outdated(message, ours, intake.replaced(self.session, stored.id), now=self.now)

    def _confirm(self, stored: Known, message: Incoming) -> Known:
        identity_id = self._authors.meet(message)
        self._emoji.meet(message, stored.conversation_id)
        intake.confirm(self.session, stored.id, message, identity_id=identity_id, pull=self.pull)
        # An edit that was made before the first sight is still an edit of what we wrote.
        revision = message.revision if message.edited_at is None else ""
        return replace(stored, revision=revision, pull=self.pull, identity_id=identity_id)

    def _revive(self, stored: Known) -> Known:
        deletion = stored.deletion
        if deletion is None or not is_back(deletion, pull=self.pull):
            return stored
        intake.revive(self.session, stored.id, pull=self.pull)
        return replace(stored, deleted_at=None, deleted_by=None, pull=self.pull)

    def _address(self, stored: Known, message: Incoming) -> Known:
        """What was stored as context turns out to be meant for us."""
        if stored.addressed or not message.addressed or stored.direction is Direction.OUT:
            return stored
        identity_id = self._authors.meet(message)
        thread_id = self._threads.thread_of(message.remote_id) or stored.thread_id
        conversation_id = self._conversation(message, thread_id, identity_id)
        assert conversation_id is not None
        intake.address(
            self.session,
            stored.id,
            message,
            conversation_id=conversation_id,
            now=self.now,
            history=self.history,
        )
        self._threads.note(message, stored.id, thread_id, conversation_id)
        self._note_new(message, stored.id, conversation_id)
        return replace(stored, addressed=True, conversation_id=conversation_id)

    def _note_done(self, stored: Known, message: Incoming) -> Known:
        """What was done, or taken back, in the network's own app; what it does not name stays as it was."""
        done = tuple(sorted({*stored.done, *message.done} - self._taken_back(stored, message)))
        if done == stored.done:
            return stored
        intake.set_done(self.session, stored.id, done)
        return replace(stored, done=done)

    def _count_anew(self, stored: Known, message: Incoming) -> None:
        """How a poll stands now. Nobody said anything: it is no edit, not unread, and stops nobody who is answering."""
        poll = write_poll(message.poll)
        if poll is None or poll == stored.poll or self.pull < stored.pull:
            return
        intake.count_anew(self.session, stored.id, poll, now=self.now)
        self._known[stored.remote_id] = replace(stored, poll=poll)
        conversation_id = self._threads.conversation_of(stored.remote_id) or stored.conversation_id
        if conversation_id is None:
            return
        self._events.append(ConversationChanged(channel_id=self.channel.id, conversation_id=conversation_id))

    def _taken_back(self, stored: Known, message: Incoming) -> set[str]:
        """Of what we knew as done what the network tells as not done; its page may be from before what we just did."""
        told = set(message.undone) & set(stored.done)
        acts = outbox.acts_of_conversation(self.session, stored.conversation_id or 0) if told else []
        here = (self.channel.id, stored.remote_id)
        of_it = [act for act in acts if (act.channel_id, act.remote_id) == here]
        return told - {sort_of(act.name) for act in of_it if is_newer_than_told(act, self.now)}

    def _delete(self, stored: Known, tomb: Tomb) -> None:
        if not is_firmer(tomb, stored.deleted_by):
            return
        intake.delete(self.session, stored.id, tomb)
        told = replace(stored, deleted_at=tomb.deleted_at, deleted_by=tomb.deleted_by, pull=tomb.pull)
        self._known[stored.remote_id] = told
        self._note_change(told)

    def _apply_tomb(self, stored: Known) -> None:
        tomb = self._dig_up(stored.remote_id)
        if tomb is not None:
            self._delete(stored, tomb)

    def _note_new(self, message: Incoming, message_id: int, conversation_id: int | None) -> None:
        self.stored.new.append(message_id)
        self._touch(conversation_id)
        self._events.append(
            MessageReceived(
                channel_id=self.channel.id,
                conversation_id=conversation_id,
                message_id=message_id,
                direction="out" if message.author.is_us else "in",
                history=self.history,
            )
        )

    def _note_change(self, stored: Known) -> None:
        conversation_id = self._threads.conversation_of(stored.remote_id) or stored.conversation_id
        self.stored.changed.append(stored.id)
        self._touch(conversation_id)
        self._events.append(
            MessageChanged(channel_id=self.channel.id, conversation_id=conversation_id, message_id=stored.id)
        )

    def _touch(self, conversation_id: int | None) -> None:
        if conversation_id is not None:
            self._touched.add(conversation_id)
