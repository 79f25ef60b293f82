"""The two servers that are measured, each in a process of its own: `hub serve` and the reference application."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub.kernel.config import Config

ROOT = Path(__file__).parents[1]
_STARTING_SECONDS = 60.0


@contextlib.contextmanager
def hub_server(config: Config) -> Iterator[int]:
    """Serve an installation as an operator would; yields the port."""
    port = _free_port()
    environ = {"HUB_DATA": str(config.data.absolute()), "HUB_DATABASE_URL": config.database_url, "HUB_BASE_URL": ""}
    with _running(["hub", "serve", "--port", str(port)], port, environ, config.data / "serve.log"):
        yield port


@contextlib.contextmanager
def floor_server(file: Path) -> Iterator[int]:
    port = _free_port()
    with _running(["benchmarks.floor.refapp", str(file), str(port)], port, {}, file.with_suffix(".log")):
        yield port


@contextlib.contextmanager
def _running(module: Sequence[str], port: int, environ: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env={**os.environ, **environ}, stdout=output, stderr=output
        )
    try:
        _wait(program, port, log)
        yield
    finally:
        program.terminate()
        program.wait(30)


def _wait(program: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTING_SECONDS
    while True:
        if program.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
