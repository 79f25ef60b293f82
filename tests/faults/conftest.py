"""A network, real or an emulator of it, and the whole line to it through a proxy that breaks things."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from hub.testing.server import FakeServer
from tests.faults.line import Line, Peer
from tests.faults.peers import ANSWERING, PLAYED, WebhookPeer, answering_peer
from tests.faults.proxy import fault_proxy


@pytest.fixture(scope="module", params=["feed", *ANSWERING])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    """Each network that is asked what is new; who only posts to us is asked for by name."""
    with contextlib.ExitStack() as running:
        if request.param in PLAYED:
            yield PLAYED[request.param](running.enter_context(FakeServer()))
        else:
            yield answering_peer(request)


@pytest.fixture(scope="module")
def line(peer: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One channel for all faults of a network: what one of them leaves behind, the next one would meet."""
    with fault_proxy(peer.url) as proxy, contextlib.closing(Line(peer, proxy, tmp_path_factory.mktemp("line"))) as line:
        if isinstance(peer, WebhookPeer):
            peer.line = line
        assert line.pulls() is None
        yield line
