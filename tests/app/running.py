"""A whole installation as its operator runs it: `hub up` in a process of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.processes import end_group, free_port, start_program, wait_until

_HUB = [sys.executable, "-m", "hub"]


class Installation:
    """`hub up` on a folder; `pid_of` finds its children by what the supervisor logged."""

    def __init__(self, folder: Path, *, database_url: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.output = folder.with_name(f"{folder.name}.log")
        self.environ = {"HUB_DATA": str(folder), "HUB_DATABASE_URL": database_url}

    @contextlib.contextmanager
    def running(self) -> Iterator[Installation]:
        self.program = start_program([*_HUB, "up", "--port", str(self.port)], log=self.output, env=self.environ)
        try:
            wait_until(self.is_ready, "hub up", alive=self.program)
            yield self
        finally:
            end_group(self.program)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `hub` command on the same folder, in a process of its own."""
        environ = {**os.environ, **self.environ}
        return subprocess.run(
            [*_HUB, *arguments], env=environ, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
        )

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        try:
            return self.get("/health/ready")[0] == 200
        except OSError:
            return False

    @property
    def said(self) -> str:
        return self.output.read_text()

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.said.splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def pid_of(self, name: str) -> int:
        """The child that runs now."""
        return [int(line["pid"]) for line in self.logged("started") if line["program"] == name][-1]

    @property
    def supervisor(self) -> int:
        """The supervisor is the parent of its children."""
        status = Path(f"/proc/{self.pid_of('web')}/status").read_text()
        return int(re.findall(r"PPid:\s+(\d+)", status)[0])

    def tell(self, pid: int, number: signal.Signals) -> None:
        os.kill(pid, number)
