"""A backup older than what was sent is brought back to real processes, and the network's own log says that nothing
arrives twice."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import pytest

from hub.archive.backup import take
from hub.archive.model import Wanted
from hub.archive.restore import restore
from hub.kernel.clock import system_clock
from hub.kernel.hub import open_hub
from tests.crash.scene import Scene, opened_scene
from tests.processes import wait_until

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]


def test_after_an_older_backup_is_restored_nothing_arrives_twice(tmp_path: Path, engine_url: str) -> None:
    file = tmp_path / "hub.backup"
    with opened_scene(tmp_path, engine_url) as scene:
        for number in range(8):
            scene.says(f"question {number}")
        scene.worker.start()
        wait_until(lambda: _has_pulled(scene), "the questions to come in")
        scene.worker.end()
        scene.desk.start()
        wait_until(lambda: scene.states()["queued"] == 8, "an answer to each")
        take(scene.hub.config, scene.hub.database, file, now=system_clock())
        scene.worker.start()
        scene.says("asked after the backup")
        scene.wait_until_settled()
        scene.worker.end()
        scene.desk.kill()
        scene.judge()
        before = Counter(arrival.text for arrival in scene.network.arrivals())
        scene.hub.close()
        restored = restore(scene.hub.config, file, Wanted(replace=True), now=system_clock())
        scene.hub = open_hub(scene.hub.config)
        with contextlib.closing(scene.hub):
            scene.worker.start()
            wait_until(lambda: _is_quiet(scene), "the echoes to come in")
            scene.worker.end()
            scene.judge()
    assert Counter(arrival.text for arrival in scene.network.arrivals()) == before
    assert restored.held == 8


def _has_pulled(scene: Scene) -> bool:
    scene.hurries()
    return len(scene.message_ids()) == len(scene.said)


def _is_quiet(scene: Scene) -> bool:
    """Everything said is in the inbox again, and what was held is known to have arrived."""
    scene.hurries()
    with scene.hub.database.reading() as session:
        ours = session.all("SELECT remote_id FROM messages WHERE direction = 'out' AND remote_id IS NOT NULL")
    everything_is_here = len(ours) == len(scene.network.arrivals()) and len(scene.message_ids()) == len(scene.said)
    return everything_is_here and scene.states().keys() <= {"sent"}
