"""What every page needs of the installation it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app

from hub.kernel.hub import Hub
from hub.web.assets import Assets
from hub.web.our_names import OurNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One installation on the web. `connectors` is handed through to the pages that use it."""

    hub: Hub
    connectors: Any
    assets: Assets
    names: OurNames


def site() -> Site:
    found: Site = current_app.extensions["hub"]
    return found


def the_hub() -> Hub:
    return site().hub
