"""Asked to stop, a real worker finishes what is under way and leaves; asked twice, it leaves at once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.crash.scene import opened_scene
from tests.processes import wait_until

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]


def test_a_stop_under_load_leaves_nothing_claimed_and_nothing_half_sent(tmp_path: Path) -> None:
    with opened_scene(tmp_path, "") as scene:
        for number in range(30):
            scene.says(f"question {number}")
        scene.worker.start()
        scene.desk.start()
        scene.hurries()
        wait_until(lambda: bool(scene.network.arrivals()), "the first answers")
        assert scene.worker.end() == 0
        assert scene.claims() == 0
        assert scene.states().keys() <= {"queued", "sent"}
        assert scene.states()["sent"] == len(scene.network.arrivals())
        scene.worker.start()
        scene.wait_until_settled()
        scene.judge()


def test_a_second_stop_does_not_wait_for_what_hangs(tmp_path: Path) -> None:
    with opened_scene(tmp_path, "") as scene:
        scene.network.fails(next_pulls=["hang"])
        scene.worker.start()
        scene.hurries()
        wait_until(lambda: scene.claims() == 1 and not scene.network.script("pull"), "the pull that hangs")
        scene.worker.tell(signal.SIGTERM)
        wait_until(lambda: "stopping" in scene.log.read_text(), "the first stop to be taken in")
        assert scene.worker.end() == 1
        scene.says("hello?")
        scene.outlives()
        scene.worker.start()
        scene.desk.start()
        scene.wait_until_settled()
        scene.judge()
