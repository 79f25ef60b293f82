"""JMESPath expressions that people write into settings: short, and never endless whatever they are given.

https://jmespath.org/specification.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jmespath import compile as parse
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

MOST_CHARACTERS = 300
_MOST_BRANCHES = 4
"""`[@, @]` doubles what it is given: thirty of them in a row would fill any memory."""


_CHARACTERS_A_STEP = 64


class Unusable(ValueError):
    """This is no expression; the text says where it breaks off."""


class TooCostly(Exception):
    """The expression takes too long on this input."""


@dataclass(slots=True)
class Steps:
    """How much has been evaluated: `taken` in all, of which one expression may take `most`. A step is about 1 µs."""

    most: int
    taken: int = 0


class Expression:
    """One expression, checked. An empty one finds nothing. Raises Unusable."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        if len(self.text) > MOST_CHARACTERS:
            raise Unusable(f"{len(self.text)} characters, at most {MOST_CHARACTERS}")
        try:
            self._tree = parse(self.text).parsed if self.text else None
        except (JMESPathError, RecursionError, ValueError) as error:
            raise Unusable(str(error)) from error
        if self._tree is not None and _branches(self._tree) > _MOST_BRANCHES:
            raise Unusable(f"more than {_MOST_BRANCHES} lists or objects are made in it")

    def find(self, item: Any, steps: Steps) -> Any:
        """What it finds in a JSON value; None where there is nothing or a function does not fit. Raises TooCostly."""
        if self._tree is None:
            return None
        try:
            return _Counting(steps).visit(self._tree, item)
        except (JMESPathError, AttributeError, TypeError, ValueError, KeyError, ArithmeticError):
            return None
        except RecursionError as error:
            raise TooCostly from error


class _Counting(TreeInterpreter):
    """An interpreter that counts, and gives up."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps
        self._end = steps.taken + steps.most

    def visit(self, node: Any, *args: Any, **more: Any) -> Any:
        self._take(1)
        found = super().visit(node, *args, **more)
        if isinstance(found, str):
            # `to_string(to_array(…))` doubles its quotation marks: a dozen of them in a row would fill any memory.
            self._take(len(found) // _CHARACTERS_A_STEP)
        return found

    def _take(self, steps: int) -> None:
        self._steps.taken += steps
        if self._steps.taken > self._end:
            raise TooCostly


def _branches(node: Any) -> int:
    """How many lists and objects an expression makes."""
    children = [child for child in node.get("children", ()) if isinstance(child, dict)]
    own = node.get("type") in ("multi_select_list", "multi_select_dict")
    return own + sum(map(_branches, children))
