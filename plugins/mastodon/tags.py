"""What is said under the hashtags we watch, whether or not it names us. The reading of one step through that list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .items import entry_of, id_of
from .mapping import Raw
from .walk import Step, Walk

TAG = "tag"
"""How what is said under a hashtag came to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """How far the list of some hashtags was read."""

    tags: tuple[str, ...] = ()
    walk: Walk = field(default_factory=Walk)

    def of(self, tags: tuple[str, ...]) -> Tagged:
        """The same for these; others than before are followed from now on."""
        return self if tags == self.tags else Tagged(tags=tags)

    def took(self, items: Sequence[Any]) -> tuple[Tagged, Step]:
        """Go on after an answer. What stands there when we begin is passed over."""
        step = self.walk.took([entry_of(item) for item in items])
        if self.walk.newest_at and not step.lost:
            return replace(self, walk=step.walk), step
        begun = replace(step.walk, below=None)
        return replace(self, walk=begun), replace(step, walk=begun, fresh=(), more=False)


def fresh_of(items: Sequence[Any], step: Step) -> list[Raw]:
    """What is new among the items, oldest first."""
    fresh = set(step.fresh)
    return [item for item in reversed(items) if isinstance(item, dict) and id_of(item) in fresh]
