"""kill -9 of worker and desk at random moments: nothing said is lost or doubled, no answer arrives twice."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from tests.crash.scene import Process, Scene, opened_scene

ROUNDS = int(os.environ.get("HUB_ROUNDS", "20"))
SEED = int(os.environ.get("HUB_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
FAULTS = ("ok", "ok", "ok", "ok", "drop", "drop", "down")

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600 + ROUNDS * 8)]


def test_killed_at_random_moments_everything_comes_in_once_and_goes_out_once(tmp_path: Path, engine_url: str) -> None:
    """HUB_ROUNDS sets how often; HUB_SEED repeats a run, as far as processes can be repeated."""
    print(f"HUB_SEED={SEED} HUB_ROUNDS={ROUNDS}")
    chance = random.Random(SEED)
    with opened_scene(tmp_path, engine_url) as scene:
        scene.worker.start()
        scene.desk.start()
        for number in range(ROUNDS if not engine_url else max(ROUNDS // 2, 1)):
            _play(scene, chance, number)
            for victim in _victims(scene, chance):
                victim.kill()
                victim.start()
        scene.wait_until_settled()
        assert scene.worker.end() == 0
        scene.desk.kill()
        scene.judge()


def _play(scene: Scene, chance: random.Random, number: int) -> None:
    """People talk, the network has its moods, and time passes until the next kill."""
    for message in range(chance.randint(1, 4)):
        scene.says(f"question {number}.{message}")
    if chance.random() < 0.3:
        scene.edits(chance.choice(list(scene.said)), f"changed in round {number}")
    waiting = scene.network.script("send")
    if len(waiting) < 6:
        # Few enough that no worker sees the five crashes after which a plugin is kept out.
        crash = ["crash"] if number % 4 == 0 and "crash" not in waiting else []
        scene.network.fails(next_sends=[chance.choice(FAULTS) for _ in range(3)] + crash)
    scene.hurries()
    # Not to wait for anything: the moment of the kill is what is tried.
    threading.Event().wait(chance.uniform(0.1, 2.5))


def _victims(scene: Scene, chance: random.Random) -> list[Process]:
    return chance.choice([[scene.worker], [scene.desk], [scene.worker, scene.desk]])
