"""A process that dies at any named point, whatever the network did before: another worker ends it well."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from hub.kernel.crash import POINTS
from hub.kernel.hub import Hub
from hub.outbox.model import State
from hub.testing.fake import FakeNetwork
from tests.disks import quick_folder
from tests.house import sources
from tests.inbox.installation import Stage, installation
from tests.outbox.networks import UNRECONCILABLE, LooseNetwork
from tests.outbox.world import World

FAULTS = ("ok", "drop", "refuse", "down", "limit", "gone", "signed_out", "bug", "crash")
REPLY_POINTS = [point for point in POINTS if not point.startswith("observe.")]
NETWORKS = {"reserving": (FakeNetwork, None), "loose": (LooseNetwork, None), "mute": (LooseNetwork, UNRECONCILABLE)}


@pytest.fixture(scope="module", params=list(NETWORKS))
def shared(request: pytest.FixtureRequest) -> Iterator[tuple[Hub, str]]:
    """One installation for all points and faults; each test has a channel of its own in it."""
    with quick_folder() as folder, installation(folder) as hub:
        yield hub, request.param


@pytest.fixture
def world(shared: tuple[Hub, str]) -> World:
    hub, kind = shared
    network, features = NETWORKS[kind]
    stage = Stage(hub, network(hub.clock), features=features)
    return World(hub=hub, fake=stage.fake, desk=stage)


def asked(world: World) -> None:
    world.fake.says("a question", id=f"q{world.desk.channel_id}")
    world.pulls()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("point", REPLY_POINTS)
def test_whoever_dies_wherever_the_reply_arrives_once_or_is_told_to_be_open(
    world: World, point: str, fault: str
) -> None:
    asked(world)
    if point == "reply.stored":
        world.writes_and_dies()
    else:
        world.writes()
    world.fake.fails(fault)
    world.ticks(11)
    world.sends("anna", dies_at=point)
    world.check()
    world.passes_every_deadline()
    world.resolves("anna", dies_at=point)
    world.pulls(dies_at=point)
    world.fake.recovers()
    world.signs_in()
    world.recovers()
    world.check_settled()
    # Who died before the call was made has not heard the refusal: the reply went out afterwards.
    possible = {State.SENT} | ({State.FAILED} if fault in ("refuse", "gone") else set())
    assert world.item(world.written[0]).state in possible | (set() if world.can_be_asked else {State.UNKNOWN})


@pytest.mark.parametrize("fault", ["ok", "drop"])
@pytest.mark.parametrize("point", [point for point in REPLY_POINTS if point.startswith(("send.", "resolve."))])
def test_whoever_dies_wherever_what_was_pressed_is_done_in_the_end(world: World, point: str, fault: str) -> None:
    asked(world)
    world.presses("like")
    world.presses("unlike")
    world.fake.fails(fault)
    world.sends("anna", dies_at=point)
    world.check()
    world.passes_every_deadline()
    world.resolves("anna", dies_at=point)
    world.recovers()
    world.check_settled()
    assert {world.item(pressed).state for pressed in world.pressed} == {State.SENT}


def test_every_point_is_really_passed() -> None:
    """A point that no code names would make the test above prove nothing."""
    code = "".join(source.text for source in sources() if source.is_product)
    assert set(re.findall(r'hub\.reach\("([a-z_.]+)"\)', code)) == set(POINTS)
