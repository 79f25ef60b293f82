from __future__ import annotations

import ssl

import pytest

from hub.errors import AddressRefused, Misconfigured, Unavailable
from hub.kernel.http import FetchLimits
from hub.kernel.http.address import parse_url
from hub.kernel.http.call import Call, follow, make_call
from hub.testing.server import Answer, FakeServer
from tests.kernel.http.internet import OTHER_PUBLIC, PUBLIC, Internet


def call_to(url: str, **parts: object) -> Call:
    return make_call("GET", parse_url(url), user_agent="test", **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "to", ["http://127.0.0.1/", "http://[::1]/", "//127.1/", "http://sly.example/", "http://localhost/"]
)
def test_a_redirect_inside_is_refused(status: int, to: str, internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").redirects(to, status)
    internet.serve("ok.example", server).name("sly.example", "127.0.0.1")
    with pytest.raises(AddressRefused):
        internet.door().request("GET", "http://ok.example/")
    assert internet.dialled == [PUBLIC]


@pytest.mark.parametrize(
    "to",
    ["file:///etc/passwd", "gopher://ok.example/", "http://a@ok.example/", "/a\\b", "http://ok.example:22/", "/\t/x"],
)
def test_a_redirect_that_is_no_plain_web_address_is_refused(to: str, internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").redirects(to)
    with pytest.raises(AddressRefused):
        internet.serve("ok.example", server).door().request("GET", "http://ok.example/")
    assert len(server.arrivals) == 1


def test_a_page_of_the_internet_cannot_send_us_to_an_exception_of_the_operator(
    internet: Internet, server: FakeServer, canary: FakeServer
) -> None:
    server.on("GET", "/").redirects("http://blog.intern/")
    internet.serve("ok.example", server).host("10.0.0.7", canary).name("blog.intern", "10.0.0.7")
    with pytest.raises(AddressRefused):
        internet.door(allow=["blog.intern:80"]).request("GET", "http://ok.example/")


def test_an_exception_of_the_operator_may_redirect_within_itself(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").redirects("/new/")
    server.on("GET", "/new/").answers(200, "here")
    internet.host("10.0.0.7", server).name("blog.intern", "10.0.0.7")
    assert internet.door(allow=["blog.intern:80"]).request("GET", "http://blog.intern/").text == "here"


def test_three_redirects_are_followed_and_a_fourth_is_not(internet: Internet, server: FakeServer) -> None:
    for step in range(4):
        server.on("GET", f"/{step}").redirects(f"/{step + 1}")
    server.on("GET", "/4").answers(200)
    door = internet.serve("ok.example", server).door()
    answer = door.request("GET", "http://ok.example/1")
    assert (answer.status, answer.url) == (200, "http://ok.example/4")
    with pytest.raises(Unavailable) as given_up:
        door.request("GET", "http://ok.example/0")
    assert given_up.value.reason == "redirects"


def test_a_loop_ends(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").redirects("/")
    with pytest.raises(Unavailable):
        internet.serve("ok.example", server).door().request("GET", "http://ok.example/")
    assert len(server.arrivals) == 4


def test_with_no_redirects_allowed_the_redirect_is_the_answer(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").redirects("/there")
    door = internet.serve("ok.example", server).door()
    answer = door.request("GET", "http://ok.example/", limits=FetchLimits(redirects=0))
    assert (answer.status, answer.headers["location"]) == (302, "/there")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_write_follows_no_redirect(method: str, status: int, internet: Internet, server: FakeServer) -> None:
    server.on("*", "/").redirects("/there", status)
    answer = internet.serve("ok.example", server).door().request(method, "http://ok.example/", body=b"text")
    assert answer.status == status
    assert [arrival.path for arrival in server.arrivals] == ["/"]


CREDENTIALS = {"Authorization": "Bearer secret", "Cookie": "a=secret", "X-Api-Key": "secret", "Accept": "text/html"}


def test_nothing_secret_goes_along_to_another_host(internet: Internet, server: FakeServer) -> None:
    with FakeServer() as other:
        server.on("GET", "/").redirects("http://other.example/")
        other.on("GET", "/").answers(200)
        internet.serve("ok.example", server).serve("other.example", other, OTHER_PUBLIC)
        internet.door().request("GET", "http://ok.example/", headers=CREDENTIALS)
    assert "secret" in str(server.arrivals[0].headers)
    assert "secret" not in str(other.arrivals[0].headers)
    assert other.arrivals[0].headers["Accept"] == "text/html"
    assert other.arrivals[0].headers["Host"] == "other.example"


def test_credentials_go_along_on_the_same_host(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").redirects("/there")
    server.on("GET", "/there").answers(200)
    door = internet.serve("ok.example", server).door()
    door.request("GET", "http://ok.example/", auth=("name", "secret"))
    assert server.arrivals[1].headers["Authorization"] == "Basic bmFtZTpzZWNyZXQ="


def test_another_port_is_another_place() -> None:
    call = call_to("http://ok.example:8081/", headers=CREDENTIALS)
    assert "Cookie" not in follow(call, "http://ok.example:8082/").headers
    assert "Cookie" in follow(call, "/there").headers


def test_a_cookie_of_the_way_is_not_taken_along(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").plays(Answer(status=302, headers={"Location": "/there", "Set-Cookie": "a=b"}))
    server.on("GET", "/there").answers(200)
    internet.serve("ok.example", server).door().request("GET", "http://ok.example/")
    assert server.arrivals[1].headers["Cookie"] is None


@pytest.mark.parametrize("to", ["http://ok.example/", "http://other.example/"])
def test_credentials_never_leave_tls(to: str) -> None:
    with pytest.raises(Unavailable) as refused:
        follow(call_to("https://ok.example/", headers=CREDENTIALS), to)
    assert refused.value.reason == "insecure_redirect"


def test_a_request_without_credentials_may_leave_tls() -> None:
    assert follow(call_to("https://ok.example/"), "http://ok.example/").target.scheme == "http"


def test_an_upgrade_to_tls_keeps_credentials_on_the_same_host() -> None:
    call = call_to("http://ok.example/", headers=CREDENTIALS)
    assert "Cookie" in follow(call, "https://ok.example/").headers
    assert "Cookie" not in follow(call, "https://www.ok.example/").headers


def test_an_address_in_utf8_or_with_a_space_is_understood() -> None:
    call = call_to("http://ok.example/")
    assert follow(call, "/bücher".encode().decode("latin-1")).target.path == "/b%C3%BCcher"
    assert follow(call, "/a b").target.path == "/a%20b"


def test_a_broken_address_is_refused() -> None:
    with pytest.raises(Misconfigured):
        follow(call_to("http://ok.example/"), "http://[::1/")


def test_only_an_unbroken_chain_of_permanent_redirects_is_a_move(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/old").redirects("/newer", 301)
    server.on("GET", "/newer").redirects("/newest", 308)
    server.on("GET", "/newest").redirects("/today", 302)
    server.on("GET", "/today").redirects("/hidden", 301)
    server.on("GET", "/hidden").answers(200)
    door = internet.serve("ok.example", server).door()
    answer = door.request("GET", "http://ok.example/old", limits=FetchLimits(redirects=4))
    assert answer.history == ("http://ok.example/newer", "http://ok.example/newest")
    assert answer.url == "http://ok.example/hidden"


def test_a_redirect_from_tls_is_checked_by_the_same_rules(
    internet: Internet, authority: ssl.SSLContext, tls_server: FakeServer
) -> None:
    tls_server.on("GET", "/").redirects("https://127.0.0.1/")
    internet.serve("ok.example", tls_server)
    with pytest.raises(AddressRefused):
        internet.door(tls=authority).request("GET", "https://ok.example/")
