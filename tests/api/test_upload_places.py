"""Large requests over real connections: who is nobody holds no place, no memory and no connection by them."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from hub.kernel.origin import origin_of
from hub.people.model import Role, TokenScope
from hub.web import protocol
from hub.web.security import session_cookie
from hub.web.upload_places import MOST_OF_ONE, MOST_UPLOADS
from tests.api.client import Programs
from tests.api.serving import PATIENCE_SECONDS, served
from tests.kernel.test_images import picture
from tests.processes import wait_until

LARGE = 20_000_000
PAGES = ["/uploads", "/conversations/1/replies", "/conversations/1/draft"]
MEDIA = "/api/v1/media"
FORM = "multipart/form-data; boundary=x"


@pytest.fixture
def address(on_sqlite: Programs) -> Iterator[str]:
    with served(on_sqlite.hub, on_sqlite.desk.connectors) as found:
        yield urlsplit(found).netloc


def nobody(_: Programs) -> dict[str, str]:
    return {}


def a_session_that_never_was(programs: Programs) -> dict[str, str]:
    return {"Cookie": f"{cookie_of(programs)}={'x' * 43}"}


def a_token_that_never_was(_: Programs) -> dict[str, str]:
    return {"Authorization": f"Bearer hub_{'x' * 43}"}


def a_token_for_something_else(programs: Programs) -> dict[str, str]:
    return {"Authorization": f"Bearer {programs.start(Role.AGENT, TokenScope.READ).token}"}


def a_token_on_a_page(programs: Programs) -> dict[str, str]:
    return {"Authorization": f"Bearer {programs.start().token}"}


def a_session_at_the_api(programs: Programs) -> dict[str, str]:
    return signed_in(programs)


def signed_in(programs: Programs) -> dict[str, str]:
    return {"Cookie": f"{cookie_of(programs)}={programs.crew.token(programs.hire())}"}


def cookie_of(programs: Programs) -> str:
    return session_cookie(origin_of(programs.hub.config))


def begin(address: str, path: str, headers: dict[str, str]) -> socket.socket:
    """Announce a large picture and send nothing of it."""
    host, _, port = address.partition(":")
    opened = socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)
    told = {"Host": address, "Content-Type": FORM, "Content-Length": str(LARGE), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    opened.sendall(("\r\n".join(lines) + "\r\n\r\n--x\r\n").encode())
    return opened


def hand_in(address: str, token: str) -> int:
    """A picture as a program hands it in, larger than other requests may be; the status of the answer."""
    body = picture("PNG") + bytes(3_000_000)
    parts = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + body + b"\r\n--x--\r\n"
    client = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
    try:
        client.request("POST", MEDIA, parts, {"Authorization": f"Bearer {token}", "Content-Type": FORM})
        answer = client.getresponse()
        answer.read()
        return answer.status
    finally:
        client.close()


def status_of(opened: socket.socket) -> int:
    said = opened.makefile("rb").readline()
    return int(said.split()[1])


@pytest.mark.parametrize(
    ("path", "sender"),
    [
        *((path, nobody) for path in (*PAGES, MEDIA)),
        (PAGES[0], a_session_that_never_was),
        (MEDIA, a_token_that_never_was),
        (MEDIA, a_token_for_something_else),
        (MEDIA, a_session_at_the_api),
        (PAGES[0], a_token_on_a_page),
    ],
)
def test_whoever_may_not_send_pictures_takes_no_place_from_those_who_may(
    address: str,
    on_sqlite: Programs,
    path: str,
    sender: Callable[[Programs], dict[str, str]],
) -> None:
    token = on_sqlite.start().token
    headers = sender(on_sqlite)
    slow = [begin(address, path, headers) for _ in range(MOST_UPLOADS)]
    try:
        told = {status_of(each) for each in slow}
        assert told <= ({401, 403} if path == MEDIA else {303})
        assert hand_in(address, token) == 201
    finally:
        for each in slow:
            each.close()


def test_whoever_may_send_pictures_holds_places_while_theirs_come_in_but_not_all(
    address: str, on_sqlite: Programs
) -> None:
    token, colleague = on_sqlite.start().token, on_sqlite.start().token
    slow: list[socket.socket] = []
    try:
        while hand_in(address, token) != 503:  # one that gets in before may keep a slow one out
            assert len(slow) < 3 * MOST_UPLOADS
            slow.append(begin(address, MEDIA, {"Authorization": f"Bearer {token}"}))
        assert len(slow) >= MOST_OF_ONE
        assert hand_in(address, colleague) == 201
    finally:
        for each in slow:
            each.close()
    wait_until(lambda: hand_in(address, token) == 201, "a place to be free")


def test_a_connection_that_was_answered_is_not_held_by_what_nobody_reads(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "REQUEST_SECONDS", 3.0)
    opened = begin(address, MEDIA, {})
    with opened, opened.makefile("rb") as said:
        assert b"401" in said.readline()
        opened.sendall(b"x")
        with contextlib.suppress(ConnectionResetError):
            said.read()  # until the server has ended it; else the socket's patience does, and fails the test
