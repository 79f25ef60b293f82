"""An internet for tests: names with the addresses they resolve to, and a fake server behind each public address."""

from __future__ import annotations

import socket
from typing import Any, Self

from hub.kernel.http import Door
from hub.kernel.http.connection import GuardedSocket, dial
from hub.testing.server import FakeServer

PUBLIC = "45.33.32.156"
OTHER_PUBLIC = "93.184.216.34"


class Internet:
    """`dialled` lists every address a connection was really opened to, in order; `asked` every name looked up."""

    def __init__(self) -> None:
        self.dialled: list[str] = []
        self.asked: list[str] = []
        self._records: dict[str, list[tuple[str, ...]]] = {}
        self._servers: dict[str, FakeServer] = {}

    def name(self, host: str, *answers: str | tuple[str, ...]) -> Self:
        """Each look-up of `host` takes the next answer; the last one stays."""
        self._records[host] = [(answer,) if isinstance(answer, str) else answer for answer in answers]
        return self

    def host(self, ip: str, server: FakeServer) -> Self:
        self._servers[ip] = server
        return self

    def serve(self, host: str, server: FakeServer, ip: str = PUBLIC) -> Self:
        return self.name(host, ip).host(ip, server)

    def door(self, **options: Any) -> Door:
        return Door(resolve=self.resolve, open_socket=self.open_socket, **options)

    def resolve(self, host: str, port: int, *hints: int) -> list[Any]:
        self.asked.append(host)
        records = self._records.get(host)
        if not records:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answer = records.pop(0) if len(records) > 1 else records[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in answer]

    def open_socket(self, ip: str, port: int, seconds: float) -> GuardedSocket:
        self.dialled.append(ip)
        if ip not in self._servers:
            raise ConnectionRefusedError(ip)
        return dial(self._servers[ip].host, self._servers[ip].port, seconds)
