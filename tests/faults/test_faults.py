"""Every way a network can misbehave, at each connector, while it is pulled and while it is answered.

What the network holds in the end is the judge: a message said to us stands in the inbox once, an answer of ours stands
in the network once. One engine is enough here: what is stored under faults is tested on both in tests/outbox.
"""

from __future__ import annotations

import itertools

import pytest

from hub.channels.model import ChannelState
from hub.outbox.model import State
from hub.testing.server import Arrival
from tests.faults.line import SETTLED, Line
from tests.faults.peers import ANSWERING
from tests.faults.proxy import MODES, Mode

pytestmark = [pytest.mark.timeout(600), pytest.mark.peers]  # the first time, an emulator has to be fetched

_words = itertools.count(1)


@pytest.fixture
def said() -> str:
    return f"saying {next(_words)} of many"


def ids(mode: Mode) -> str:
    return mode.name.replace(" ", "-")


@pytest.mark.parametrize("mode", MODES, ids=ids)
def test_what_was_said_arrives_once_although_a_pull_met(mode: Mode, line: Line, said: str) -> None:
    line.peer.says(said)
    line.proxy.spoils(mode, is_reading, times=2)
    trouble = line.pulls()
    if mode.is_harmless:
        assert trouble is None
    else:
        assert trouble is not None and line.channel.trouble is not None, "the channel does not tell what is wrong"
    line.pulls()
    assert line.pulls() is None
    assert line.count(said) == 1
    assert (line.channel.state, line.channel.trouble) == (ChannelState.ACTIVE, None)


@pytest.mark.parametrize("peer", [*ANSWERING, "webhook"], indirect=True)
@pytest.mark.parametrize("mode", MODES, ids=ids)
def test_an_answer_arrives_once_although_its_sending_met(mode: Mode, line: Line, said: str) -> None:
    line.peer.says(said)
    assert line.pulls() is None
    words = f"our answer to {said}"
    outbox_id = line.answers(said, words)
    line.proxy.spoils(mode, line.peer.is_write)
    line.goes_on_until(lambda: line.item(outbox_id).state in SETTLED)
    assert line.peer.is_write(line.proxy.spoilt[-1]), "the write was never spoilt"
    assert (line.item(outbox_id).state, line.peer.arrived(words)) == (State.SENT, 1)
    line.peer.settles()
    assert line.pulls() is None
    assert line.count(words) == 1, "its echo stands beside it"


@pytest.mark.parametrize("peer", ["forgetful-webhook"], indirect=True)
@pytest.mark.parametrize("mode", MODES, ids=ids)
def test_an_answer_that_would_be_taken_twice_is_posted_once_or_left_to_a_person_although_its_sending_met(
    mode: Mode, line: Line, said: str
) -> None:
    """A receiver of webhooks cannot be asked; what it posts of ours later is the proof."""
    line.peer.says(said)
    assert line.pulls() is None
    words = f"our answer to {said}"
    outbox_id = line.answers(said, words)
    line.proxy.spoils(mode, line.peer.is_write)
    line.goes_on_until(lambda: line.item(outbox_id).state in SETTLED)
    assert line.peer.is_write(line.proxy.spoilt[-1]), "the write was never spoilt"
    ended, arrived = line.item(outbox_id).state, line.peer.arrived(words)
    assert (ended, arrived) in ([(State.SENT, 1)] if mode.is_plain else [(State.UNKNOWN, 0), (State.UNKNOWN, 1)])
    line.peer.settles()
    assert line.pulls() is None
    assert line.item(outbox_id).state is (State.SENT if arrived else State.UNKNOWN)
    assert line.count(words) == 1, "its echo stands beside it"


def is_reading(arrival: Arrival) -> bool:
    return arrival.method == "GET"
