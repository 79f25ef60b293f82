"""A real disk without any room under the web process: it says so before it takes anything, and goes on by itself."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from hub.app import build_web
from hub.engine import store as workers
from hub.errors import StorageFull
from hub.inbox.uploads import store_upload
from hub.kernel.config import read_config
from hub.kernel.hub import Hub, open_hub, prepare
from hub.kernel.plugins import Plugins
from hub.web.server import make_server
from tests.disks import MAY_MOUNT, filled, small_disk
from tests.kernel.test_images import picture
from tests.plugins.webhook_desk import WebhookDesk
from tests.processes import wait_until
from tests.web.test_hooks import HELLO, Sender

pytestmark = pytest.mark.skipif(not MAY_MOUNT, reason="only root may mount a small disk")


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    with small_disk(tmp_path / "disk") as disk:
        config = read_config({}, data=disk / "data")
        prepare(config)
        with closing(open_hub(config, plugins=Plugins())) as hub, served(WebhookDesk(hub)) as sender:
            yield sender


@contextmanager
def served(desk: WebhookDesk) -> Iterator[Sender]:
    server = make_server(build_web(desk.hub, desk.connectors))
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Sender(listening.getsockname()[1], desk)
    finally:
        server.should_exit = True
        thread.join(120)


def is_ready(sender: Sender) -> bool:
    """What the node says while its worker does all it can."""
    hub = sender.desk.hub
    with suppress(StorageFull), hub.database.transaction() as session:
        workers.beat(session, "w", role="worker", now=hub.clock())
    connection = http.client.HTTPConnection("127.0.0.1", sender.port, timeout=120)
    with closing(connection):
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200


def test_posters_are_put_off_and_the_node_is_not_ready_until_there_is_room(sender: Sender) -> None:
    hub = sender.desk.hub
    wait_until(lambda: is_ready(sender), "the node")
    assert sender.posts() == (202, "kept")
    with filled(disk_of(hub)):
        until_full(sender)
        assert sender.posts(LONG, name="d2") == (503, "not_now")
        assert sender.headers["retry-after"] == "5"
        wait_until(lambda: not is_ready(sender), "the node to say that it is not ready")
    assert sender.posts(LONG, name="d2") == (202, "kept")
    wait_until(lambda: is_ready(sender), "the node to be ready again")
    sender.desk.pulls()
    assert sender.desk.texts().count("Where is my order?") == 1
    with hub.database.reading() as session:
        assert [dict(row) for row in session.all("PRAGMA integrity_check")] == [{"integrity_check": "ok"}]


def test_a_picture_there_is_no_room_for_is_refused_and_leaves_nothing(sender: Sender) -> None:
    desk = sender.desk
    with filled(disk_of(desk.hub)), pytest.raises(StorageFull):
        store_upload(desk.hub, desk.agent, picture("PNG", (600, 600)), "cartridge.png")
    assert [file for file in desk.hub.config.media.rglob("*") if file.is_file()] == []
    kept = store_upload(desk.hub, desk.agent, picture("PNG", (600, 600)), "cartridge.png")
    with desk.hub.database.reading() as session:
        assert [row["id"] for row in session.all("SELECT id FROM uploads")] == [kept.id]


LONG = {**HELLO, "id": "18", "text": "long " * 4000}


def until_full(sender: Sender) -> None:
    """SQLite's journal has some room of its own that it writes over; use it up."""
    numbers = iter(range(2000))
    wait_until(lambda: sender.posts(LONG, name=f"filler {next(numbers)}")[0] == 503, "the disk to be full")


def disk_of(hub: Hub) -> Path:
    return hub.config.data.parent
