"""The channels: how each does, pausing and removing one, and what came through it and could not be read."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hub.channels import connect, store
from hub.channels.model import Channel, ChannelState, DeadLetter
from hub.channels.settings import fields_of
from hub.channels.webhook import again
from hub.errors import Absent, Conflict, ConnectorError, PluginFault
from hub.kernel.database import Session
from hub.kernel.reasons import REASONS
from hub.kernel.texts import Wording, describe_stored, gettext, mark
from hub.people.authorize import Action, authorize
from hub.people.authorize import may as allowed
from hub.web.access import may
from hub.web.channel_health import read_health, read_overview
from hub.web.channel_kinds import read_kinds
from hub.web.forms import read_form, row_id, row_id_or_none
from hub.web.health import is_worker_alive
from hub.web.notices import NOTICES
from hub.web.session import actor
from hub.web.site import site, the_hub

blueprint = Blueprint("channels", __name__, url_prefix="/channels")
PAGE = 50

NOTICES.update(
    letters_dismissed=mark("They are out of the way. What the network sends anew is taken in anew."),
    read_again=mark("They are read again now. What still cannot be read comes back here."),
    nothing_read_again=mark("There was nothing left to read again."),
    channel_paused=mark("The channel is paused. Replies wait until it goes on."),
    channel_resumed=mark("The channel goes on."),
    channel_removed=mark("The channel was removed. Its conversations stay readable."),
    channel_checked=mark("The connection works."),
    channel_check_failed=mark("The connection does not work. The reason stands below."),
    channel_pull_soon=mark("The channel is looked at now. What is new appears by itself."),
)


@blueprint.get("")
@may(Action.READ_CHANNEL)
def index() -> str:
    return render_template("channels/index.html", broken=_broken_plugins(), **_overview())


@blueprint.get("/rows")
@may(Action.READ_CHANNEL)
def rows() -> str:
    """The list alone, when something happened or time passed."""
    return render_template("channels/rows.html", **_overview())


@blueprint.get("/<int:channel_id>")
@may(Action.READ_CHANNEL)
def page(channel_id: int) -> str:
    return render_template("channels/channel.html", **_shown(channel_id))


@blueprint.get("/<int:channel_id>/health")
@may(Action.READ_CHANNEL)
def health(channel_id: int) -> str:
    """How the channel does, alone, when something happened or time passed."""
    return render_template("channels/health.html", **_shown(channel_id))


@blueprint.get("/<int:channel_id>/unreadable")
@may(Action.READ_CHANNEL)
def unreadable(channel_id: int) -> str:
    """What arrived and could not be read."""
    with the_hub().database.reading() as session:
        channel = _allowed(session, channel_id, Action.READ_CHANNEL)
        before = request.args.get("before", type=row_id)
        letters = store.letters(session, channel.id, before=before, limit=PAGE + 1)
    further = letters[PAGE - 1].id if len(letters) > PAGE else None
    told = _told(channel, letters)
    return render_template(
        "channels/unreadable.html", channel=channel, letters=letters[:PAGE], told=told, further=further
    )


def _told(channel: Channel, letters: list[DeadLetter]) -> dict[int, Wording]:
    """In words, for those of whom it is known which setting of the channel led astray."""
    try:
        fields = fields_of(the_hub().plugins.connector(channel.kind).Settings)
    except Absent:  # the plugin is not loaded
        return {}
    labels = {field.name: gettext(field.label) for field in fields}
    told = {}
    for letter in letters:
        field, _, word = letter.reason.partition(": ")
        if field in labels and word in REASONS:
            why = describe_stored("invalid", word)
            told[letter.id] = Wording(title=f"{labels[field]}: {why.title}", advice=why.advice)
    return told


def _meant() -> tuple[int, int]:
    """The first and the last of the items a form is about: one, or all up to the newest that was shown."""
    form = read_form("letter", "newest")
    one, newest = (row_id_or_none(form[name]) for name in ("letter", "newest"))
    return one, one or newest


@blueprint.post("/<int:channel_id>/unreadable/dismiss")
@may(Action.MANAGE_CHANNEL)
def dismiss(channel_id: int) -> AnyResponse:
    """Somebody has seen it: one item, or all up to the newest that was shown."""
    first, last = _meant()
    channel = managed(channel_id)
    with the_hub().database.transaction() as session:
        store.dismiss(session, channel.id, first=first, last=last, by=actor().agent_id, now=the_hub().clock())
    return redirect(url_for("channels.unreadable", channel_id=channel.id, done="letters_dismissed"), code=303)


@blueprint.post("/<int:channel_id>/unreadable/again")
@may(Action.MANAGE_CHANNEL)
def read_again(channel_id: int) -> AnyResponse:
    """The cause is mended: read it again, one item or all up to the newest that was shown."""
    first, last = _meant()
    channel = managed(channel_id)
    found = again.read_again(the_hub(), channel.id, first=first, last=last, by=actor().agent_id)
    done = "read_again" if found else "nothing_read_again"
    return redirect(url_for("channels.unreadable", channel_id=channel.id, done=done), code=303)


@blueprint.post("/<int:channel_id>/pause")
@may(Action.MANAGE_CHANNEL)
def pause(channel_id: int) -> AnyResponse:
    read_form()
    connect.pause_channel(the_hub(), managed(channel_id).id)
    return to_page(channel_id, "channel_paused")


@blueprint.post("/<int:channel_id>/resume")
@may(Action.MANAGE_CHANNEL)
def resume(channel_id: int) -> AnyResponse:
    read_form()
    connect.resume_channel(the_hub(), managed(channel_id).id)
    return to_page(channel_id, "channel_resumed")


@blueprint.post("/<int:channel_id>/check")
@may(Action.MANAGE_CHANNEL)
def check(channel_id: int) -> AnyResponse:
    """Test the connection; what was found is noted on the channel either way."""
    read_form()
    try:
        connect.check_channel(the_hub(), site().connectors, managed(channel_id).id)
    except (ConnectorError, PluginFault):
        return to_page(channel_id, "channel_check_failed")
    return to_page(channel_id, "channel_checked")


@blueprint.post("/<int:channel_id>/pull")
@may(Action.MANAGE_CHANNEL)
def pull(channel_id: int) -> AnyResponse:
    """Let a worker look at the channel next."""
    read_form()
    channel = managed(channel_id)
    if channel.state is not ChannelState.ACTIVE:
        raise Conflict("nothing is pulled in this state", reason=channel.state.value)
    with the_hub().database.transaction() as session:
        store.pull_soon(session, channel.id, now=the_hub().clock())
    return to_page(channel_id, "channel_pull_soon")


@blueprint.get("/<int:channel_id>/remove")
@may(Action.REMOVE_CHANNEL)
def confirm_removal(channel_id: int) -> str:
    with the_hub().database.reading() as session:
        channel = _allowed(session, channel_id, Action.REMOVE_CHANNEL)
    return render_template("channels/remove.html", channel=channel)


@blueprint.post("/<int:channel_id>/remove")
@may(Action.REMOVE_CHANNEL)
def remove(channel_id: int) -> AnyResponse:
    read_form()
    with the_hub().database.reading() as session:
        channel = _allowed(session, channel_id, Action.REMOVE_CHANNEL)
    connect.remove_channel(the_hub(), channel.id)
    return redirect(url_for("channels.index", done="channel_removed"), code=303)


def _overview() -> dict[str, object]:
    with the_hub().database.reading() as session:
        return {"overview": read_overview(the_hub(), session, actor()), "kinds": read_kinds()}


def _shown(channel_id: int) -> dict[str, object]:
    with the_hub().database.reading() as session:
        found = read_health(the_hub(), session, actor(), channel_id)
        return {"health": found, "is_worker_alive": is_worker_alive(session)}


def _broken_plugins() -> list[tuple[str, str]]:
    """Name and problem of what could not be loaded, for those who can do something about it."""
    if not allowed(actor(), Action.MANAGE_CHANNEL):
        return []
    return [(found.name, found.problem) for found in the_hub().plugins.found if found.problem]


def _allowed(session: Session, channel_id: int, action: Action) -> Channel:
    channel = store.channel(session, channel_id)
    authorize(actor(), action, channel)
    return channel


def managed(channel_id: int) -> Channel:
    """A channel this person looks after. Raises Absent."""
    with the_hub().database.reading() as session:
        return _allowed(session, channel_id, Action.MANAGE_CHANNEL)


def to_page(channel_id: int, done: str) -> AnyResponse:
    """On to the channel's page, which says what was done."""
    return redirect(url_for("channels.page", channel_id=channel_id, done=done), code=303)
