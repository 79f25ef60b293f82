from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import AddressRefused, Misconfigured, Unavailable
from hub.kernel.http import Door, FetchLimits
from hub.testing.server import FakeServer
from tests.kernel.http.internet import OTHER_PUBLIC, PUBLIC, Internet
from tests.kernel.http.spellings import LOOPBACK_SPELLINGS, NOT_PUBLIC_ADDRESSES


def door_to_every_port_of(canary: FakeServer) -> Door:
    """Only the address stands between the canary and us: its port is open."""
    return Door(ports={80, 443, canary.port})


@pytest.mark.parametrize("spelling", LOOPBACK_SPELLINGS)
def test_no_spelling_of_this_computer_is_reached(spelling: str, canary: FakeServer) -> None:
    door = door_to_every_port_of(canary)
    for url in (f"http://{spelling}:{canary.port}/", f"http://{spelling}/", f"//{spelling}/", spelling):
        with pytest.raises((Misconfigured, Unavailable)):
            door.request("GET", url, limits=FetchLimits(seconds=2))


def test_the_canary_would_notice_a_visit() -> None:
    with FakeServer() as inside:
        inside.on("GET", "/").answers(200)
        assert Door(allow=[inside.address]).request("GET", inside.url).status == 200
    assert inside.connections == 1


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1", "[::1]", "localhost", "0.0.0.0", "169.254.169.254", "[fd00:ec2::254]"]
)
def test_a_form_refuses_it_before_anything_is_fetched(spelling: str, internet: Internet) -> None:
    with pytest.raises(AddressRefused) as refused:
        internet.door().check_url(f"http://{spelling}/")
    assert refused.value.reason == "not_public"
    assert not internet.asked


@given(
    address=st.sampled_from([a for a in NOT_PUBLIC_ADDRESSES if ":" not in a]),
    styles=st.lists(
        st.sampled_from(["{:d}", "0x{:x}", "0X{:X}", "0{:o}", "{:03d}", "000{:d}"]), min_size=4, max_size=4
    ),
    joined=st.integers(1, 4),
    dot=st.sampled_from([".", "。", "．", "｡"]),  # every dot that IDNA takes for one
    digits=st.sampled_from(["0123456789", "⓪①②③④⑤⑥⑦⑧⑨", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⁰¹²³⁴⁵⁶⁷⁸⁹"]),
    end=st.sampled_from(["", ".", "\t", "%00", ":80", "#@ok.example", "?@ok.example"]),
)
@settings(deadline=None, max_examples=400)
def test_no_spelling_of_an_inner_address_ever_opens_a_connection(
    address: str, styles: list[str], joined: int, dot: str, digits: str, end: str
) -> None:
    parts = [int(part) for part in address.split(".")]
    tail = 0
    for part in parts[joined - 1 :]:
        tail = tail << 8 | part
    written = [style.format(part) for style, part in zip(styles, [*parts[: joined - 1], tail], strict=False)]
    host = dot.join(written).translate(str.maketrans("0123456789", digits))
    internet = Internet()
    with pytest.raises((Misconfigured, Unavailable)):
        # The system's own resolver reads such numbers as addresses, so the look-up is answered as it would be.
        internet.name(host, address).door().request("GET", f"http://{host}{end}/")
    assert not internet.dialled


@given(host=st.text(alphabet="0123456789abcdefxX.:[]%①②⑦⓪。-", min_size=1, max_size=24))
@settings(deadline=None, max_examples=400)
def test_whatever_a_name_looks_like_an_inner_answer_is_never_dialled(host: str) -> None:
    class Inside(Internet):
        def resolve(self, host: str, port: int, *hints: int) -> list[object]:
            return [(2, 1, 6, "", ("127.0.0.1", port))]

    internet = Inside()
    with pytest.raises((Misconfigured, Unavailable)):
        internet.door().request("GET", f"http://{host}/")
    assert set(internet.dialled) <= {host}  # a public address that was written out
    assert "127.0.0.1" not in internet.dialled


@pytest.mark.parametrize("address", NOT_PUBLIC_ADDRESSES)
def test_a_name_that_resolves_inside_is_refused(address: str, internet: Internet) -> None:
    internet.name("sly.example", address)
    with pytest.raises(AddressRefused) as refused:
        internet.door().request("GET", "http://sly.example/")
    assert refused.value.reason == "not_public"
    assert not internet.dialled


@pytest.mark.parametrize("answers", [(PUBLIC, "127.0.0.1"), ("::1", PUBLIC), (PUBLIC, OTHER_PUBLIC, "fe80::1%lo")])
def test_one_inner_answer_among_public_ones_refuses_the_name(answers: tuple[str, ...], internet: Internet) -> None:
    with pytest.raises(AddressRefused):
        internet.name("half.example", answers).door().request("GET", "http://half.example/")
    assert not internet.dialled


def test_a_name_that_turns_inside_after_the_check_is_not_followed(
    internet: Internet, server: FakeServer, canary: FakeServer
) -> None:
    server.on("GET", "/").answers(200, "public")
    internet.host(PUBLIC, server).host("127.0.0.1", canary).name("rebind.example", PUBLIC, "127.0.0.1")
    door = internet.door()
    assert door.request("GET", "http://rebind.example/").text == "public"
    assert internet.asked == ["rebind.example"]  # one look-up serves both the check and the connection
    for _ in range(100):
        with pytest.raises(AddressRefused):
            door.request("GET", "http://rebind.example/")
    assert internet.dialled == [PUBLIC]


def test_a_kept_connection_is_used_again_only_for_the_address_it_went_to(
    internet: Internet, server: FakeServer
) -> None:
    with FakeServer() as moved:
        server.on("GET", "/").answers(200, "old")
        moved.on("GET", "/").answers(200, "new")
        internet.host(PUBLIC, server).host(OTHER_PUBLIC, moved).name("ok.example", PUBLIC, PUBLIC, OTHER_PUBLIC)
        door = internet.door()
        assert [door.request("GET", "http://ok.example/").text for _ in range(3)] == ["old", "old", "new"]
        door.close()
    assert internet.dialled == [PUBLIC, OTHER_PUBLIC]
    assert server.connections == 1


def test_a_kept_connection_is_not_shared_between_names_of_one_address(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").answers(200)
    internet.serve("a.example", server).serve("b.example", server)
    door = internet.door()
    door.request("GET", "http://a.example/")
    door.request("GET", "http://b.example/")
    door.close()
    assert internet.dialled == [PUBLIC, PUBLIC]
    assert [arrival.headers["Host"] for arrival in server.arrivals] == ["a.example", "b.example"]


@pytest.mark.parametrize("port", [1, 22, 25, 6379, 8080, 65_535])
def test_only_the_ports_of_the_web_are_open(port: int, internet: Internet) -> None:
    with pytest.raises(AddressRefused) as refused:
        internet.name("ok.example", PUBLIC).door().request("GET", f"http://ok.example:{port}/")
    assert refused.value.reason == "port"
    assert not internet.dialled


def test_an_exception_of_the_operator_is_exactly_one_host_and_port(internet: Internet, server: FakeServer) -> None:
    server.on("GET", "/").answers(200)
    internet.host("10.0.0.7", server).name("blog.intern", "10.0.0.7").name("other.intern", "10.0.0.7")
    door = internet.door(allow=["Blog.intern:8081"])
    assert door.request("GET", "http://blog.intern:8081/").status == 200
    for url in (
        "http://blog.intern/",
        "http://other.intern:8081/",
        "http://10.0.0.7:8081/",
        "http://blog.intern:8082/",
    ):
        with pytest.raises(AddressRefused):
            door.request("GET", url)
    door.close()
    assert len(server.arrivals) == 1


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, server: FakeServer, canary: FakeServer) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url)
    server.on("GET", "/").answers(200, "direct")
    door = Door(allow=[server.address])
    assert door.request("GET", server.url).text == "direct"
    assert door.session().get(server.url).text == "direct"
    door.close()


def test_a_refusal_tells_nothing_about_the_inside(internet: Internet) -> None:
    internet.name("sly.example", "10.1.2.3")
    with pytest.raises(AddressRefused) as refused:
        internet.door().request("GET", "http://sly.example/")
    assert "10.1.2.3" not in str(refused.value)
    assert not refused.value.detail
