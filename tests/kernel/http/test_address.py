from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import AddressRefused, Misconfigured
from hub.kernel.http.address import is_public, parse_exception, parse_url
from tests.kernel.http.spellings import NOT_PUBLIC_ADDRESSES, PUBLIC_ADDRESSES


@pytest.mark.parametrize("address", NOT_PUBLIC_ADDRESSES)
def test_an_address_of_the_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


PREFIXES = ["::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::", "2a00:1450::5efe:0:0", "2a00::200:5efe:0:0"]


@given(address=st.ip_addresses(v=4), prefix=st.sampled_from(PREFIXES))
@settings(deadline=None)
def test_no_form_that_carries_an_ipv4_address_is_more_public_than_it(address: IPv4Address, prefix: str) -> None:
    carried = IPv6Address(int(IPv6Address(prefix)) | int(address))
    assert is_public(address) or not is_public(carried)


@given(address=st.ip_addresses())
@settings(deadline=None)
def test_nothing_is_public_that_python_calls_private(address: IPv4Address | IPv6Address) -> None:
    assert not is_public(address) or not address.is_private or getattr(address, "ipv4_mapped", None)


@pytest.mark.parametrize(
    ("url", "rebuilt"),
    [
        ("http://ok.example", "http://ok.example/"),
        ("HTTP://OK.Example:80/A?b=c#d", "http://ok.example/A?b=c"),
        ("https://ok.example.:443/", "https://ok.example/"),
        ("https://ok.example:8443/", "https://ok.example:8443/"),
        ("https://bücher.example/ä?ö=1", "https://xn--bcher-kva.example/%C3%A4?%C3%B6=1"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("http://[2606:4700:4700:0:0:0:0:1111]/", "http://[2606:4700:4700::1111]/"),
        ("https://under_score.example/a%20b", "https://under_score.example/a%20b"),
        ("https://ok.example?q", "https://ok.example/?q"),
        ("https://ok.example/\"<>'", "https://ok.example/%22%3C%3E'"),
    ],
)
def test_a_url_is_built_again_from_its_parts(url: str, rebuilt: str) -> None:
    assert parse_url(url).url == rebuilt


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "scheme"),
        ("gopher://ok.example/", "scheme"),
        ("ftp://ok.example/", "scheme"),
        ("http://name@ok.example/", "userinfo"),
        ("http://name:pass@ok.example/", "userinfo"),
        ("http://127.0.0.1\\@ok.example/", "characters"),
        ("http://ok.exa\tmple/", "characters"),
        ("http://ok.example/\r\nX: y", "characters"),
        (" http://ok.example/", "characters"),
        ("http://ok.example/a b", "characters"),
        ("http://ok.example/\u202e", "characters"),
        ("http://[fe80::1%25lo]/", "zone"),
        ("http://ok.example:0/", "port"),
        ("http://ok.example:65536/", "port"),
        ("http://ok.example:８０/", "host"),
        ("http://ok..example/", "host"),
        ("http://-ok.example/", "host"),
        ("http://" + "a" * 64 + ".example/", "host"),
        ("http://%6fk.example/", "host"),
        ("http:///path", "host"),
    ],
)
def test_an_unusual_url_is_refused_and_never_repaired(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        parse_url(url)
    assert refused.value.reason == reason


@pytest.mark.parametrize("url", ["", "ok.example", "//ok.example/", "http:ok.example", "http:/ok.example", "mailto:a"])
def test_what_is_no_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(Misconfigured):
        parse_url(url)


def test_an_endless_url_is_a_wrong_setting() -> None:
    with pytest.raises(Misconfigured) as refused:
        parse_url("http://ok.example/" + "a" * 10_000)
    assert refused.value.reason == "url_too_long"


@given(text=st.text(alphabet="htps:/@\\[]%.①1270x?# \tlocaé-", max_size=40))
@settings(deadline=None)
def test_parsing_what_was_built_again_changes_nothing(text: str) -> None:
    try:
        target = parse_url("http://" + text)
    except Misconfigured:
        return
    assert parse_url(target.url) == target


def test_an_exception_needs_its_port() -> None:
    assert parse_exception("localhost:8081") == ("localhost", 8081)
    assert parse_exception("[::1]:8081") == ("::1", 8081)
    for pair in ("localhost", "localhost:", "", "http://localhost:1", "a@b:1", "*:80"):
        with pytest.raises(Misconfigured) as refused:
            parse_exception(pair)
        assert refused.value.field == "HUB_ALLOW_HOSTS"
