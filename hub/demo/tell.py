"""Has the demo company's last three weeks happen in an installation, once, however often it is interrupted."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from hub.channels import store as channel_store
from hub.channels.connectors import Connectors, InlineConnectors
from hub.channels.host import Host
from hub.connector import Context
from hub.demo import company
from hub.demo.clock import StoryClock
from hub.demo.play import Players
from hub.demo.plot import cues
from hub.demo.stage import Stage, open_stage
from hub.demo.story import STORY
from hub.inbox import pictures
from hub.kernel.clock import Clock, from_micros, system_clock, to_micros
from hub.kernel.config import Config
from hub.kernel.hub import Hub, fact, open_hub, set_fact

_LENGTH = timedelta(weeks=3)
_BEFORE_THE_HUB = timedelta(weeks=2)
_BEGAN, _NEXT, _TOLD = "demo_began", "demo_next", "told"


def tell(config: Config, *, clock: Clock = system_clock) -> None:
    """Have the last three weeks happen in a prepared installation; where they have, nothing.

    An interrupted call is gone on with by the next one. Raises what `open_hub` raises.
    """
    story_clock = StoryClock(clock())
    with contextlib.closing(open_hub(config, clock=story_clock)) as hub:
        if _state(hub, _NEXT) != _TOLD:
            with contextlib.closing(open_stage(hub, story_clock)) as stage, _inside(hub) as connectors:
                _tell(hub, stage, connectors, story_clock)


def _tell(hub: Hub, stage: Stage, connectors: Connectors, clock: StoryClock) -> None:
    end = _began(hub, clock() - _LENGTH) + _LENGTH
    clock.move_to(end - _LENGTH)
    stage.hush()
    people = company.found(hub)
    clock.move_to(end - _LENGTH + _BEFORE_THE_HUB)
    stage.history(weeks=_BEFORE_THE_HUB / timedelta(weeks=1), loose_ends=False)
    players = Players(
        hub=hub,
        clock=clock,
        stage=stage,
        connectors=connectors,
        channels=company.connect(hub, connectors),
        agents={email: agent.id for email, agent in people.items()},
    )
    _play(players, end)
    for address, body in stage.pictures().items():
        pictures.keep(hub, address, body)
    stage.hush(False)
    with hub.database.transaction() as session:
        for channel_id in players.channels.values():
            channel_store.pull_soon(session, channel_id, now=clock())
        set_fact(session, _NEXT, _TOLD)


def _play(players: Players, end: datetime) -> None:
    reached = int(_state(players.hub, _NEXT) or 0)
    if not reached:
        for account in players.channels:
            players.pull(account)
    for number, cue in enumerate(cues(STORY)):
        if number < reached:
            players.recall(cue)
        else:
            players.perform(cue, end)
            _note(players.hub, _NEXT, str(number + 1))
    players.clock.move_to(end)


def _began(hub: Hub, proposed: datetime) -> datetime:
    """When the story began: what the first call decided holds for the ones that go on with it."""
    known = _state(hub, _BEGAN)
    if known is None:
        _note(hub, _BEGAN, str(to_micros(proposed)))
        return proposed
    return from_micros(int(known))


def _state(hub: Hub, name: str) -> str | None:
    with hub.database.reading() as session:
        return fact(session, name)


def _note(hub: Hub, name: str, value: str) -> None:
    with hub.database.transaction() as session:
        set_fact(session, name, value)


@contextlib.contextmanager
def _inside(hub: Hub) -> Iterator[Connectors]:
    """Connectors that live in this process, by the story's clock."""

    def context(kind: str) -> Context:
        return Context(http=hub.door, clock=hub.clock, log=logging.getLogger(kind), data=Path(hub.config.data))

    with contextlib.closing(InlineConnectors(hub.plugins, Host(hub.plugins, context))) as connectors:
        yield connectors
