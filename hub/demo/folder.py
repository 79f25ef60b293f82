"""Which folders the demo may live in: an empty one, or one it made itself."""

from __future__ import annotations

from hub.errors import Invalid
from hub.kernel.config import Config

_MADE_FIRST = frozenset({"media", "lock"})
_MADE_BY_US = frozenset({"hub.db", "key", "sandbox.db"})


def refuse_foreign(config: Config) -> None:
    """Raises Invalid("demo", "foreign_folder") when the data folder holds what is not ours.

    A real installation's folder passes here: its database says what it is when it is opened.
    """
    if not config.data.is_dir():
        return
    names = {each.name for each in config.data.iterdir()}
    if not names <= _MADE_FIRST and not names & _MADE_BY_US:
        raise Invalid("demo", "foreign_folder", folder=str(config.data))
