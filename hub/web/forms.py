"""What a form sent, field by field: what was not asked for is refused, not ignored (OWASP ASVS 5.0, 15.3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request

from hub.errors import Invalid
from hub.web.security import TOKEN_FIELD

LONGEST = 20_000
"""Characters in one field; what people write in has limits of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`text` holds the single fields, empty where one was not sent; `lists` those that may come many times."""

    text: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]

    def __getitem__(self, name: str) -> str:
        return self.text[name]

    def numbers(self, name: str) -> list[int]:
        """A list of ids. Raises Invalid(name, "not_a_choice")."""
        try:
            return [row_id(item) for item in self.lists[name]]
        except ValueError:
            raise Invalid(name, "not_a_choice") from None


def row_id(value: str) -> int:
    """An id as a form or an address names it. Raises ValueError for what no row can have."""
    if not (value.isdecimal() and len(value) < 19):
        raise ValueError(value[:100])
    return int(value)


def row_id_or_none(value: str) -> int:
    """The same; 0, which no row has, for what no row can have."""
    try:
        return row_id(value)
    except ValueError:
        return 0


def read_form(*names: str, lists: Sequence[str] = ()) -> Form:
    """Read exactly these fields. Raises Invalid naming the field: unknown_field, repeated, too_long."""
    for name in request.form:
        if name not in (*names, *lists, TOKEN_FIELD):
            raise Invalid(name[:100], "unknown_field")
    for name in names:
        values = request.form.getlist(name)
        if len(values) > 1:
            raise Invalid(name, "repeated")
        if values and len(values[0]) > LONGEST:
            raise Invalid(name, "too_long", most=LONGEST)
    return Form(
        text={name: request.form.get(name, "") for name in names},
        lists={name: request.form.getlist(name)[:1000] for name in lists},
    )
