"""The form of a channel: made from the settings its plugin declares, with its errors where they belong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from hub.channels import senders
from hub.channels.model import Channel
from hub.channels.settings import Field, fields_of, generated
from hub.channels.webhook.preview import EXAMPLE
from hub.errors import AddressRefused, HubError, Invalid, Misconfigured, PluginFault, Unavailable
from hub.kernel.database import Session
from hub.kernel.hub import Hub
from hub.kernel.texts import Wording, describe, gettext
from hub.people.model import Actor
from hub.web.forms import read_form

PREFIX = "setting_"
"""Before the names of a plugin's settings, so that none of them can be one of ours."""

FORGET = "forget_"
"""Before the name of an optional secret: take it away, instead of leaving it as it is."""

OWN_FIELDS = ("name", "team_id", "client_key", "example", "preview")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What stands in the form. `client_key` names one opening of it: sent twice, it connects once.

    forgotten: secrets to be taken away. example: to be tried, when the form was sent for its preview.
    """

    name: str = ""
    team_id: str = ""
    client_key: str = ""
    values: Mapping[str, str]
    forgotten: frozenset[str] = frozenset()
    example: str = EXAMPLE
    is_preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One setting as the page shows it, in the person's language.

    A secret never comes with a value, except one that was made for a new channel: it is there to be copied.
    fresh: another one, to paste here and there. forget: the name of the box that takes it away.
    """

    name: str
    label: str
    help: str
    kind: str
    secret: bool
    required: bool
    value: str
    options: tuple[tuple[str, str], ...]
    group: str
    fresh: str
    forget: str

    @property
    def is_hidden(self) -> bool:
        return self.secret and not self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Neighbouring inputs under one heading; the first ones stand under none."""

    title: str
    inputs: tuple[Input, ...]

    def holds(self, names: Iterable[str]) -> bool:
        """Whether one of these inputs is in it: then it is open."""
        return bool({each.name for each in self.inputs} & set(names))


def grouped(inputs: Iterable[Input]) -> list[Group]:
    return [Group(title=title, inputs=tuple(each)) for title, each in groupby(inputs, lambda input: input.group)]


def settings_of(hub: Hub, kind: str) -> list[Field]:
    """The fields of a kind of channel. Raises Absent when no loaded plugin brings it."""
    return fields_of(hub.plugins.connector(kind).Settings)


def blank(hub: Hub, fields: Sequence[Field]) -> Filled:
    values = {field.name: field.default for field in fields} | generated(fields, hub.token)
    return Filled(client_key=hub.token(), values=values)


def of_channel(channel: Channel) -> Filled:
    return Filled(name=channel.name, team_id=str(channel.team_id), values=channel.settings)


def read(fields: Sequence[Field]) -> Filled:
    """What was sent. Raises Invalid as `read_form`."""
    optional = [field.name for field in fields if field.secret and not field.required]
    form = read_form(*OWN_FIELDS, *(PREFIX + field.name for field in fields), *(FORGET + name for name in optional))
    return Filled(
        name=form["name"],
        team_id=form["team_id"],
        client_key=form["client_key"],
        values={field.name: form[PREFIX + field.name] for field in fields},
        forgotten=frozenset(name for name in optional if form[FORGET + name]),
        example=form["example"] or EXAMPLE,
        is_preview=bool(form["preview"]),
    )


def inputs(
    hub: Hub, fields: Sequence[Field], filled: Filled, offered: Iterable[Channel], *, is_known: bool
) -> list[Input]:
    """The settings as inputs. is_known: the channel exists, so that a secret may stay as it is."""
    channels = tuple((str(channel.id), channel.name) for channel in offered)
    fresh = generated(fields, hub.token) if is_known else {}
    return [
        _input(field, filled.values.get(field.name, ""), channels, fresh.get(field.name, ""), is_known=is_known)
        for field in fields
    ]


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
    if isinstance(error, PluginFault):
        advice = gettext("Nothing was saved. Tell whoever made the plugin; the log says more.")
        return Wording(title=wording.title, advice=advice)
    # What is tried again by itself is a channel that exists; this one is still a form.
    return Wording(title=wording.title, advice=gettext("Nothing was saved. Check what you entered and try again."))


def _suspect(error: HubError, fields: Sequence[Field]) -> str | None:
    """Where a server does not answer, its address is the first thing to look at."""
    addresses = [field.name for field in fields if field.kind == "url"]
    return addresses[0] if isinstance(error, (Unavailable, AddressRefused)) and len(addresses) == 1 else None


def _input(field: Field, value: str, channels: tuple[tuple[str, str], ...], fresh: str, *, is_known: bool) -> Input:
    return Input(
        name=PREFIX + field.name,
        label=_translated(field.label),
        help=_translated(field.help),
        kind=field.kind,
        secret=field.secret,
        required=field.required and not (field.secret and is_known),
        value=value if not field.secret or (field.generate and not is_known) else "",
        options=_options(field, value, channels),
        group=_translated(field.group),
        fresh=fresh,
        forget=FORGET + field.name if field.secret and not field.required and is_known else "",
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
