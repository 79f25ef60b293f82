"""A worker that may open no more files: it says so, loses nothing, and goes on when it may again."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.crash.scene import opened_scene
from tests.processes import wait_until

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]


def test_a_worker_out_of_files_says_so_and_goes_on_when_there_are_some(tmp_path: Path) -> None:
    with opened_scene(tmp_path, "") as scene:
        scene.worker.start()
        scene.desk.start()
        scene.says("hello before")
        scene.wait_until_settled()
        before = resource.prlimit(scene.worker.pid, resource.RLIMIT_NOFILE)
        # Not even as many as it has: whatever it wants to open next is refused.
        resource.prlimit(scene.worker.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        scene.worker.kill_children()
        scene.says("said while no plugin can be started")
        seen = len(scene.log.read_text())

        def is_told() -> bool:
            scene.hurries()
            return "Too many open files" in scene.log.read_text()[seen:]

        wait_until(is_told, "the worker to say what is wrong")
        resource.prlimit(scene.worker.pid, resource.RLIMIT_NOFILE, before)
        scene.wait_until_settled()
        assert scene.worker.end() == 0
        scene.desk.kill()
        scene.judge()
