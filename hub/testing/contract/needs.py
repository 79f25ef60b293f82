"""Which tests of the kit a connector has to pass: those of what it declares, and no others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from hub.connector import Author, Connector, Outgoing, Target

Test = TypeVar("Test", bound=Callable[..., Any])
Claim = Callable[[type[Connector]], bool]


def needs(*claims: str | Claim) -> Callable[[Test], Test]:
    """Mark a test as being about declared features, by name (`send`), or about whatever a function tells."""

    def mark(test: Test) -> Test:
        test.__dict__["needs"] = claims
        return test

    return mark


def has_secrets(connector: type[Connector]) -> bool:
    return bool(secret_names(connector))


def signs_in_by_secret(connector: type[Connector]) -> bool:
    """Whether a network that is asked can refuse it for who it is."""
    return has_secrets(connector) and not connector.features.only_delivered


def asks(connector: type[Connector]) -> bool:
    """Whether its pulls ask a network, which may fail, and knows what was before us."""
    return not connector.features.only_delivered


def splits(connector: type[Connector]) -> bool:
    """Whether a text that is too long for one post becomes several."""
    words = Outgoing(text="a word or two. " * 200, target=Target(remote_id="1", author=Author(id="somebody")))
    return connector.features.send and connector.measure(words, {}).parts > 1


ON_OUR_OWN = frozenset({"edit", "delete"})
"""Actions that are done to what we said ourselves."""


def edits_its_own(connector: type[Connector]) -> bool:
    return "edit" in connector.features.actions


def deletes_its_own(connector: type[Connector]) -> bool:
    return "delete" in connector.features.actions


def has_many_visibilities(connector: type[Connector]) -> bool:
    return len(connector.features.visibilities) > 1


def secret_names(connector: type[Connector]) -> list[str]:
    settings = getattr(connector, "Settings", None)
    if not dataclasses.is_dataclass(settings):
        return []  # The check that the class keeps the contract says so.
    return [field.name for field in dataclasses.fields(settings) if field.metadata.get("secret")]


def applies(test: Any, connector: type[Connector]) -> bool:
    """Whether a connector has to pass a test by what it declares."""
    return all(_holds(claim, connector) for claim in getattr(test, "needs", ()))


def drop_undeclared(kit: type[Any], connector: type[Connector]) -> None:
    """Take the tests out of `kit` that its connector declares nothing for: not run, not skipped, not there."""
    for name in dir(kit):
        if not applies(getattr(kit, name), connector):
            setattr(kit, name, None)


def _holds(claim: str | Claim, connector: type[Connector]) -> bool:
    return bool(getattr(connector.features, claim)) if isinstance(claim, str) else claim(connector)
