"""Does something to a message at its network that is not a reply: likes a post, approves a comment, changes or deletes
what we said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from hub.channels import store as channels
from hub.connector import Features, Measure, Moderation, Outgoing
from hub.errors import Absent, Conflict, Invalid
from hub.events import ReplyQueued
from hub.inbox.model import Direction, Message, Origin
from hub.inbox.store import messages
from hub.inbox.target import target_of
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import Act, OutboxItem, State

UNDONE_BY = {"like": "unlike", "boost": "unboost", "bookmark": "unbookmark", "hide": "unhide"}
"""What can be on or off."""

_UNDOES = {undoing: name for name, undoing in UNDONE_BY.items()}
_MODERATION: dict[Moderation, tuple[str, ...]] = {
    Moderation.HELD: ("approve", "spam", "trash"),
    Moderation.APPROVED: ("hold", "spam", "trash"),
    Moderation.SPAM: ("approve", "trash"),
    Moderation.TRASH: ("restore",),
}
_ON_OUR_OWN = ("edit", "delete")
_ORDER = tuple(UNDONE_BY)
_LATELY = timedelta(minutes=2)
_ALL_MODERATION = frozenset(name for names in _MODERATION.values() for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody wants done. `client_key` names one press of the button: pressed twice, it counts once.

    text: the new text, for `edit`.
    """

    message_id: int
    name: str
    agent_id: int
    client_key: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A button at a message: pressing it does `name`.

    is_pressed: None for what is simply done; for what can be on or off whether it is on. is_busy: the network has not
    said yet that it is done.
    """

    name: str
    is_pressed: bool | None = None
    is_busy: bool = False

    @property
    def label(self) -> str:
        """What the button is called; the same whether it is on or off."""
        return _UNDOES.get(self.name, self.name)


def allowed(features: Features, message: Message) -> tuple[str, ...]:
    """What may be done to a message, as its connector declares and its moderation allows."""
    return _names(features.actions, message)


def _names(actions: frozenset[str], message: Message) -> tuple[str, ...]:
    if message.deleted_at is not None or message.remote_id is None:
        return ()
    taken = actions - set(message.reply.impossible)
    if message.direction is Direction.OUT:
        return tuple(name for name in _ON_OUR_OWN if name in taken and _is_possible(name, message))
    moderating = _MODERATION.get(message.moderation, ()) if message.moderation else ()
    others = sorted(taken - _ALL_MODERATION - set(_ON_OUR_OWN), key=_place)
    return (*(name for name in moderating if name in taken), *others)


def offers(
    actions: frozenset[str],
    message: Message,
    acts: Mapping[str, Act] = MappingProxyType({}),
    delivery: OutboxItem | None = None,
) -> tuple[Offer, ...]:
    """The buttons at a message. `acts`: what was done to it and not told back yet, by its sort."""
    names = _names(actions, message)
    if delivery is not None and len(delivery.parts) > 1:
        # What went out in several posts cannot be changed in one.
        names = tuple(name for name in names if name != "edit")
    found = [_offer(name, names, message, acts) for name in names if name not in _UNDOES]
    return tuple(offer for offer in found if offer is not None)


def _place(name: str) -> tuple[int, str]:
    """The buttons stand in the same order on every network."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def latest(acts: Sequence[Act]) -> dict[str, Act]:
    """The newest of each sort: a like that failed says nothing any more once it was tried again."""
    found: dict[str, Act] = {}
    for act in acts:
        found.setdefault(sort_of(act.name), act)
    return found


def not_told_yet(acts: Sequence[Act], now: datetime) -> dict[str, Act]:
    """Those of the newest of each sort that the network may not have told us back."""
    return {sort: act for sort, act in latest(acts).items() if is_newer_than_told(act, now)}


def is_newer_than_told(act: Act, now: datetime) -> bool:
    """Whether an action is under way, or was done so lately that what the network last told may be from before it."""
    return act.is_under_way or (act.state is State.SENT and act.due_at > now - _LATELY)


def sort_of(name: str) -> str:
    """What takes the place of what: an unlike of a like, a decision on a comment of the one before."""
    return "moderation" if name in _ALL_MODERATION else _UNDOES.get(name, name)


def queue_deed(hub: Hub, deed: Deed) -> int:
    """Queue it and return its outbox id. Raises Invalid for what is not offered or a text the network would not take,
    Conflict while the channel waits to be signed in or corrected, Absent for an unknown message."""
    with hub.database.transaction() as session:
        pressed = outbox.by_client_key(session, deed.client_key)
        if pressed is not None:
            return pressed.id
        message = messages.message(session, deed.message_id)
        if message is None or message.conversation_id is None:
            raise Absent("no such message", message_id=deed.message_id)
        channel = channels.channel(session, message.channel_id)
        if deed.name not in allowed(hub.plugins.connector(channel.kind).features, message):
            raise Invalid("act", "not_a_choice")
        if channel.needs_a_person:
            # It would wait unseen until somebody does so, and then happen when nobody thinks of it any more.
            raise Conflict("nothing is done through this channel now", reason=channel.state.value)
        wanted = _requests(hub, session, message, deed)
        waiting = _waiting(session, message, deed) if deed.name != "edit" else None
        if waiting is not None:
            return waiting.id
        return [_add(hub, session, message, deed, request, number) for number, request in enumerate(wanted)][-1]


def measure_change(hub: Hub, session: Session, message: Message, text: str) -> Measure:
    """Count a new text for a message of ours; what would become several posts is too long for one."""
    channel = channels.channel(session, message.channel_id)
    changed = Outgoing(
        text=text.replace("\r\n", "\n").strip(),
        target=target_of(session, message),
        visibility=message.visibility,
        content_warning=message.content_warning,
    )
    found = hub.plugins.connector(channel.kind).measure(changed, channel.limits)
    return replace(found, parts=1, texts=(), errors=("too_long",)) if found.parts > 1 else found


def _offer(name: str, names: tuple[str, ...], message: Message, last: Mapping[str, Act]) -> Offer | None:
    act = last.get(sort_of(name))
    is_busy = act is not None and act.is_under_way and (act.name == name or name in UNDONE_BY)
    if name not in UNDONE_BY:
        return Offer(name=name, is_busy=is_busy)
    is_on = name in message.done
    if act is not None:
        is_on = act.name == name
    undoing = UNDONE_BY[name]
    if is_on and undoing not in names:
        return Offer(name=name, is_pressed=True, is_busy=is_busy)
    return Offer(name=undoing if is_on else name, is_pressed=is_on, is_busy=is_busy)


def _is_possible(name: str, message: Message) -> bool:
    return name == "delete" or message.origin is Origin.HUB


def _waiting(session: Session, message: Message, deed: Deed) -> Act | None:
    """The same thing on its way already: whoever presses again, and on whichever page, has it done once."""
    acts = outbox.acts_of_conversation(session, message.conversation_id or 0)
    of_message = [act for act in acts if (act.channel_id, act.remote_id) == (message.channel_id, message.remote_id)]
    last = latest(of_message).get(sort_of(deed.name))
    return last if last is not None and last.is_under_way and last.name == deed.name else None


def _requests(hub: Hub, session: Session, message: Message, deed: Deed) -> list[Outgoing]:
    """What goes to the network: one request, or for a reply in several posts one for each, the last post first."""
    target = target_of(session, message)
    whole = Outgoing(text=deed.text.replace("\r\n", "\n").strip(), target=target, visibility=message.visibility)
    if deed.name == "edit":
        _demand_fit(hub, session, message, whole.text)
    if deed.name != "delete" or message.outbox_id is None:
        return [whole]
    receipts = [receipt for receipt in outbox.item(session, message.outbox_id).parts if receipt is not None]
    further = [receipt for receipt in receipts if receipt.remote_id != message.remote_id]
    parts = [
        replace(target, remote_id=receipt.remote_id, permalink=receipt.permalink, revision=receipt.revision, raw={})
        for receipt in reversed(further)
    ]
    return [*(replace(whole, target=part) for part in parts), whole]


def _demand_fit(hub: Hub, session: Session, message: Message, text: str) -> None:
    if message.outbox_id is not None and len(outbox.item(session, message.outbox_id).parts) > 1:
        raise Conflict("it went out in several posts", reason="several_posts")
    if not text:
        raise Invalid("text", "empty")
    found = measure_change(hub, session, message, text)
    if found.errors:
        raise Invalid("text", found.errors[0])


def _add(hub: Hub, session: Session, message: Message, deed: Deed, request: Outgoing, number: int) -> int:
    now = hub.clock()
    outbox_id = outbox.add(
        session,
        channel_id=message.channel_id,
        conversation_id=message.conversation_id,
        agent_id=deed.agent_id,
        key=hub.token(),
        client_key=deed.client_key if request.target.remote_id == message.remote_id else f"{deed.client_key}:{number}",
        request=request,
        act=deed.name,
        due_at=now,
        now=now,
    )
    event = ReplyQueued(
        channel_id=message.channel_id, conversation_id=message.conversation_id or 0, outbox_id=outbox_id
    )
    log.append(session, event, at=now)
    return outbox_id
