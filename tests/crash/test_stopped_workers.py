"""Workers that stand still past their lease, as a machine does that swaps or is suspended, and are woken again.

Nothing is hurried here but what is merely due: that a worker is silent, and that a call's time is over, is waited for.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import pytest

from tests.crash.scene import Process, Scene, opened_scene
from tests.processes import wait_until

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]

POINTS = ("send.claimed", "send.begun", "send.answered", "pull.fetched")


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_workers_woken_past_their_lease_double_nothing_of_what_another_did(tmp_path: Path, engine_url: str) -> None:
    with opened_scene(tmp_path, engine_url) as scene, contextlib.ExitStack() as ended:
        scene.desk.start()
        asleep = [_falls_asleep(scene, point, ended) for point in POINTS]
        scene.worker.start()
        wait_until(scene.is_settled, "the healthy worker to do what the others had begun", seconds=150)
        for worker in asleep:
            worker.tell(signal.SIGCONT)
        scene.says("and are you all awake again?")
        wait_until(scene.is_settled, "all to work together")
        for worker in (*asleep, scene.worker):
            assert worker.end() == 0
        scene.desk.kill()
        scene.judge()


def _falls_asleep(scene: Scene, point: str, ended: contextlib.ExitStack) -> Process:
    """Another worker, which stands still when it comes to that point of the answer to what is said now."""
    worker = scene.another_worker()
    ended.callback(worker.close)
    worker.start(HUB_STOP_AT=point)
    scene.says(f"question for the one that stops at {point}")

    def stands_still() -> bool:
        if not worker.stands_still:
            scene.hurries()
        return worker.stands_still

    wait_until(stands_still, f"a worker to stand still at {point}")
    return worker
