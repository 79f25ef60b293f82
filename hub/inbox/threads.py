"""Where a message hangs: in the thread of its root, of its parent, or for now in one named after the unknown parent.

Parents may come late. When one turns out to hang elsewhere, the threads become one, and what the same identity said in
both becomes one conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.connector import Incoming
from hub.inbox.model import Direction
from hub.inbox.store import conversations, messages, threads
from hub.inbox.store.messages import Child
from hub.kernel.database import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """Where a message that others may answer stands."""

    thread_id: int
    conversation_id: int | None


class Threads:
    """Places the messages of one page. `touched` are the conversations whose messages it moved."""

    def __init__(self, session: Session, channel_id: int) -> None:
        self.session = session
        self.channel_id = channel_id
        self.touched: set[int] = set()
        self._spots: dict[str, _Spot] = {}
        self._children: dict[str, list[Child]] = {}
        self._rooted: dict[str, int] = {}
        self._opened: dict[str, int] = {}
        self._posts: dict[str, int] = {}

    def adopt_receipts(self) -> None:
        """Messages written here got their ids: answers that came before them join their thread."""
        for written in messages.adopt_receipts(self.session, self.channel_id):
            early = threads.find_thread(self.session, self.channel_id, written.remote_id)
            if early is not None and early != written.thread_id:
                self._join(early, written.thread_id)

    def prepare(self, incoming: Sequence[Incoming]) -> None:
        """Read in a few statements what the store knows around these messages."""
        ids = [message.remote_id for message in incoming]
        parents = [message.parent_id for message in incoming if message.parent_id]
        for remote_id, known in messages.known(self.session, self.channel_id, [*ids, *parents]).items():
            self._spots[remote_id] = _Spot(thread_id=known.thread_id, conversation_id=known.conversation_id)
        for child in messages.children(self.session, self.channel_id, ids):
            self._children.setdefault(child.parent_remote_id, []).append(child)
        self._rooted = threads.rooted_in(self.session, self.channel_id, ids)

    def place(self, message: Incoming) -> int:
        """The thread of a new message, joined with the one its early answers were put into."""
        thread_id = self._thread_of(message)
        early = self._rooted.get(message.remote_id) or self._opened.get(message.remote_id)
        if early is not None and early != thread_id:
            self._join(early, thread_id)
        return thread_id

    def conversation_of(self, remote_id: str | None) -> int | None:
        """The conversation a stored message belongs to; None when it is unknown yet or only context."""
        spot = self._spots.get(remote_id) if remote_id else None
        return spot.conversation_id if spot else None

    def note(self, message: Incoming, message_id: int, thread_id: int, conversation_id: int | None) -> None:
        """A message was stored: answers of ours that came before it join its conversation."""
        self._spots[message.remote_id] = _Spot(thread_id=thread_id, conversation_id=conversation_id)
        if message.parent_id:
            self._children.setdefault(message.parent_id, []).append(
                Child(
                    id=message_id,
                    remote_id=message.remote_id,
                    parent_remote_id=message.parent_id,
                    conversation_id=conversation_id,
                    direction=Direction.OUT if message.author.is_us else Direction.IN,
                )
            )
        if conversation_id is not None:
            self._adopt(message.remote_id, conversation_id)

    def _adopt(self, remote_id: str, conversation_id: int) -> None:
        waiting = [remote_id]
        while waiting:
            for child in self._answers(waiting.pop()):
                if child.direction is Direction.OUT and child.conversation_id is None:
                    messages.set_conversation(self.session, child.id, conversation_id)
                    self.touched.add(conversation_id)
                    if child.remote_id:
                        waiting.append(child.remote_id)
                        spot = self._spots.get(child.remote_id)
                        if spot:
                            self._spots[child.remote_id] = _Spot(
                                thread_id=spot.thread_id, conversation_id=conversation_id
                            )

    def _answers(self, remote_id: str) -> list[Child]:
        if remote_id not in self._children:
            self._children[remote_id] = messages.children(self.session, self.channel_id, [remote_id])
        return self._children[remote_id]

    def _thread_of(self, message: Incoming) -> int:
        post_id = self._post(message)
        if message.root_id:
            return self._open(message.root_id, post_id)
        parent = self._spots.get(message.parent_id) if message.parent_id else None
        if parent is not None:
            return parent.thread_id
        return self._open(message.parent_id or message.remote_id, post_id)

    def _open(self, root: str, post_id: int | None) -> int:
        # A root that is itself an answer we know stands for the thread that answer is in.
        spot = self._spots.get(root)
        if spot is not None:
            return spot.thread_id
        if root not in self._opened:
            self._opened[root] = threads.open_thread(self.session, self.channel_id, root, post_id=post_id)
        return self._opened[root]

    def _post(self, message: Incoming) -> int | None:
        if message.post is None:
            return None
        remote_id = message.post.remote_id
        if remote_id not in self._posts:
            self._posts[remote_id] = threads.put_post(self.session, self.channel_id, message.post)
        return self._posts[remote_id]

    def _join(self, from_id: int, into_id: int) -> None:
        """Make two threads one: messages move, conversations of the same identity become one."""
        kept = conversations.of_thread(self.session, into_id)
        for identity_id, conversation_id in conversations.of_thread(self.session, from_id).items():
            into = kept.get(identity_id)
            if into is not None:
                messages.move_conversation(self.session, from_id=conversation_id, into_id=into)
                conversations.merge(self.session, from_id=conversation_id, into_id=into, thread_id=into_id)
                self._replace(conversation_id, into)
                self.touched.add(into)
        messages.move_thread(self.session, from_id=from_id, into_id=into_id)
        conversations.move_thread(self.session, from_id=from_id, into_id=into_id)
        threads.remove_thread(self.session, from_id, into_id=into_id)
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
        self._rooted = {root: known for root, known in self._rooted.items() if known != thread_id}
