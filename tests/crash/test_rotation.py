"""The key is changed again and again under real processes that are told nothing of it, and they go on working."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from hub.keys.rotate import old_keys, rotate
from tests.crash.scene import opened_scene
from tests.processes import wait_until

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]


def in_flight(seconds: float) -> None:
    """What was sealed with the old key is written within a second here, where nobody else is at work."""
    time.sleep(1)


def test_worker_and_desk_go_on_while_the_key_is_changed(tmp_path: Path) -> None:
    with opened_scene(tmp_path, "") as scene:
        scene.worker.start()
        scene.desk.start()
        for number in range(3):
            scene.says(f"question {number}")
            scene.hurries()
            wait_until(lambda wanted=number: len(scene.network.arrivals()) > wanted, "an answer")  # type: ignore[misc]
            changing = rotate(scene.hub.config, scene.hub.database, wait=in_flight)
            # Interrupted after another step each time; the next one finishes it.
            list(itertools.islice(changing, number + 2))
        list(rotate(scene.hub.config, scene.hub.database, wait=in_flight))
        scene.says("the last one")
        scene.wait_until_settled()
        scene.judge()
        assert len(scene.hub.config.key_file.read_text().split()) == 1
        assert len(old_keys(scene.hub.config)) >= 2
