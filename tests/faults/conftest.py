"""A network, real or an emulator of it, and the whole line to it through a proxy that breaks things."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from hub.testing.server import FakeServer
from tests.faults.line import Line, Peer
from tests.faults.peers import ANSWERING, FeedPeer, answering_peer
from tests.faults.proxy import fault_proxy


@pytest.fixture(scope="module", params=["feed", *ANSWERING])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    with contextlib.ExitStack() as running:
        if request.param == "feed":
            yield FeedPeer(running.enter_context(FakeServer()))
        else:
            yield answering_peer(request)


@pytest.fixture(scope="module")
def line(peer: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One channel for all faults of a network: what one of them leaves behind, the next one would meet."""
    with fault_proxy(peer.url) as proxy, contextlib.closing(Line(peer, proxy, tmp_path_factory.mktemp("line"))) as line:
        assert line.pulls() is None
        yield line
