"""The words of this subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


class Part(StrEnum):
    """What was looked at."""

    FOLDER = "folder"
    DATABASE = "database"
    KEY = "key"
    PLUGINS = "plugins"
    CLOCK = "clock"
    WORKER = "worker"
    CHANNELS = "channels"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing seen: `advice` says how to mend it, empty where nothing is to be done; `facts` are for scripts."""

    part: Part
    level: Level = Level.OK
    text: str
    advice: str = ""
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)
