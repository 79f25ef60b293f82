"""Brings messages up to date with what was done to them at their network: liked, changed, deleted."""

from __future__ import annotations

from datetime import datetime

from hub.channels import store as channels
from hub.connector import DeletedBy
from hub.errors import HubError
from hub.events import MessageChanged
from hub.inbox.act import UNDONE_BY, sort_of
from hub.inbox.store import intake, search
from hub.inbox.store.intake import Known
from hub.inbox.store.tombs import Tomb
from hub.inbox.versions import is_firmer
from hub.kernel import log
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.outbox import store as outbox
from hub.outbox.model import Act, State

_UNDOING = {undoing: name for name, undoing in UNDONE_BY.items()}


def note_done(hub: Hub, session: Session, act: Act) -> int | None:
    """Write down what a settled action did; returns the conversation it changed. Safe to call twice."""
    if act.state is not State.SENT:
        return None
    message = intake.known(session, act.channel_id, [act.remote_id]).get(act.remote_id)
    if message is None or not _is_last(session, act, message) or not _apply(hub, session, act, message, hub.clock()):
        return None
    event = MessageChanged(channel_id=act.channel_id, conversation_id=message.conversation_id, message_id=message.id)
    log.append(session, event, at=hub.clock())
    search.enqueue(session, [message.id])
    return message.conversation_id


def _apply(hub: Hub, session: Session, act: Act, message: Known, now: datetime) -> bool:
    if act.name in UNDONE_BY:
        intake.set_done(session, message.id, {*message.done, act.name})
    elif act.name in _UNDOING:
        intake.set_done(session, message.id, set(message.done) - {_UNDOING[act.name]})
    elif act.name == "delete":
        return _delete(session, message, now)
    elif act.name == "edit":
        return _edit(hub, session, act, message, now)
    else:
        return False  # what a moderator decided the network tells by itself
    return True


def _delete(session: Session, message: Known, now: datetime) -> bool:
    tomb = Tomb(deleted_at=now, deleted_by=DeletedBy.AUTHOR, pull=message.pull)
    if not is_firmer(tomb, message.deleted_by):
        return False
    intake.delete(session, message.id, tomb)
    return True


def _edit(hub: Hub, session: Session, act: Act, message: Known, now: datetime) -> bool:
    ours = outbox.last_edit(session, act.channel_id, act.remote_id)
    if ours is not None and message.edited_at is not None and message.edited_at >= ours.begun_at:
        return False  # the network told of it, or of what came after it, before we came to write it down
    text = outbox.item(session, act.id).request.text
    edited_at = None if _tells_edits(hub, session, act.channel_id) else now
    intake.change_text(session, message, text, edited_at=edited_at, now=now)
    return True


def _tells_edits(hub: Hub, session: Session, channel_id: int) -> bool:
    try:
        return hub.plugins.connector(channels.channel(session, channel_id).kind).features.edits
    except HubError:  # the channel or its plugin is gone, and with it whoever would tell
        return False


def _is_last(session: Session, act: Act, message: Known) -> bool:
    """Whether nothing of the same sort was done since: another worker may be ahead of us in the log."""
    acts = outbox.acts_of_conversation(session, message.conversation_id or 0)
    same = [
        each.id
        for each in acts
        if each.state is State.SENT
        and (each.channel_id, each.remote_id) == (act.channel_id, act.remote_id)
        and sort_of(each.name) == sort_of(act.name)
    ]
    return not same or max(same) <= act.id
