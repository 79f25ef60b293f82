"""Where a message hangs: in the thread of its root, of its parent, or for now in one named after the unknown parent.

Parents may come late. When one turns out to hang elsewhere, the threads become one, and what the same identity said in
both becomes one conversation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.connector import Incoming, Post
from hub.inbox.model import Direction
from hub.inbox.store import conversations, intake, threads
from hub.inbox.store.intake import Child, Known
from hub.inbox.store.replies import Adopted
from hub.kernel.database import Session
from hub.outbox import store as outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """Where a message that others may answer stands."""

    thread_id: int
    conversation_id: int | None


class Threads:
    """Places the messages of one page. `touched` are the conversations whose messages it moved."""

    def __init__(self, session: Session, channel_id: int, *, now: datetime) -> None:
        self.session = session
        self._at = now
        self.channel_id = channel_id
        self.touched: set[int] = set()
        self._spots: dict[str, _Spot] = {}
        self._children: dict[str, list[Child]] = {}
        self._rooted: dict[str, int] = {}
        self._opened: dict[str, int] = {}
        self._posts: dict[str, int] = {}
        self._joined: dict[int, int] = {}
        self._conversations: dict[tuple[int, int], int] = {}
        self._hung: set[tuple[int, str]] = set()

    def join_early_answers(self, adopted: Adopted) -> None:
        """A message written here got its id: answers that came before it join its thread."""
        early = threads.rooted_in(self.session, self.channel_id, [adopted.remote_id]).get(adopted.remote_id)
        if early is not None and early != adopted.thread_id:
            self._join(early, adopted.thread_id)
        self._spots[adopted.remote_id] = _Spot(thread_id=adopted.thread_id, conversation_id=adopted.conversation_id)
        if adopted.conversation_id is not None:
            self._adopt(adopted.remote_id, adopted.conversation_id)

    def prepare(self, incoming: Sequence[Incoming], around: Mapping[str, Known], identity_ids: Sequence[int]) -> None:
        """Read in a few statements what the store knows around these intake. `around`: those they name.

        identity_ids: the authors that are known.
        """
        ids = [message.remote_id for message in incoming]
        for remote_id, known in around.items():
            self._spots[remote_id] = _Spot(thread_id=known.thread_id, conversation_id=known.conversation_id)
        self._children.update({remote_id: [] for remote_id in ids})
        for child in intake.children(self.session, self.channel_id, ids):
            self._children[child.parent_remote_id].append(child)
        roots = {_root(message) for message in incoming}
        known_threads = threads.rooted_in(self.session, self.channel_id, [*roots.union(ids)])
        self._rooted = {root: thread_id for root, thread_id in known_threads.items() if root in self._children}
        self._opened = {root: thread_id for root, thread_id in known_threads.items() if root in roots}
        thread_ids = {*known_threads.values(), *(spot.thread_id for spot in self._spots.values())}
        if thread_ids and identity_ids:
            self._conversations = conversations.between(self.session, thread_ids, identity_ids)

    def place(self, message: Incoming) -> int:
        """The thread of a new message: that of its root, joined with those of its parent and its early answers."""
        thread_id = self._open(_root(message))
        for other in self._other_threads(message):
            if self._now(other) != thread_id:
                self._join(self._now(other), thread_id)
        if message.post is not None:
            self._hang(thread_id, message.post)
        return thread_id

    def _other_threads(self, message: Incoming) -> list[int]:
        """Where else a message belongs, by what came before it."""
        parent = self._spots.get(message.parent_id) if message.parent_id else None
        named = self._rooted.get(message.remote_id) or self._opened.get(message.remote_id)
        answers = [child.thread_id for child in self._children.get(message.remote_id, ())]
        return [*([parent.thread_id] if parent else []), *([named] if named else []), *answers]

    def _now(self, thread_id: int) -> int:
        """The thread that a thread went into."""
        while thread_id in self._joined:
            thread_id = self._joined[thread_id]
        return thread_id

    def conversation_of(self, remote_id: str | None) -> int | None:
        """The conversation a stored message belongs to; None when it is unknown yet or only context."""
        spot = self._spots.get(remote_id) if remote_id else None
        return spot.conversation_id if spot else None

    def conversation_with(self, thread_id: int, identity_id: int) -> int | None:
        """The conversation of an identity in a thread, where this page has come across it."""
        return self._conversations.get((thread_id, identity_id))

    def note_conversation(self, thread_id: int, identity_id: int, conversation_id: int) -> None:
        self._conversations[thread_id, identity_id] = conversation_id

    def thread_of(self, remote_id: str) -> int | None:
        """The thread a message stands in, when this page asked for it."""
        spot = self._spots.get(remote_id)
        return spot.thread_id if spot else None

    def note(self, message: Incoming, message_id: int, thread_id: int, conversation_id: int | None) -> None:
        """A message was stored: answers of ours that came before it join its conversation."""
        self._spots[message.remote_id] = _Spot(thread_id=thread_id, conversation_id=conversation_id)
        if message.parent_id in self._children:
            self._children[message.parent_id].append(
                Child(
                    id=message_id,
                    remote_id=message.remote_id,
                    parent_remote_id=message.parent_id,
                    thread_id=thread_id,
                    conversation_id=conversation_id,
                    direction=Direction.OUT if message.author.is_us else Direction.IN,
                )
            )
        if conversation_id is not None:
            self._adopt(message.remote_id, conversation_id)

    def _adopt(self, remote_id: str, conversation_id: int) -> None:
        """Take our answers to a message, our answers to those and so on into its conversation."""
        waiting = [remote_id]
        while waiting:
            for child in self._unadopted(waiting.pop()):
                intake.set_conversation(self.session, child.id, conversation_id)
                self.touched.add(conversation_id)
                if child.remote_id:
                    waiting.append(child.remote_id)
                    self._respot(child.remote_id, conversation_id)

    def _unadopted(self, remote_id: str) -> list[Child]:
        """Answers of ours that belong to no conversation yet; the caller gives them one."""
        if remote_id not in self._children:
            self._children[remote_id] = intake.children(self.session, self.channel_id, [remote_id])
        answers = self._children[remote_id]
        waiting = [child for child in answers if child.direction is Direction.OUT and child.conversation_id is None]
        self._children[remote_id] = [child for child in answers if child not in waiting]
        return waiting

    def _respot(self, remote_id: str, conversation_id: int) -> None:
        spot = self._spots.get(remote_id)
        if spot is not None:
            self._spots[remote_id] = _Spot(thread_id=spot.thread_id, conversation_id=conversation_id)

    def _open(self, root: str) -> int:
        # A root that is itself an answer we know stands for the thread that answer is in.
        spot = self._spots.get(root)
        if spot is not None:
            return spot.thread_id
        if root not in self._opened:
            self._opened[root] = threads.open_thread(self.session, self.channel_id, root)
        return self._opened[root]

    def _hang(self, thread_id: int, post: Post) -> None:
        """Say on which post a thread hangs, once a page."""
        if (thread_id, post.remote_id) in self._hung:
            return
        if post.remote_id not in self._posts:
            self._posts[post.remote_id] = threads.put_post(self.session, self.channel_id, post, now=self._at)
        threads.hang(self.session, thread_id, self._posts[post.remote_id])
        self._hung.add((thread_id, post.remote_id))

    def _join(self, from_id: int, into_id: int) -> None:
        """Make two threads one: messages move, conversations of the same identity become one."""
        kept = conversations.of_thread(self.session, into_id)
        for identity_id, conversation_id in conversations.of_thread(self.session, from_id).items():
            into = kept.get(identity_id)
            if into is not None:
                intake.move_conversation(self.session, from_id=conversation_id, into_id=into)
                outbox.move_conversation(self.session, from_id=conversation_id, into_id=into)
                conversations.merge(self.session, from_id=conversation_id, into_id=into, thread_id=into_id)
                self._replace(conversation_id, into)
                self.touched.add(into)
        intake.move_thread(self.session, from_id=from_id, into_id=into_id)
        conversations.move_thread(self.session, from_id=from_id, into_id=into_id)
        threads.merge(self.session, from_id=from_id, into_id=into_id)
        self._joined[from_id] = into_id
        self._conversations.clear()
        self._forget(from_id, into_id)

    def _replace(self, conversation_id: int, into: int) -> None:
        for remote_id, spot in self._spots.items():
            if spot.conversation_id == conversation_id:
                self._spots[remote_id] = _Spot(thread_id=spot.thread_id, conversation_id=into)

    def _forget(self, thread_id: int, into_id: int) -> None:
        for remote_id, spot in self._spots.items():
            if spot.thread_id == thread_id:
                self._spots[remote_id] = _Spot(thread_id=into_id, conversation_id=spot.conversation_id)
        self._opened = {root: into_id if known == thread_id else known for root, known in self._opened.items()}
        self._rooted = {root: into_id if known == thread_id else known for root, known in self._rooted.items()}


def _root(message: Incoming) -> str:
    """What names the thread of a message."""
    return message.root_id or message.parent_id or message.remote_id
