"""Who may call which page. Every page is for people who are signed in, unless it says otherwise.

A view says more by a decorator: `@public` for everybody, `@may(Action.…)` for those who may do this somewhere. What a
view does with an object it still asks `authorize` with that object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hub.people.authorize import Action

View = TypeVar("View", bound=Callable[..., Any])

_PUBLIC = "hub_public"
_FORMLESS = "hub_formless"
_ACTION = "hub_action"
_FILES = "hub_files"


def public(view: View) -> View:
    """Open to people who are not signed in. Its forms still carry a token."""
    setattr(view, _PUBLIC, True)
    return view


def formless(view: View) -> View:
    """Takes a POST without a token of ours, from machines; such a view changes nothing on anybody's behalf."""
    setattr(view, _FORMLESS, True)
    return view


def takes_files(view: View) -> View:
    """Takes pictures, and for them a larger request than other pages."""
    setattr(view, _FILES, True)
    return view


def may(action: Action) -> Callable[[View], View]:
    """Only for actors who may do this on some object; everybody else is told that there is no such page."""

    def remember(view: View) -> View:
        setattr(view, _ACTION, action)
        return view

    return remember


def is_public(view: Callable[..., Any] | None) -> bool:
    # No view means no such address: that answer is for everybody.
    return view is None or getattr(view, _PUBLIC, False)


def is_formless(view: Callable[..., Any] | None) -> bool:
    return getattr(view, _FORMLESS, False)


def has_files(view: Callable[..., Any] | None) -> bool:
    return getattr(view, _FILES, False)


def action_of(view: Callable[..., Any] | None) -> Action | None:
    return getattr(view, _ACTION, None)
