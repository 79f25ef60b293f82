"""Signing in at a Mastodon server in the browser, on a hand-written server; tests/peers has the emulator's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hub_plugins.mastodon import Mastodon
from hub_plugins.mastodon.connector import MastodonSettings

from hub.connector import Context, Memory
from hub.errors import ConnectorError, Misconfigured, Unavailable
from hub.kernel.http import Door
from hub.testing.clock import FrozenClock
from hub.testing.server import FakeServer
from tests.plugins.mastodon_server import TOKEN, Dialect, FakeMastodon

BACK = "https://hub.example/channels/signed-in"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"

Connect = Callable[..., Mastodon]


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> Dialect:
    chosen: Dialect = getattr(request, "param", Dialect())
    return chosen


@pytest.fixture
def server(dialect: Dialect) -> Iterator[FakeMastodon]:
    with FakeMastodon(dialect) as running:
        yield running


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def mastodon(server: FakeMastodon, memory: Memory, tmp_path: Path) -> Iterator[Mastodon]:
    door = Door(allow=[server.server.address])
    context = Context(http=door, clock=FrozenClock(), log=logging.getLogger("hub.test"), data=tmp_path, memory=memory)
    yield Mastodon(MastodonSettings(address=server.url, token=""), context)
    door.close()


@pytest.mark.parametrize(
    "dialect", [Dialect(), Dialect(pkce=False), Dialect(fine_scopes=False, bad_request=400)], indirect=True
)
@pytest.mark.parametrize("back", [BACK, OUT_OF_BAND])
def test_somebody_who_allows_it_wins_us_a_token(mastodon: Mastodon, server: FakeMastodon, back: str) -> None:
    leaving = mastodon.begin_sign_in(back)
    assert leaving.url.startswith(f"{server.url}/oauth/authorize?")
    assert "state" not in parse_qs(urlsplit(leaving.url).query)
    assert mastodon.finish_sign_in(leaving.state, server.allows(leaving.url)) == {"token": TOKEN}


def test_we_ask_for_no_more_than_we_use(mastodon: Mastodon) -> None:
    scope = parse_qs(urlsplit(mastodon.begin_sign_in(BACK).url).query)["scope"][0]
    assert set(scope.split()) == {
        "read:accounts",
        "read:notifications",
        "read:statuses",
        "write:bookmarks",
        "write:favourites",
        "write:media",
        "write:statuses",
    }


def test_our_app_is_registered_once_for_each_address(mastodon: Mastodon, server: FakeMastodon) -> None:
    for back in (BACK, BACK, OUT_OF_BAND, BACK):
        mastodon.begin_sign_in(back)
    assert [app["redirect_uris"] for app in server.apps.values()] == [BACK, OUT_OF_BAND]


def test_an_app_that_the_server_has_deleted_is_registered_anew(mastodon: Mastodon, server: FakeMastodon) -> None:
    mastodon.begin_sign_in(BACK)
    server.apps.clear()
    leaving = mastodon.begin_sign_in(BACK)
    assert mastodon.finish_sign_in(leaving.state, server.allows(leaving.url)) == {"token": TOKEN}


def test_an_app_deleted_while_somebody_signs_in_is_forgotten(
    mastodon: Mastodon, server: FakeMastodon, memory: Memory
) -> None:
    leaving = mastodon.begin_sign_in(BACK)
    back = server.allows(leaving.url)
    server.apps.clear()
    with pytest.raises(Misconfigured, match="invalid_client"):
        mastodon.finish_sign_in(leaving.state, back)
    assert memory.read() == "[]"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"error": "access_denied", "error_description": "The resource owner denied the request."}, "declined"),
        ({}, "declined"),
        ({"error": "invalid_scope"}, "sign_in_refused"),
        ({"code": "never given"}, "sign_in_refused"),
    ],
)
def test_what_wins_no_token_says_why(mastodon: Mastodon, query: dict[str, str], reason: str) -> None:
    leaving = mastodon.begin_sign_in(BACK)
    with pytest.raises(Misconfigured) as refused:
        mastodon.finish_sign_in(leaving.state, query)
    assert refused.value.reason == reason


def test_the_code_of_another_server_is_not_handed_to_this_one(mastodon: Mastodon, server: FakeMastodon) -> None:
    leaving = mastodon.begin_sign_in(BACK)
    given = server.allows(leaving.url)
    before = len(server.server.received("POST", "/oauth/token"))
    with pytest.raises(Misconfigured, match="sign_in_refused"):
        mastodon.finish_sign_in(leaving.state, {**given, "iss": "https://honest.example"})
    assert len(server.server.received("POST", "/oauth/token")) == before
    assert mastodon.finish_sign_in(leaving.state, {**given, "iss": f"{server.url}/"}) == {"token": TOKEN}


@pytest.mark.parametrize(
    ("path", "status", "error", "expected"),
    [
        ("/api/v1/apps", 403, "This server takes no apps", (Misconfigured, "cannot_sign_in", "address")),
        ("/api/v1/apps", 200, "", (Unavailable, "not_json", None)),
        ("/api/v1/apps", 503, "", (Unavailable, "server_error", None)),
        ("/api/v1/apps", 429, "Too many requests", (ConnectorError, "too_many_requests", None)),
    ],
)
def test_where_nobody_can_sign_in_it_is_said_before_anybody_leaves(
    mastodon: Mastodon, server: FakeMastodon, path: str, status: int, error: str, expected: tuple[type, str, str | None]
) -> None:
    for _ in range(2):
        server.refuses("POST", path, status, error)
    with pytest.raises(ConnectorError) as refused:
        mastodon.begin_sign_in(BACK)
    assert isinstance(refused.value, expected[0])
    assert (refused.value.reason, refused.value.field) == expected[1:]


def test_another_kind_of_server_is_told_at_its_address(memory: Memory, tmp_path: Path) -> None:
    with FakeServer() as elsewhere:
        door = Door(allow=[elsewhere.address])
        context = Context(http=door, clock=FrozenClock(), log=logging.getLogger("hub.test"), data=tmp_path)
        with pytest.raises(Misconfigured) as refused:
            Mastodon(MastodonSettings(address=elsewhere.url, token=""), context).begin_sign_in(BACK)
        door.close()
    assert (refused.value.reason, refused.value.field) == ("not_mastodon", "address")


def test_a_token_answer_that_gets_lost_is_no_token(mastodon: Mastodon, server: FakeMastodon) -> None:
    leaving = mastodon.begin_sign_in(BACK)
    server.server.on("POST", "/oauth/token").drops()
    with pytest.raises(Unavailable):
        mastodon.finish_sign_in(leaving.state, server.allows(leaving.url))


def test_a_damaged_memory_means_registering_anew(mastodon: Mastodon, server: FakeMastodon, memory: Memory) -> None:
    memory.write('{"not": "ours"}')
    mastodon.begin_sign_in(BACK)
    assert len(server.apps) == 1
