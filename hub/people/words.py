"""What a name, an address and a role may look like, checked where they come in."""

from __future__ import annotations

import re

from hub.errors import Invalid
from hub.kernel.plaintext import one_line
from hub.people.model import MAX_EMAIL, MAX_NAME, Role

_UNHOLDABLE = re.compile("[\x00\ud800-\udfff]")
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f<>\"(),:;\\\[\]]{1,64}@(?:[\w](?:[\w-]*[\w])?\.)*[\w](?:[\w-]*[\w])?")


def normal_email(text: str) -> str:
    """The one spelling an address is kept and looked up in; what no database can hold is no address."""
    email = text.strip().casefold()
    return "" if _UNHOLDABLE.search(email) else email


def checked_email(text: str) -> str:
    """The address in its kept spelling. Raises Invalid("email", "not_an_email")."""
    email = normal_email(text)
    if not (3 <= len(email) <= MAX_EMAIL and _EMAIL.fullmatch(email)):
        raise Invalid("email", "not_an_email")
    return email


def checked_name(text: str, *, field: str = "name") -> str:
    """A name on one line without characters nobody can see. Raises Invalid naming the field: missing, too_long."""
    name = one_line(text, MAX_NAME)
    if not name:
        raise Invalid(field, "missing")
    if len(text) > 2 * MAX_NAME or len(name) > MAX_NAME:
        raise Invalid(field, "too_long", most=MAX_NAME)
    return name


def checked_role(text: str) -> Role:
    """Raises Invalid("role", "not_a_choice")."""
    try:
        return Role(text)
    except ValueError as error:
        raise Invalid("role", "not_a_choice") from error
