"""What a person sees of a conversation: its messages with what happens to our replies, and what is around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter

from hub.channels import store as channels
from hub.channels.model import Channel
from hub.connector import Emoji
from hub.customers import store as customers
from hub.customers.model import Identity
from hub.errors import HubError
from hub.events import ConversationRead
from hub.inbox.act import Offer, latest, not_told_yet, offers
from hub.inbox.answerable import Answerable, find_answerable
from hub.inbox.emoji import kept
from hub.inbox.model import Conversation, Line, Message, ShownPost
from hub.inbox.store import conversations, messages, threads
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import Act, OutboxItem, State

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """One message on the page. `delivery` is what became of a reply written here; `is_context` marks others'.

    offers: the buttons at it. acts: what is being done to it or could not be done, newest first.
    """

    message: Message
    delivery: OutboxItem | None
    is_context: bool
    offers: tuple[Offer, ...] = ()
    acts: tuple[Act, ...] = ()

    def __hash__(self) -> int:
        # Pages keep what they made of it: all fields would be gone through for each message of each page.
        return hash(self.message.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A conversation as its page shows it, oldest message first. `earlier`: where older messages go on, if any.

    kept: the names of the pictures that can be shown for the emoji in it.
    """

    conversation: Conversation
    channel: Channel
    identity: Identity
    post: ShownPost | None
    utterances: tuple[Utterance, ...]
    answerable: Answerable
    earlier: int | None
    kept: frozenset[str] = frozenset()

    @property
    def line(self) -> Line:
        """The conversation as the list shows it."""
        return Line(
            conversation=self.conversation,
            name=self.identity.name,
            name_emoji=self.identity.emoji,
            handle=self.identity.handle,
            trust=self.identity.trust,
            channel_kind=self.channel.kind,
            channel_name=self.channel.name,
            post_title=self.post.title if self.post else "",
        )


def read_conversation(
    hub: Hub, session: Session, conversation: Conversation, *, before: int | None = None, target_id: int | None = None
) -> Reading:
    """Everything the page shows, in a handful of statements. `before`: the message id an earlier page ended at.

    target_id: the message to be answered, None for the newest of theirs. Raises Absent when it is not in there.
    """
    own = messages.of_conversation(session, conversation.id, before=before, limit=PAGE + 1)
    more, own = len(own) > PAGE, own[:PAGE]
    context = _context(session, conversation, own)
    deliveries = _deliveries(session, own)
    acts = _acts(session, conversation)
    newest = own if before is None else ()
    answerable = find_answerable(hub, session, conversation, target_id=target_id, newest=newest)
    channel = answerable.channel
    actions = {wanted: _actions(hub, session, wanted, channel) for wanted in {each.channel_id for each in own}}
    shown = sorted([*own, *context], key=attrgetter("created_at", "id"))
    identity = customers.identity(session, conversation.identity_id)
    post = threads.post_of(session, conversation.thread_id)
    now = hub.clock()
    return Reading(
        conversation=conversation,
        channel=channel,
        identity=identity,
        post=post,
        utterances=tuple(
            _utterance(
                message,
                None if message.conversation_id != conversation.id else actions[message.channel_id],
                deliveries.get(message.outbox_id or 0),
                acts.get((message.channel_id, message.remote_id or ""), ()),
                now,
            )
            for message in shown
        ),
        answerable=answerable,
        earlier=own[-1].id if more else None,
        kept=kept(session, [*identity.emoji, *(post.emoji if post else ()), *_emoji_of(shown)]),
    )


def _emoji_of(shown: Iterable[Message]) -> Iterator[Emoji]:
    for message in shown:
        yield from message.emoji
        yield from message.author_emoji


def _acts(session: Session, conversation: Conversation) -> Mapping[tuple[int, str], list[Act]]:
    """What was lately done in a conversation, by channel and message."""
    found: dict[tuple[int, str], list[Act]] = {}
    for act in outbox.acts_of_conversation(session, conversation.id):
        found.setdefault((act.channel_id, act.remote_id), []).append(act)
    return found


def _utterance(
    message: Message, actions: frozenset[str] | None, delivery: OutboxItem | None, acts: Sequence[Act], now: datetime
) -> Utterance:
    """actions: what its channel lets us do to a message, None for one of another conversation."""
    if delivery is None and not acts:
        return _untouched(message, actions)
    return Utterance(
        message=message,
        delivery=delivery,
        is_context=actions is None,
        offers=() if actions is None else offers(actions, message, not_told_yet(acts, now), delivery),
        acts=tuple(act for act in latest(acts).values() if act.state is not State.SENT),
    )


@lru_cache(maxsize=4096)
def _untouched(message: Message, actions: frozenset[str] | None) -> Utterance:
    """A message that nobody did anything to lately: made once for as long as it stays the same."""
    buttons = () if actions is None else offers(actions, message)
    return Utterance(message=message, delivery=None, is_context=actions is None, offers=buttons)


def _actions(hub: Hub, session: Session, channel_id: int, known: Channel) -> frozenset[str]:
    """What can be done on the channel of a message; nothing where it is signed out, or it or its plugin is gone."""
    try:
        channel = known if channel_id == known.id else channels.channel(session, channel_id)
        return frozenset() if channel.needs_a_person else hub.plugins.connector(channel.kind).features.actions
    except HubError:
        return frozenset()


def mark_read(hub: Hub, session: Session, conversation: Conversation) -> None:
    """Somebody of us looked: the unread mark goes, for everybody."""
    now: datetime = hub.clock()
    if conversation.unread and conversations.mark_read(session, conversation.id, now=now):
        log.append(
            session, ConversationRead(channel_id=conversation.channel_id, conversation_id=conversation.id), at=now
        )


def _context(session: Session, conversation: Conversation, own: list[Message]) -> list[Message]:
    parents = [message.parent_remote_id for message in own if message.parent_remote_id]
    ids = [message.remote_id for message in own if message.remote_id]
    if not (parents or ids):
        return []
    return messages.around(session, conversation.thread_id, conversation.id, parents=parents, own=ids)


def _deliveries(session: Session, own: list[Message]) -> Mapping[int, OutboxItem]:
    wanted = sorted({message.outbox_id for message in own if message.outbox_id})
    return {item.id: item for item in outbox.items(session, wanted)} if wanted else {}
