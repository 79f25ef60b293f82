"""What may stand anywhere in a network's JSON instead of what its documentation says."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

ODD: list[Any] = [
    None,
    True,
    -1,
    10**30,
    1e300,
    float("inf"),  # as 1e400 says it
    "",
    "a\ud800\0\u202e",
    "x" * 20_000,
    [],
    [None, 7, "x", [], {}],
    {},
    {"a": {"b": None}},
]

Path = tuple[str | int, ...]


def places(value: Any, above: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, itself left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*above, name)
        yield from places(inner, (*above, name))


def with_odd(value: Any, place: Path, odd: Any) -> Any:
    """A copy with something odd in that place; as it is where there is no such place."""
    changed = copy.deepcopy(value)
    inner = changed
    for name in place[:-1]:
        if not _holds(inner, name):
            return changed
        inner = inner[name]
    if _holds(inner, place[-1]):
        inner[place[-1]] = odd
    return changed


def _holds(value: Any, name: str | int) -> bool:
    return name in value if isinstance(value, dict) else isinstance(value, list) and int(name) < len(value)
