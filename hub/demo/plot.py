"""The words in which the story is written: scenes, and what happens in them how many hours before now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from hub.connector import Attachment, Visibility

DACH = "@brightwater"
BALKAN = "@brightwater_balkan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Something that happens `ago` before the end of the story."""

    ago: timedelta
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Beat):
    """The customer speaks: to us first, then in answer to what stands last in the scene."""

    picture: Attachment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Beat):
    """The scene's agent answers through the inbox. `fate`: what the network makes of it."""

    fate: str = "arrives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted(Beat):
    """We announce something on the network itself; other scenes are answers to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Beat):
    """The customer edits what they said first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn(Beat):
    """The customer deletes what they said first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Beat):
    """The scene's agent reads it and leaves it for later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One customer's exchange with one account. `under`: the scene whose post it is an answer to."""

    name: str
    account: str
    who: str
    agent: str = ""
    beats: tuple[Beat, ...]
    under: str = ""
    visibility: Visibility = Visibility.PUBLIC
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A beat in its place: the `number`th of its scene."""

    scene: Scene
    number: int
    beat: Beat

    @property
    def id(self) -> str:
        return f"{self.scene.name}-{self.number}"


def cues(scenes: Iterable[Scene]) -> list[Cue]:
    """Everything that happens, in the order it happens."""
    return sorted(_cues(scenes), key=lambda cue: -cue.beat.ago)


def _cues(scenes: Iterable[Scene]) -> Iterator[Cue]:
    for scene in scenes:
        for number, beat in enumerate(scene.beats):
            yield Cue(scene=scene, number=number, beat=beat)


def asked(hours: float, text: str, *, picture: Attachment | None = None) -> Asked:
    return Asked(ago=timedelta(hours=hours), text=text, picture=picture)


def answered(hours: float, text: str, *, fate: str = "arrives") -> Answered:
    return Answered(ago=timedelta(hours=hours), text=text, fate=fate)


def posted(hours: float, text: str) -> Posted:
    return Posted(ago=timedelta(hours=hours), text=text)


def corrected(hours: float, text: str) -> Corrected:
    return Corrected(ago=timedelta(hours=hours), text=text)


def withdrawn(hours: float) -> Withdrawn:
    return Withdrawn(ago=timedelta(hours=hours))


def opened(hours: float) -> Opened:
    return Opened(ago=timedelta(hours=hours))
