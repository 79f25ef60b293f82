"""Both SDKs work through the door, and reach nothing that it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from hub.errors import AddressRefused, Ambiguous, Misconfigured, Unavailable
from hub.kernel.http import Door, FetchLimits, cause_of, door_errors
from hub.testing.server import FakeServer
from tests.kernel.http.internet import Internet

STATUS = {
    "id": "42",
    "uri": "https://ok.example/statuses/42",
    "created_at": "2026-03-02T09:00:00.000Z",
    "account": {"id": "1", "username": "us", "acct": "us"},
    "content": "<p>Hello</p>",
    "visibility": "public",
}
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQ5MDAwMDAwMDB9.c2lnbmVk"  # good until 2125
SESSION = {"accessJwt": TOKEN, "refreshJwt": TOKEN, "handle": "us.example", "did": "did:plc:us", "active": True}


def mastodon_at(url: str, door: Door) -> Any:
    from mastodon import Mastodon

    return Mastodon(
        api_base_url=url,
        access_token="secret",
        session=door.session(),
        ratelimit_method="throw",
        mastodon_version="4.6.0",
        version_check_mode="created",
    )


def atproto_at(url: str, door: Door) -> Any:
    from atproto import Client, Request

    return Client(base_url=url, request=Request(transport=door.transport()))


def test_mastodon_reads_and_writes_through_the_door(server: FakeServer) -> None:
    server.on("POST", "/api/v1/statuses").answers(json=STATUS)
    server.on("GET", "/api/v1/statuses/42").answers(json=STATUS)
    client = mastodon_at(server.url, Door(allow=[server.address]))
    assert client.status_post("Hello", idempotency_key="k1").id == "42"
    assert client.status("42").content == "<p>Hello</p>"
    sent = server.arrivals[0]
    assert sent.form["status"] == "Hello"
    assert (sent.headers["Authorization"], sent.headers["Idempotency-Key"]) == ("Bearer secret", "k1")


@pytest.mark.parametrize("inside", ["127.0.0.1", "localhost", "[::1]", "2130706433", "sly.example"])
def test_mastodon_reaches_nothing_inside(inside: str, internet: Internet, canary: FakeServer) -> None:
    internet.name("sly.example", "127.0.0.1").host("127.0.0.1", canary)
    door = internet.door(ports={80, 443, canary.port})
    with pytest.raises(AddressRefused), door_errors():
        mastodon_at(f"http://{inside}:{canary.port}", door).status("42")


def test_mastodon_follows_no_redirect_inside(server: FakeServer, canary: FakeServer) -> None:
    server.on("*", "/*").redirects(canary.url, 307)
    client = mastodon_at(server.url, Door(allow=[server.address]))
    with pytest.raises(AddressRefused), door_errors():
        client.status("42")
    with pytest.raises(Exception, match="307"):
        client.status_post("Hello")


def test_mastodon_writes_once_and_says_when_it_is_ambiguous(server: FakeServer) -> None:
    server.on("POST", "/api/v1/statuses").drops()
    with pytest.raises(Ambiguous), door_errors():
        mastodon_at(server.url, Door(allow=[server.address])).status_post("Hello")
    assert len(server.arrivals) == 1


def test_the_word_of_the_door_is_found_inside_the_error_of_an_sdk(internet: Internet) -> None:
    with pytest.raises(Exception, match="Could not complete request") as wrapped:
        mastodon_at("http://nowhere.example", internet.door()).status("42")
    told = cause_of(wrapped.value)
    assert isinstance(told, Unavailable)
    assert told.reason == "dns"


def test_an_error_that_is_the_own_word_of_an_sdk_stays(server: FakeServer) -> None:
    with pytest.raises(LookupError, match="own"), door_errors():
        raise LookupError("own")


def test_a_mastodon_stream_comes_through_the_door(server: FakeServer) -> None:
    event = b'event: notification\ndata: {"id":"1"}\n\n'
    server.on("GET", "/s").speaks(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event)
    with Door(allow=[server.address]).session().get(server.url + "/s", stream=True) as answer:
        assert list(answer.iter_lines()) == [b"event: notification", b'data: {"id":"1"}', b""]


def test_atproto_reads_and_writes_through_the_door(server: FakeServer) -> None:
    profile = {"did": "did:plc:us", "handle": "us.example"}
    server.on("POST", "/xrpc/com.atproto.server.createSession").answers(json=SESSION)
    server.on("GET", "/xrpc/app.bsky.actor.getProfile").answers(json=profile)
    created = {"uri": "at://did:plc:us/app.bsky.feed.post/1", "cid": "bafyrei"}
    server.on("POST", "/xrpc/com.atproto.repo.createRecord").answers(json=created)
    from atproto import models

    client = atproto_at(server.url, Door(allow=[server.address]))
    record = {"$type": "app.bsky.feed.post", "text": "Hello", "createdAt": "2026-03-02T09:00:00Z"}
    made = models.ComAtprotoRepoCreateRecord.Data(collection="app.bsky.feed.post", repo="did:plc:us", record=record)
    assert client.app.bsky.actor.get_profile({"actor": "us.example"}).did == "did:plc:us"
    assert client.com.atproto.repo.create_record(made).cid == "bafyrei"
    assert server.received("POST", "/xrpc/com.atproto.repo.createRecord")[0].json()["record"]["text"] == "Hello"


@pytest.mark.parametrize("inside", ["127.0.0.1", "localhost", "[::1]", "sly.example"])
def test_atproto_reaches_nothing_inside(inside: str, internet: Internet, canary: FakeServer) -> None:
    internet.name("sly.example", "127.0.0.1").host("127.0.0.1", canary)
    door = internet.door(ports={80, 443, canary.port})
    with pytest.raises(AddressRefused):
        atproto_at(f"http://{inside}:{canary.port}", door).app.bsky.actor.get_profile({"actor": "us.example"})


def test_a_did_document_cannot_send_atproto_inside(server: FakeServer, canary: FakeServer) -> None:
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": canary.url}
    document = {"id": "did:plc:us", "service": [service]}
    server.on("POST", "/xrpc/com.atproto.server.createSession").answers(json=SESSION | {"didDoc": document})
    with pytest.raises(AddressRefused):
        atproto_at(server.url, Door(allow=[server.address])).login("us.example", "pass")
    assert len(server.arrivals) == 1


def test_atproto_writes_once_and_says_when_it_is_ambiguous(server: FakeServer) -> None:
    server.on("POST", "/xrpc/com.atproto.server.createSession").drops()
    with pytest.raises(Ambiguous):
        atproto_at(server.url, Door(allow=[server.address])).login("us.example", "pass")
    assert len(server.arrivals) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_sdk_repeats_a_write_elsewhere(status: int, server: FakeServer) -> None:
    server.on("POST", "/").redirects("/there", status)
    door = Door(allow=[server.address])
    assert door.session().post(server.url + "/", data={"a": "b"}).status_code == status
    with httpx.Client(transport=door.transport(), follow_redirects=True) as client:
        assert client.post(server.url + "/", data={"a": "b"}).status_code == status
    assert [arrival.path for arrival in server.arrivals] == ["/", "/"]


def test_no_sdk_follows_what_the_door_was_told_not_to_follow(server: FakeServer) -> None:
    server.on("GET", "/").redirects("/there")
    door, none = Door(allow=[server.address]), FetchLimits(redirects=0)
    assert door.session(none).get(server.url + "/").status_code == 302
    with httpx.Client(transport=door.transport(none), follow_redirects=True) as client:
        assert client.get(server.url + "/").status_code == 302
    assert not server.received("GET", "/there")


def test_a_session_takes_no_passwords_from_a_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login us password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    Door(allow=[server.address]).session().get(server.url + "/")
    assert server.arrivals[0].headers["Authorization"] is None


def test_a_session_asks_neither_a_proxy_nor_for_weaker_tls(
    monkeypatch: pytest.MonkeyPatch, internet: Internet, tls_server: FakeServer, canary: FakeServer
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", canary.url)
    internet.serve("ok.example", tls_server)
    proxies = {"https": canary.url}
    with pytest.raises(Unavailable) as refused:
        internet.door().session().get("https://ok.example/", verify=False, proxies=proxies)
    assert refused.value.reason == "tls"
    with httpx.Client(transport=internet.door().transport()) as client, pytest.raises(Unavailable):
        client.get("https://ok.example/")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://ok.example/", "http://a:b@ok.example/"])
def test_a_session_speaks_nothing_but_the_web(url: str, internet: Internet) -> None:
    door = internet.door()
    with pytest.raises((Misconfigured, requests.RequestException)):
        door.session().get(url)
    with httpx.Client(transport=door.transport()) as client, pytest.raises((Misconfigured, httpx.HTTPError)):
        client.get(url)
    assert not internet.asked


def test_a_session_keeps_the_limits_it_was_given(server: FakeServer) -> None:
    server.on("GET", "/").answers(200, b"x" * 2000)
    door = Door(allow=[server.address])
    with pytest.raises(Unavailable):
        door.session(FetchLimits(bytes=1000)).get(server.url + "/")
    with httpx.Client(transport=door.transport(FetchLimits(bytes=1000))) as client, pytest.raises(Unavailable):
        client.get(server.url + "/")


def test_a_packed_answer_is_unpacked_once(server: FakeServer) -> None:
    import gzip

    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    server.on("GET", "/").answers(200, gzip.compress(b'{"a":1}'), headers=packed)
    door = Door(allow=[server.address])
    assert door.session().get(server.url + "/").json() == {"a": 1}
    with httpx.Client(transport=door.transport()) as client:
        assert client.get(server.url + "/").json() == {"a": 1}
