"""The inbox: the list of conversations, and the parts of it that refresh by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Blueprint, current_app, render_template, request

from hub.channels import store as channels
from hub.channels.model import Channel
from hub.inbox.emoji import kept, name_of
from hub.inbox.model import Conversation, Line
from hub.inbox.store import conversations
from hub.kernel import html, texts
from hub.kernel.database import Session
from hub.people.authorize import Action, authorize, visible_teams
from hub.people.model import Actor
from hub.web.access import may
from hub.web.forms import row_id
from hub.web.session import actor
from hub.web.site import site, the_hub

blueprint = Blueprint("inbox", __name__)
PAGE = 50


VIEW = ("show", "channel")
"""What names a view in an address or a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which conversations a list shows, as its address says. `show`: open or all."""

    show: str = "open"
    channel_id: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What an address needs to come back to this view."""
        found: dict[str, Any] = {}
        if self.show != "open":
            found["show"] = self.show
        if self.channel_id is not None:
            found["channel"] = self.channel_id
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of the list as of `now`. `further` is where it goes on, empty at the end.

    kept: the names of the pictures that can be shown for the emoji in it.
    """

    view: View
    lines: tuple[Line, ...]
    further: str
    channels: tuple[Channel, ...]
    now: datetime
    language: str
    kept: frozenset[str] = frozenset()

    def rows(self, current: int | None) -> str:
        """The rows as markup, each made once for as long as it looks the same. `current`: the open conversation."""
        return html.joined(self._row(line, line.conversation, current) for line in self.lines)

    def _row(self, line: Line, conversation: Conversation, current: int | None) -> str:
        shown_time = texts.ago(conversation.last_at, self.now)
        is_like_ours = site().names.is_like_ours(line.name, line.handle, kind=line.channel_kind, trust=line.trust)
        is_current = conversation.id == current
        return _row(line, self.view, is_current, is_like_ours, shown_time, self.language, self._kept(line))

    def _kept(self, line: Line) -> frozenset[str]:
        """Of the pictures that can be shown those of this row."""
        return self.kept & {name_of(each) for each in line.emoji} if self.kept else self.kept


@blueprint.get("/inbox")
@may(Action.READ_CONVERSATION)
def index() -> str:
    return render_template("inbox/index.html", listing=listing())


@blueprint.get("/inbox/rows")
@may(Action.READ_CONVERSATION)
def rows() -> str:
    """The rows alone: the next page below the last one, or the first page anew when something happened."""
    return render_template("inbox/rows.html", listing=listing(), current=request.args.get("current", type=row_id))


def listing() -> Listing:
    """The page of the list that this request asks for, as far as the person may see it."""
    view = asked_view()
    who = actor()
    with the_hub().database.reading() as session:
        mine = _visible_channels(session, who)
        if view.channel_id is not None:
            authorize(who, Action.READ_CHANNEL, channels.channel(session, view.channel_id))
        teams = visible_teams(who)
        lines = conversations.lines(
            session,
            teams=None if teams is None else sorted(teams),
            channel_id=view.channel_id,
            only_open=view.show == "open",
            after=conversations.parse_mark(request.args.get("after", "")),
            limit=PAGE + 1,
        )
        pictures = kept(session, [each for line in lines for each in line.emoji])
    shown = tuple(lines[:PAGE])
    further = conversations.format_mark(shown[-1].conversation) if len(lines) > PAGE else ""
    return Listing(
        view=view,
        lines=shown,
        further=further,
        channels=mine,
        now=the_hub().clock(),
        language=f"{texts.current_language()} {texts.current_time_zone()}",
        kept=pictures,
    )


def asked_view() -> View:
    """The view that an address names, or a form of a page of it."""
    show = request.values.get("show", "open")
    channel_id = request.values.get("channel", type=row_id)
    return View(show=show if show in ("open", "all") else "open", channel_id=channel_id)


def _visible_channels(session: Session, who: Actor) -> tuple[Channel, ...]:
    teams = visible_teams(who)
    return tuple(channels.all_channels(session) if teams is None else channels.of_teams(session, sorted(teams)))


@lru_cache(maxsize=4096)
def _row(
    line: Line,
    view: View,
    is_current: bool,
    is_like_ours: bool,
    _shown_time: str,
    _language: str,
    pictures: frozenset[str],
) -> str:
    pieces: Any = current_app.jinja_env.get_template("inbox/row.html").module
    found: str = pieces.row(line, view.arguments, is_current, pictures, is_like_ours)
    return found
