"""PostgreSQL goes away and comes back underneath a working installation, by a shutdown and as by a crash."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.scene import opened_scene
from tests.postgres import OwnServer, own_postgres
from tests.processes import NotInstalled

pytestmark = [pytest.mark.kills, pytest.mark.timeout(600)]


@pytest.fixture
def server() -> Iterator[OwnServer]:
    """With commits that reach the disk before they are told, as an installation's server has them."""
    try:
        with own_postgres(synchronous_commit="on") as server:
            yield server
    except NotInstalled as missing:
        pytest.skip(str(missing))


def test_a_database_that_restarts_underneath_costs_no_message_and_doubles_no_answer(
    server: OwnServer, tmp_path: Path
) -> None:
    url = server.create()
    with opened_scene(tmp_path, url) as scene:
        scene.worker.start()
        scene.desk.start()
        scene.says("hello before anything went wrong")
        scene.wait_until_settled()
        for how in (signal.SIGINT, signal.SIGQUIT):
            scene.network.fails(next_sends=["drop"])
            scene.says(f"said while the database goes by {how.name}")
            scene.hurries()
            server.stop(how)
            scene.says(f"said without a database after {how.name}")
            server.start()
            scene.wait_until_settled()
        assert scene.worker.end() == 0
        scene.desk.kill()
        scene.judge()
