"""The kinds of channel there are plugins for."""

from __future__ import annotations

from dataclasses import dataclass

from hub.web import channel_form
from hub.web.site import the_hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of channel that can be connected. `companion`: it answers through a channel of another kind.

    signs_in: its account is connected on the network's own page. webhook: other systems post to it.
    """

    kind: str
    label: str
    sends: bool
    companion: bool
    signs_in: bool
    webhook: bool


def read_kinds() -> list[Kind]:
    """All there are, by name."""
    return sorted(map(read_kind, the_hub().plugins.connectors), key=lambda kind: kind.label.casefold())


def read_kind(kind: str) -> Kind:
    """Raises Absent when no plugin has it."""
    connector = the_hub().plugins.connector(kind)
    companion = any(field.kind == "channel" for field in channel_form.settings_of(the_hub(), kind))
    features = connector.features
    return Kind(
        kind=kind,
        label=connector.label,
        sends=features.send,
        companion=companion,
        signs_in=features.signs_in,
        webhook=features.webhook,
    )
