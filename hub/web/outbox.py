"""The outbox: replies that did not arrive, may not have arrived, are held back or wait, and what can be done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.channels import store as channels
from hub.channels.connect import error_of
from hub.channels.model import Channel, ChannelState
from hub.errors import Conflict
from hub.inbox.undo import cancel_reply
from hub.kernel.database import Session
from hub.kernel.texts import Wording, describe, describe_stored, mark
from hub.outbox import decide, store
from hub.outbox.model import OutboxItem, State
from hub.people.authorize import Action, authorize, visible_teams
from hub.people.store import agents
from hub.web.access import may
from hub.web.forms import read_form, row_id
from hub.web.notices import NOTICES
from hub.web.security import safe_next
from hub.web.session import actor
from hub.web.site import the_hub

blueprint = Blueprint("outbox", __name__, url_prefix="/outbox")
PAGE = 50
MOST_COUNTED = 100
TABS = (State.FAILED, State.UNKNOWN, State.HELD, State.QUEUED)

NOTICES.update(
    reply_retried=mark("The reply is on its way again."),
    reply_marked_sent=mark("The reply counts as sent."),
    reply_cancelled=mark("The reply was given up. It is not sent."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item on the page. `channel` is None when it was removed; `trouble` says why it stands where it stands."""

    item: OutboxItem
    team_id: int
    channel: Channel | None
    agent: str
    trouble: Wording | None

    @property
    def arrived(self) -> int:
        """How many of its parts are at the network already."""
        return sum(receipt is not None for receipt in self.item.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One tab of the outbox. `counts` go up to MOST_COUNTED; `further` is the id the next page goes on at."""

    state: State
    counts: dict[State, int]
    entries: tuple[Entry, ...]
    further: int | None


@blueprint.get("")
@may(Action.READ_OUTBOX)
def index() -> str:
    return render_template("outbox/index.html", box=_box(_asked_state()), failure=None)


@blueprint.get("/rows")
@may(Action.READ_OUTBOX)
def rows() -> str:
    """Tabs and items alone, when something happened."""
    return render_template("outbox/rows.html", box=_box(_asked_state()))


@blueprint.post("/<int:outbox_id>/retry")
@may(Action.RETRY_OUTBOX)
def retry(outbox_id: int) -> AnyResponse:
    read_form()
    item = _allowed(outbox_id, Action.RETRY_OUTBOX)
    try:
        decide.retry(the_hub(), item.id)
    except Conflict as error:
        return _refused(item, error)
    return _back(item, "reply_retried")


@blueprint.post("/<int:outbox_id>/mark-sent")
@may(Action.MARK_SENT)
def mark_sent(outbox_id: int) -> AnyResponse:
    """A person has seen it at the network."""
    read_form()
    item = _allowed(outbox_id, Action.MARK_SENT)
    try:
        decide.mark_sent(the_hub(), item.id)
    except Conflict as error:
        return _refused(item, error)
    return _back(item, "reply_marked_sent")


@blueprint.post("/<int:outbox_id>/cancel")
@may(Action.CANCEL_OUTBOX)
def cancel(outbox_id: int) -> AnyResponse:
    read_form()
    item = _allowed(outbox_id, Action.CANCEL_OUTBOX)
    try:
        cancel_reply(the_hub(), item.id)
    except Conflict as error:
        return _refused(item, error)
    return _back(item, "reply_cancelled")


def _asked_state() -> State:
    word = request.args.get("state", "")
    return next((state for state in TABS if state.value == word), TABS[0])


def _box(state: State) -> Box:
    teams = visible_teams(actor())
    before = request.args.get("before", type=row_id)
    with the_hub().database.reading() as session:
        items = store.in_state(session, state, teams=teams, before=before, limit=PAGE + 1)
        further = items[PAGE - 1].id if len(items) > PAGE else None
        items = [*_under_way(session, state, teams, before), *items[:PAGE]]
        return Box(
            state=state,
            counts={tab: store.count(session, tab, teams=teams, most=MOST_COUNTED) for tab in TABS},
            entries=_entries(session, items),
            further=further,
        )


def _under_way(session: Session, state: State, teams: Collection[int] | None, before: int | None) -> list[OutboxItem]:
    """What is being sent or looked up stands above what waits: it comes back there, or goes."""
    if state is not State.QUEUED or before is not None:
        return []
    return store.in_state(session, State.SENDING, teams=teams, limit=PAGE)


def _entries(session: Session, items: list[OutboxItem]) -> tuple[Entry, ...]:
    known = {channel.id: channel for channel in channels.all_channels(session)}
    names = {agent.id: agent.name for agent in agents.listed(session, None)} if items else {}
    return tuple(_entry(item, known.get(item.channel_id), names.get(item.agent_id or 0, "")) for item in items)


def _entry(item: OutboxItem, channel: Channel | None, agent: str) -> Entry:
    return Entry(
        item=item,
        team_id=item.team_id,
        channel=channel,
        agent=agent,
        trouble=_trouble(item, channel),
    )


def _trouble(item: OutboxItem, channel: Channel | None) -> Wording | None:
    """Why it did not go out; for what waits, what its channel waits for."""
    if item.trouble is not None:
        return describe(error_of(item.trouble))
    state = ChannelState.REMOVED if channel is None else channel.state
    return None if state is ChannelState.ACTIVE else describe_stored("conflict", state.value)


def _allowed(outbox_id: int, action: Action) -> OutboxItem:
    """An item this person may do that with: it belongs to the team of its conversation. Raises Absent."""
    with the_hub().database.reading() as session:
        item = store.item(session, outbox_id)
    authorize(actor(), action, item)
    return item


def _refused(item: OutboxItem, error: Conflict) -> Response:
    """It changed while somebody looked at it: say so, above what there is now."""
    state = item.state if item.state in TABS else TABS[0]
    body = render_template("outbox/index.html", box=_box(state), failure=describe(error))
    return make_response(body, 409)


def _back(item: OutboxItem, done: str) -> AnyResponse:
    """To the page the button was on, else to the tab the item was in."""
    state = item.state.value if item.state in TABS else None
    return redirect(safe_next(request.args.get("next")) or url_for("outbox.index", state=state, done=done), code=303)
