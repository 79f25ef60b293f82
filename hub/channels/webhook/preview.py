"""Tries settings on an example before they are saved: what would this body become, and which setting leads astray?"""

from __future__ import annotations

from collections.abc import Mapping

from hub.channels.connectors import Connectors
from hub.channels.model import Account
from hub.channels.settings import read_form
from hub.connector import Delivery, Page
from hub.kernel.hub import Hub

EXAMPLE = '{"id": "17", "text": "Where is my order?", "author": {"id": "lena", "name": "Lena Brandt"}}'
"""A body in the shape that needs no expressions."""


def preview(hub: Hub, connectors: Connectors, kind: str, values: Mapping[str, str], example: str) -> Page:
    """The page that a delivery with this body would become; nothing is kept. Raises Invalid and the connector's errors.

    It runs in the plugin's process like every pull, so that an expression without end hurts nobody.
    """
    complete = read_form(hub.plugins.connector(kind).Settings, values)
    delivery = Delivery(number=1, body=example.encode(), headers={"webhook-id": "example"}, received_at=hub.clock())
    return connectors.pull(Account(kind=kind, settings=complete), None, (delivery,))
