"""One account is one channel, whoever connects it, however often and at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.channels.connect import add_channel, change_channel, check_channel, remove_channel
from hub.channels.model import Channel
from hub.connector import Features
from hub.errors import Invalid
from hub.kernel.hub import Hub
from hub.kernel.texts import describe
from hub.testing.fake import FakeNetwork
from tests.desk import Desk, plug_in

Connect = Callable[..., Channel]


@pytest.fixture
def connect(hub: Hub, desk: Desk) -> Connect:
    def add(handle: str, kind: str = "fake", *, key: str | None = None) -> Channel:
        values = {"token": "s3cret", "handle": handle}
        return add_channel(
            hub, desk.connectors, kind=kind, name=handle, team_id=desk.team, values=values, client_key=key
        )

    return add


def test_an_account_that_is_connected_is_refused_naming_its_channel(connect: Connect) -> None:
    first = connect("@second")
    with pytest.raises(Invalid) as refused:
        connect("@second")
    assert (refused.value.reason, refused.value.params["id"]) == ("connected_already", first.id)
    assert describe(refused.value).title == "This account is connected already, as @second"


def test_another_kind_of_channel_may_have_an_account_of_the_same_id(
    hub: Hub, connect: Connect, fake: FakeNetwork
) -> None:
    plug_in(hub.plugins, fake.connector_class(kind="other"))
    assert connect("@second").id != connect("@second", "other").id


def test_an_account_may_be_connected_anew_when_its_channel_is_removed(hub: Hub, connect: Connect) -> None:
    first = connect("@second")
    remove_channel(hub, first.id)
    assert connect("@second").id != first.id


def test_a_form_sent_twice_is_no_second_account(connect: Connect) -> None:
    assert connect("@second", key="form").id == connect("@second", key="form").id


def test_of_two_forms_sent_at_once_one_connects_the_account(connect: Connect) -> None:
    together = threading.Barrier(2)

    def press(key: str) -> str:
        together.wait(120)
        try:
            return str(connect("@second", key=key).id)
        except Invalid as refused:
            return refused.reason

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(press, ("one", "two")))
    assert found.count("connected_already") == 1


def test_a_channel_cannot_be_changed_to_the_account_of_another(hub: Hub, desk: Desk, connect: Connect) -> None:
    connect("@second")
    third = connect("@third")
    with pytest.raises(Invalid, match="connected_already"):
        change(hub, desk, third, "@second")


def test_where_people_sign_in_a_channel_keeps_its_account(hub: Hub, desk: Desk, fake: FakeNetwork) -> None:
    plug_in(hub.plugins, fake.connector_class(features=Features(send=True, signs_in=True)))
    with pytest.raises(Invalid) as refused:
        change(hub, desk, desk.channel, "@third")
    assert describe(refused.value).title == "This is another account than before: @third, not @brightwater"
    assert change(hub, desk, desk.channel, "@brightwater").id == desk.channel_id


def test_a_server_that_learns_another_name_for_an_account_means_the_same(
    hub: Hub, desk: Desk, fake: FakeNetwork
) -> None:
    plug_in(hub.plugins, fake.connector_class(features=Features(send=True, signs_in=True)))
    with hub.database.transaction() as session:
        session.run(
            "UPDATE channels SET account = :account WHERE id = :id",
            account='{"id":"acct:us@home.example","handle":"@us@home.example"}',
            id=desk.channel_id,
        )
    assert change(hub, desk, desk.channel, "@us@home.example").account.id == "@us@home.example"


def test_a_connection_test_keeps_the_account(hub: Hub, desk: Desk, connect: Connect) -> None:
    first = connect("@second")
    check_channel(hub, desk.connectors, first.id)
    with pytest.raises(Invalid, match="connected_already"):
        connect("@second")


def change(hub: Hub, desk: Desk, channel: Channel, handle: str) -> Channel:
    values = {"token": "s3cret", "handle": handle}
    return change_channel(hub, desk.connectors, channel.id, name=channel.name, team_id=desk.team, values=values)
