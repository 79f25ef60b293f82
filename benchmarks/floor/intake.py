"""The reference's intake: one message by POST, its HTML cleaned, in one durable transaction."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask, request

from benchmarks.floor.conversations import TEAMS, Arrival
from benchmarks.floor.ingest import take
from hub.kernel.sqlite import sqlite3


def add_intake(app: Flask, connection: Callable[[], sqlite3.Connection]) -> None:
    @app.post("/intake")
    def intake() -> dict[str, str]:
        told = request.get_json()
        thread = int(told["thread"][1:])
        message = Arrival(
            team=thread % TEAMS,
            contact=int(told["author"]["id"][1:]),
            thread=thread,
            remote_id=told["id"],
            body=told["html"],
            at=int(time.time()),
        )
        execute = connection().execute
        execute("BEGIN IMMEDIATE")
        take(execute, message, with_html=True, with_search=False)
        execute("COMMIT")
        return {"status": "kept"}
