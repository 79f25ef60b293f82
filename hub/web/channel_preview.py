"""What an example would become with the settings as they stand in the form: shown there, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.channels.connect import with_known_secrets
from hub.channels.model import Channel
from hub.channels.webhook.preview import preview
from hub.connector import Incoming
from hub.errors import Absent, ConnectorError, Invalid, PluginFault
from hub.kernel.texts import Wording, describe_stored
from hub.web import channel_form
from hub.web.channel_form import PREFIX, Filled
from hub.web.site import site, the_hub

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Messages, how many more there would be and how many would be taken back; errors by the field that led astray."""

    messages: tuple[Incoming, ...] = ()
    more: int = 0
    deleted: int = 0
    errors: Mapping[str, Wording] = field(default_factory=dict)


def try_out(kind: str, filled: Filled, channel: Channel | None = None) -> Tried:
    """Try the example of a form. Raises Absent for a kind that is told nothing by webhooks."""
    hub = the_hub()
    if not hub.plugins.connector(kind).features.webhook:
        raise Absent("nothing is delivered to this kind", kind=kind)
    try:
        values = with_known_secrets(hub, channel, filled.values, filled.forgotten) if channel else filled.values
        page = preview(hub, site().connectors, kind, values, filled.example)
    except (Invalid, ConnectorError, PluginFault) as error:
        return Tried(errors=channel_form.place(error, channel_form.settings_of(hub, kind)))
    return Tried(
        messages=page.messages[:MOST_SHOWN],
        more=len(page.messages[MOST_SHOWN:]),
        deleted=len(page.deleted),
        errors={
            f"{PREFIX}{skipped.field}" if skipped.field else "example": describe_stored("invalid", skipped.reason)
            for skipped in page.skipped
        },
    )
