"""Connecting an account from the command line by signing in on the network's page, on a hand-written Mastodon."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from hub_plugins.mastodon.signing import SCOPES

from hub.channels.sign_in.journey import OUT_OF_BAND
from hub.commands.exits import Exit
from tests.cli.conftest import Terminal
from tests.plugins.mastodon_server import Dialect, FakeMastodon


@pytest.fixture
def server() -> Iterator[FakeMastodon]:
    with FakeMastodon(Dialect(pkce=False)) as running:
        running.shows("7291-ab", redirect_uri=OUT_OF_BAND, scope=SCOPES)
        yield running


@pytest.fixture
def terminal(hub: Terminal, server: FakeMastodon) -> Terminal:
    return dataclasses.replace(hub, environ={**hub.environ, "HUB_ALLOW_HOSTS": server.server.address})


def test_an_account_is_connected_by_signing_in(terminal: Terminal, server: FakeMastodon) -> None:
    address = f"address={server.url}"
    ended = terminal("channel", "add", "mastodon", "Us", "--set", address, "--sign-in", typed="7291-ab\n")
    assert ended.exit_code == Exit.OK, ended.output
    assert f"{server.url}/oauth/authorize?" in ended.stderr
    [channel] = terminal.json("channel", "list")
    assert (channel["name"], channel["account"]) == ("Us", "@brightwater@home.example")
    assert server.token not in ended.output


def test_a_wrong_code_connects_nothing(terminal: Terminal, server: FakeMastodon) -> None:
    address = f"address={server.url}"
    ended = terminal("channel", "add", "mastodon", "Us", "--set", address, "--sign-in", typed="something\n")
    assert ended.exit_code == Exit.NOT_CONFIGURED
    assert "The server did not accept this sign-in" in ended.stderr
    assert terminal.json("channel", "list") == []


def test_where_nobody_signs_in_it_is_said(terminal: Terminal) -> None:
    ended = terminal("channel", "add", "sandbox", "Us", "--sign-in")
    assert ended.exit_code == Exit.USAGE
    assert "Nobody signs in on a page of sandbox" in ended.stderr
