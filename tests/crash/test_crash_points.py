"""Every named point on both sides of every commit and every network call: a real process dies exactly there."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.kernel.crash import POINTS
from tests.crash.scene import opened_scene
from tests.plugging import PluginFolder
from tests.processes import wait_until

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]


@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith("hook.")])
def test_a_process_that_dies_there_loses_nothing_and_doubles_nothing(
    point: str, tmp_path: Path, plugins: PluginFolder
) -> None:
    with opened_scene(tmp_path, "") as scene:
        doomed = scene.desk if point == "reply.stored" else scene.worker
        healthy = scene.worker if doomed is scene.desk else scene.desk
        healthy.start()
        doomed.start(HUB_CRASH_AT=point)
        if point.startswith("resolve."):
            scene.network.fails(next_sends=["drop"])
        scene.says("hello?")
        wait_until(lambda: scene.goes_on_until(doomed), f"the death at {point}")
        assert doomed.wait() == 137
        scene.outlives()
        doomed.start()
        scene.says("and another one")
        scene.wait_until_settled()
        wait_until(
            lambda: set(scene.heard(plugins.folder)) == scene.message_ids(), "the listener to hear of everything"
        )
        assert scene.worker.end() == 0
        scene.desk.kill()
        scene.judge()
