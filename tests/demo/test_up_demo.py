"""`hub up --demo` as a stranger tries it: one command, a link, an answer, and somebody who answers back."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_plugins.sandbox import open_network

from hub.kernel.clock import system_clock
from tests.demo.visit import DemoInstallation, Visitor
from tests.processes import wait_until

pytestmark = pytest.mark.kills


@pytest.fixture
def demo(tmp_path: Path) -> DemoInstallation:
    return DemoInstallation(tmp_path / "demo")


@contextlib.contextmanager
def visiting(demo: DemoInstallation) -> Iterator[Visitor]:
    with contextlib.closing(Visitor(demo)) as visitor:
        yield visitor


def test_a_stranger_answers_somebody_and_is_answered(demo: DemoInstallation) -> None:
    with demo.running(), visiting(demo) as visitor:
        assert f"Hubbub is at http://127.0.0.1:{demo.port}" in demo.said
        inbox = visitor.comes_in(demo.links["Ana Kovač"])
        assert all(name in inbox for name in ("Lena Brandt", "Milan Petrović", "Joanna Wójcik", "Дарья Кузнецова"))
        asked = visitor.finds("you take the used ones back")
        visitor.answers(asked, "Put them in any box and leave it at the parcel shop, we pay.")
        wait_until(lambda: arrived(demo) == 1, "the arrival of the answer")
        wait_until(lambda: len(visitor.reads(asked)) == 2, "what Tom says to it")
        assert "Brilliant, that answers it. Thanks!" in visitor.reads(asked)[1]


def test_ctrl_c_stops_it_cleanly_and_the_next_start_goes_on(demo: DemoInstallation) -> None:
    with visiting(demo) as visitor:
        with demo.running():
            visitor.comes_in(demo.links["Ana Kovač"])
            demo.tell(demo.supervisor, signal.SIGINT)
            wait_until(lambda: "exit code" in demo.said, "the end")
            assert "exit code 0" in demo.said
            assert not demo.logged("killed")
        with demo.running():
            assert set(demo.links) == {"Admin"}, "Ana has come in already"
            assert visitor.finds("you take the used ones back")


def test_people_start_to_talk_by_themselves(demo: DemoInstallation) -> None:
    with demo.running(), visiting(demo) as visitor:
        visitor.comes_in(demo.links["Admin"])
        wait_until(lambda: "Kartuschenanzeige" in visitor.opens("/inbox"), "the first mention")


def arrived(demo: DemoInstallation) -> int:
    with contextlib.closing(open_network(demo.folder, system_clock)) as network:
        return [arrival.text for arrival in network.arrivals()].count(
            "Put them in any box and leave it at the parcel shop, we pay."
        )
