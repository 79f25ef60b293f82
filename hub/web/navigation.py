"""What stands in the rail: the pages there are, as far as this person may open them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, g, request, url_for

from hub.errors import HubError
from hub.kernel.texts import gettext, mark
from hub.outbox import store as outbox
from hub.outbox.model import State
from hub.people.authorize import Action, may, visible_teams
from hub.web.session import actor
from hub.web.site import the_hub


def _unsent() -> str:
    """What the outbox calls for; nothing while the database cannot say, since pages of failures show the rail, too."""
    try:
        with the_hub().database.reading() as session:
            teams = visible_teams(actor())
            stuck = any(outbox.count(session, state, teams=teams, most=1) for state in (State.FAILED, State.UNKNOWN))
    except HubError:
        return ""
    return gettext("something was not sent") if stuck else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One entry: `endpoint` is its first page, and every page of the same blueprint belongs to it.

    also: other blueprints whose pages belong to it. calls: says why somebody should look there, or nothing.
    """

    endpoint: str
    icon: str
    label: str
    action: Action | None = None
    also: tuple[str, ...] = ()
    calls: Callable[[], str] | None = None

    @property
    def blueprints(self) -> tuple[str, ...]:
        return (self.endpoint.partition(".")[0], *self.also)


PLACES = (
    Place(
        endpoint="inbox.index",
        icon="inbox",
        label=mark("Inbox"),
        action=Action.READ_CONVERSATION,
        also=("conversation", "pictures"),
    ),
    Place(endpoint="outbox.index", icon="outbox", label=mark("Outbox"), action=Action.READ_OUTBOX, calls=_unsent),
    Place(
        endpoint="channels.index",
        icon="channels",
        label=mark("Channels"),
        action=Action.READ_CHANNEL,
        also=("channel_connect",),
    ),
    Place(endpoint="people.index", icon="people", label=mark("People"), action=Action.READ_PEOPLE),
)
ACCOUNT = Place(endpoint="account.page", icon="account", label=mark("Your account"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    address: str
    icon: str
    label: str
    call: str
    is_current: bool


def navigation() -> list[Entry]:
    """The entries for this person, in order."""
    return [_entry(place) for place in PLACES if _is_open(place)]


def home() -> str:
    """Where somebody goes who asked for nothing in particular."""
    return next(url_for(place.endpoint) for place in (*PLACES, ACCOUNT) if _is_open(place))


def _is_open(place: Place) -> bool:
    who = g.get("signed_in")
    return place.endpoint in current_app.view_functions and (
        place.action is None or (who is not None and may(who.actor, place.action))
    )


def _entry(place: Place) -> Entry:
    return Entry(
        address=url_for(place.endpoint),
        icon=place.icon,
        label=gettext(place.label),
        call=place.calls() if place.calls else "",
        is_current=request.blueprint in place.blueprints,
    )
