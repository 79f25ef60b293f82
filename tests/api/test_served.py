"""The API as the web process serves it: over real connections, with what only the server can refuse."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.client import Programs
from tests.api.serving import PATIENCE_SECONDS, served


@pytest.fixture
def address(on_sqlite: Programs) -> Iterator[str]:
    with served(on_sqlite.hub, on_sqlite.desk.connectors) as found:
        yield found


def ask(address: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, dict[str, Any]]:
    client = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_SECONDS)
    try:
        client.request(method, path, body, headers)
        answer = client.getresponse()
        return answer.status, answer.headers["Content-Type"], json.loads(answer.read())
    finally:
        client.close()


def test_pages_stream_and_api_share_a_port_and_nothing_else(address: str, on_sqlite: Programs) -> None:
    on_sqlite.fake.says("is the light normal?")
    on_sqlite.desk.pulls()
    token = f"Bearer {on_sqlite.start().token}"
    status, kind, listed = ask(address, "GET", "/api/v1/conversations", Authorization=token)
    assert (status, kind, len(listed["items"])) == (200, "application/json", 1)
    assert ask(address, "GET", "/live", Authorization=token)[0] == 401


def test_a_body_that_the_server_itself_refuses_is_a_problem_as_any(address: str) -> None:
    status, kind, problem = ask(address, "POST", "/api/v1/conversations/1/replies", b"x" * 3_000_000)
    assert (status, kind, problem["code"]) == (413, "application/problem+json", "too_large")
