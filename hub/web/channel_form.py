"""The form of a channel: made from the settings its plugin declares, with its errors where they belong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.channels import senders
from hub.channels.model import Channel
from hub.channels.settings import Field, fields_of
from hub.errors import AddressRefused, HubError, Invalid, Misconfigured, Unavailable
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.texts import Wording, describe, gettext
from hub.people.model import Actor
from hub.web.forms import read_form

PREFIX = "setting_"
"""Before the names of a plugin's settings, so that none of them can be one of ours."""

OWN_FIELDS = ("name", "team_id", "client_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What stands in the form. `client_key` names one opening of it: sent twice, it connects once."""

    name: str = ""
    team_id: str = ""
    client_key: str = ""
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One setting as the page shows it, in the person's language; a secret never comes with a value."""

    name: str
    label: str
    help: str
    kind: str
    secret: bool
    required: bool
    value: str
    options: tuple[tuple[str, str], ...]


def settings_of(hub: Hub, kind: str) -> list[Field]:
    """The fields of a kind of channel. Raises Absent when no loaded plugin brings it."""
    return fields_of(hub.plugins.connector(kind).Settings)


def blank(hub: Hub, fields: Sequence[Field]) -> Filled:
    return Filled(client_key=hub.token(), values={field.name: field.default for field in fields})


def of_channel(channel: Channel) -> Filled:
    return Filled(name=channel.name, team_id=str(channel.team_id), values=channel.settings)


def read(fields: Sequence[Field]) -> Filled:
    """What was sent. Raises Invalid as `read_form`."""
    form = read_form(*OWN_FIELDS, *(PREFIX + field.name for field in fields))
    return Filled(
        name=form["name"],
        team_id=form["team_id"],
        client_key=form["client_key"],
        values={field.name: form[PREFIX + field.name] for field in fields},
    )


def inputs(fields: Sequence[Field], filled: Filled, offered: Iterable[Channel], *, is_known: bool) -> list[Input]:
    """The settings as inputs. is_known: the channel exists, so that a secret may stay as it is."""
    channels = tuple((str(channel.id), channel.name) for channel in offered)
    return [_input(field, filled.values.get(field.name, ""), channels, is_known=is_known) for field in fields]


def senders_for(hub: Hub, session: Session, who: Actor, channel: Channel | None) -> list[Channel]:
    """The channels a person may choose to answer through."""
    return senders.senders_for(hub, session, who, channel)


def check_senders(fields: Sequence[Field], filled: Filled, offered: Iterable[Channel], channel: Channel | None) -> None:
    """Refuse a channel that was not offered, unless it is the one that is set. Raises Invalid at the field."""
    senders.check_senders(fields, filled.values, offered, channel)


def place(error: HubError, fields: Sequence[Field]) -> dict[str, Wording]:
    """Word an error at the setting at fault; under the empty name where it is none's."""
    field = getattr(error, "field", None) or _suspect(error, fields)
    known = any(field == declared.name for declared in fields)
    return {f"{PREFIX}{field}" if known else "": _worded(error)}


def _worded(error: HubError) -> Wording:
    wording = describe(error)
    if isinstance(error, (Invalid, Misconfigured)):
        return wording
    # What is tried again by itself is a channel that exists; this one is still a form.
    return Wording(title=wording.title, advice=gettext("Nothing was saved. Check what you entered and try again."))


def _suspect(error: HubError, fields: Sequence[Field]) -> str | None:
    """Where a server does not answer, its address is the first thing to look at."""
    addresses = [field.name for field in fields if field.kind == "url"]
    return addresses[0] if isinstance(error, (Unavailable, AddressRefused)) and len(addresses) == 1 else None


def _input(field: Field, value: str, channels: tuple[tuple[str, str], ...], *, is_known: bool) -> Input:
    return Input(
        name=PREFIX + field.name,
        label=_translated(field.label),
        help=_translated(field.help),
        kind=field.kind,
        secret=field.secret,
        required=field.required and not (field.secret and is_known),
        value="" if field.secret else value,
        options=_options(field, value, channels),
    )


def _options(field: Field, value: str, channels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if field.kind == "choice":
        return tuple((code, _translated(text)) for code, text in field.choices.items())
    if field.kind != "channel":
        return ()
    none = () if field.required else (("", gettext("None")),)
    # One that was set by somebody who may see it, or that can send no more, stays chosen until it is changed.
    known = not value or any(value == code for code, _ in channels)
    kept = () if known else ((value, gettext("Channel %(number)s", number=value)),)
    return (*none, *channels, *kept)


def _translated(text: str) -> str:
    """A plugin's text, where a catalogue has it. The empty text names the head of a catalogue."""
    return gettext(text) if text else ""
