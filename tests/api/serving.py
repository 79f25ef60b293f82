"""The whole web process of an installation, listening on a port of its own while a test runs."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator

from hub.app import build_web
from hub.channels.connectors import Connectors
from hub.kernel.hub import Hub
from hub.web.server import make_server

PATIENCE_SECONDS = 60.0


@contextlib.contextmanager
def served(hub: Hub, connectors: Connectors) -> Iterator[str]:
    """The address at which it answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(build_web(hub, connectors))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        port = listening.getsockname()[1]
        _wait_until_it_answers(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        listening.close()
        assert not thread.is_alive()


def _wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        try:
            client.request("GET", "/health/live")
            client.getresponse().read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
        finally:
            client.close()
