"""From a posted webhook to the inbox, and from a reply to a signed webhook: the whole line, on both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hub_plugins.webhook import Webhook
from hub_plugins.webhook.signing import check_signature

from hub.channels import store as channels
from hub.channels.connect import add_channel, pause_channel, remove_channel, resume_channel
from hub.channels.model import ChannelState
from hub.channels.webhook import store
from hub.connector import Accepted, Delivery, Visibility
from hub.errors import Absent, Gone, Rejected
from hub.inbox.pull import claim_due, pull_leased, pull_now
from hub.kernel.http import Door
from hub.kernel.hub import Hub
from hub.outbox.model import State
from hub.testing.clock import FrozenClock
from hub.testing.server import FakeServer
from tests.desk import plug_in
from tests.plugins.webhook_desk import WebhookDesk
from tests.plugins.webhook_system import SECOND, SECRET, THIRD

HELLO = {"id": "17", "text": "Where is my order?", "author": {"id": "lena", "name": "Lena Brandt"}}


@pytest.fixture
def desk(hub: Hub) -> WebhookDesk:
    return WebhookDesk(hub)


@pytest.fixture
def server(hub: Hub) -> Iterator[FakeServer]:
    with FakeServer() as server:
        hub.door = Door(allow=[server.address])
        yield server


def said(number: int) -> dict[str, Any]:
    return {**HELLO, "id": str(number), "text": f"message {number}"}


# In.


def test_what_was_posted_is_due_at_once_and_shows_in_the_inbox(hub: Hub, desk: WebhookDesk) -> None:
    desk.pulls()
    assert desk.is_sent(HELLO).is_new
    (lease,) = claim_due(hub, "worker")
    assert pull_leased(hub, desk.connectors, lease).new == 1
    assert desk.texts() == ["Where is my order?"]
    assert desk.waiting() == 0
    assert claim_due(hub, "worker") == []


def test_a_delivery_that_comes_while_a_page_is_stored_is_due_after_it(hub: Hub, desk: WebhookDesk) -> None:
    desk.is_sent(said(1))
    pulling = desk.connectors.pull

    def pull_and_be_interrupted(*arguments: Any) -> Any:
        page = pulling(*arguments)
        desk.connectors.pull = pulling  # type: ignore[method-assign]
        desk.is_sent(said(2), name="d2")
        return page

    desk.connectors.pull = pull_and_be_interrupted  # type: ignore[method-assign]
    desk.pulls()
    assert desk.texts() == ["message 1", "message 2"]


def test_a_delivery_tried_again_is_told_so_and_comes_in_once(desk: WebhookDesk) -> None:
    assert [desk.is_sent(HELLO).is_new for _ in range(3)] == [True, False, False]
    desk.pulls()
    assert not desk.is_sent(HELLO).is_new
    desk.pulls()
    assert desk.texts() == ["Where is my order?"]


def test_one_channel_knows_nothing_of_the_deliveries_and_secrets_of_another(desk: WebhookDesk) -> None:
    _, other = desk.connects("Other shop", secret=SECOND)
    assert desk.is_sent(HELLO).is_new
    assert desk.is_sent(HELLO, secret=SECOND, hook=other).is_new
    for secret, hook in ((SECOND, desk.hook), (SECRET, other)):
        with pytest.raises(Rejected):
            desk.is_sent(HELLO, name="d2", secret=secret, hook=hook)


def test_a_batch_is_as_many_messages(desk: WebhookDesk) -> None:
    desk.is_sent([said(number) for number in range(1, 8)])
    assert desk.pulls().new == 7


def test_a_batch_larger_than_a_page_comes_in_whole(desk: WebhookDesk) -> None:
    desk.is_sent([said(number) for number in range(1234)])
    assert desk.pulls().new == 1234
    assert desk.waiting() == 0


def test_a_body_nobody_can_read_is_kept_raw_and_holds_nothing_up(hub: Hub, desk: WebhookDesk) -> None:
    for number, body in enumerate((b"{no json", b"\xff\xfe\x00", [said(1), {"text": "of nobody"}, said(2)])):
        desk.is_sent(body, name=f"d{number}")
    pulled = desk.pulls()
    assert (pulled.new, pulled.buried, desk.waiting()) == (2, 3, 0)
    with hub.database.reading() as session:
        letters = channels.letters(session, desk.channel_id)
    assert [letter.reason for letter in letters] == ["map_author_id: nothing_found", "not_json", "not_json"]
    assert "of nobody" in letters[0].raw
    assert letters[2].raw == "{no json"


def test_a_later_delivery_edits_and_deletes(hub: Hub, desk: WebhookDesk) -> None:
    desk.is_sent(HELLO)
    desk.pulls()
    desk.is_sent({**HELLO, "text": "Where is order 5?"}, name="d2")
    desk.pulls()
    assert desk.texts() == ["Where is order 5?"]
    desk.is_sent({"id": "17", "deleted": True}, name="d3")
    desk.pulls()
    assert desk.conversation()[0].deleted_at is not None


def test_nothing_unsigned_old_or_of_another_channel_is_kept(desk: WebhookDesk) -> None:
    now = desk.hub.clock()
    for refused in (
        {"secret": THIRD},
        {"at": now - timedelta(minutes=6)},
        {"at": now + timedelta(minutes=6)},
    ):
        with pytest.raises(Rejected):
            desk.is_sent(HELLO, **refused)  # type: ignore[arg-type]
    assert desk.waiting() == 0


def test_two_secrets_count_while_they_are_changed(hub: Hub) -> None:
    desk = WebhookDesk(hub, second_secret=SECOND)
    assert desk.is_sent(said(1), name="d1", secret=SECRET).is_new
    assert desk.is_sent(said(2), name="d2", secret=SECOND).is_new
    with pytest.raises(Rejected):
        desk.is_sent(said(3), name="d3", secret=THIRD)


def test_a_paused_channel_keeps_what_comes_and_a_removed_one_takes_nothing(hub: Hub, desk: WebhookDesk) -> None:
    pause_channel(hub, desk.channel_id)
    desk.is_sent(HELLO)
    assert claim_due(hub, "worker") == []
    assert desk.waiting() == 1
    remove_channel(hub, desk.channel_id)
    assert desk.waiting() == 0
    with pytest.raises(Gone):
        desk.is_sent(HELLO)
    with pytest.raises(Absent):
        desk.is_sent(HELLO, hook="x" * 43)


def test_a_pull_that_fails_is_paced_and_what_waits_is_not_lost(
    hub: Hub, desk: WebhookDesk, frozen_clock: FrozenClock
) -> None:
    desk.is_sent(HELLO)
    with hub.database.transaction() as session:
        session.run("UPDATE channels SET settings = :broken WHERE id = :id", broken=_broken(desk), id=desk.channel_id)
    (lease,) = claim_due(hub, "worker")
    pull_leased(hub, desk.connectors, lease)
    assert desk.channel.state is ChannelState.MISCONFIGURED
    assert claim_due(hub, "worker") == []
    assert desk.waiting() == 1


def _broken(desk: WebhookDesk) -> str:
    return json.dumps({**desk.channel.settings, "map_text": "a.[[["})


def test_what_was_read_leaves_its_name_for_a_month_and_no_body(
    hub: Hub, desk: WebhookDesk, frozen_clock: FrozenClock
) -> None:
    desk.is_sent(HELLO)
    desk.is_sent(b"{no json", name="d2")
    desk.pulls()
    desk.is_sent(said(3), name="d3")
    desk.pulls()
    with hub.database.reading() as session:
        bodies = {row["delivery_id"]: row["body"] for row in session.all("SELECT delivery_id, body FROM deliveries")}
    assert bodies["d2"] == "{no json", "something in its page could not be read"
    assert bodies["d3"] == ""
    with hub.database.transaction() as session:
        store.forget(session, before=frozen_clock())
    assert not desk.is_sent(HELLO).is_new
    frozen_clock.tick(1)
    with hub.database.transaction() as session:
        store.forget(session, before=frozen_clock())
    assert desk.is_sent(HELLO).is_new


def test_what_waits_is_kept_however_long(hub: Hub, desk: WebhookDesk, frozen_clock: FrozenClock) -> None:
    pause_channel(hub, desk.channel_id)
    desk.is_sent(HELLO)
    frozen_clock.tick(100 * 86_400)
    with hub.database.transaction() as session:
        store.forget(session, before=frozen_clock())
    resume_channel(hub, desk.channel_id)
    desk.pulls()
    assert desk.texts() == ["Where is my order?"]


def test_a_call_that_only_wakes_is_not_kept_and_its_channel_is_due(
    hub: Hub, desk: WebhookDesk, frozen_clock: FrozenClock
) -> None:
    class Ringing(Webhook):
        kind = "ringing"

        def receive(self, delivery: Delivery) -> Accepted:
            return Accepted(id=None, answer="pong")

    plug_in(hub.plugins, Ringing)
    added = add_channel(hub, desk.connectors, kind="ringing", name="Bell", team_id=desk.team, values={"secret": SECOND})
    pull_now(hub, desk.connectors, "worker", added.id)
    desk.pulls()
    frozen_clock.tick(1)
    assert claim_due(hub, "worker") == []
    with hub.database.reading() as session:
        hook = store.hook_of(session, added.id) or ""
    assert desk.is_sent(HELLO, hook=hook).answer == "pong"
    assert [lease.channel_id for lease in claim_due(hub, "worker")] == [added.id]


# Out.


def test_a_reply_is_posted_signed_by_both_secrets_and_proved_by_the_answer(hub: Hub, server: FakeServer) -> None:
    server.on("POST", "/replies").answers(201, json={"id": "r9", "link": "https://shop.example/r9"})
    desk = WebhookDesk(hub, second_secret=SECOND, reply_url=f"{server.url}/replies")
    desk.is_sent(HELLO)
    desk.pulls()
    item = desk.arrived(desk.answers("On its way."))
    assert item.state is State.SENT
    assert item.parts[0] is not None
    assert (item.parts[0].remote_id, item.parts[0].permalink) == ("r9", "https://shop.example/r9")
    (arrival,) = server.arrivals
    headers = {name.lower(): value for name, value in arrival.headers.items()}
    for secret in (SECRET, SECOND):
        assert check_signature([secret], headers, arrival.body, now=hub.clock()) == item.key
    told = json.loads(arrival.body)["data"]
    assert (told["text"], told["in_reply_to"], told["to"]["id"]) == ("On its way.", "17", "lena")


@pytest.mark.parametrize(("told", "thread"), [({"thread": "order-5"}, "order-5"), ({}, "17")])
def test_a_reply_says_in_which_thread_it_belongs(
    hub: Hub, server: FakeServer, told: dict[str, str], thread: str
) -> None:
    server.on("POST", "/replies").answers(200)
    desk = WebhookDesk(hub, reply_url=f"{server.url}/replies")
    desk.is_sent({**HELLO, **told})
    desk.pulls()
    assert desk.arrived(desk.answers("On its way.")).state is State.SENT
    assert [json.loads(arrival.body)["data"]["thread"] for arrival in server.arrivals] == [thread]


def test_a_reply_taken_without_an_id_is_known_when_it_comes_back_under_the_receivers_own(
    hub: Hub, server: FakeServer
) -> None:
    server.on("POST", "/replies").answers(200)
    desk = WebhookDesk(hub, reply_url=f"{server.url}/replies")
    item = _answered(desk)
    assert item.state is State.SENT
    desk.pulls()
    ours = {"id": "r9", "text": "On its way.", "parent": "17", "author": {"id": "shop", "is_us": True}}
    desk.is_sent({**ours, "webhook_id": item.key}, name="d2")
    desk.pulls()
    desk.is_sent({**ours, "text": "On its way!"}, name="d3")
    desk.pulls()
    assert desk.texts() == ["Where is my order?", "On its way!"]
    (part,) = desk.item(item.id).parts
    assert part is not None
    assert part.remote_id == "r9"


def test_a_lost_answer_waits_for_a_person(hub: Hub, server: FakeServer) -> None:
    server.on("POST", "/replies").drops()
    desk = WebhookDesk(hub, reply_url=f"{server.url}/replies")
    item = _answered(desk)
    assert item.state is State.UNKNOWN
    assert len(server.arrivals) == 1


def test_a_lost_answer_is_sent_again_under_its_id_where_the_receiver_knows_it_again(
    hub: Hub, server: FakeServer
) -> None:
    server.on("POST", "/replies").drops().answers(502).answers(200, json={"id": "r9"})
    desk = WebhookDesk(hub, reply_url=f"{server.url}/replies", repeats="yes")
    item = _answered(desk)
    for _ in range(4):
        item = desk.arrived(item.id, seconds=3600)
        _lets_the_network_settle(hub)
    assert item.state is State.SENT
    assert len({arrival.headers["webhook-id"] for arrival in server.arrivals}) == 1
    assert len({arrival.body for arrival in server.arrivals}) == 1
    assert len(server.arrivals) == 3


def test_what_was_sent_again_for_a_day_may_have_arrived(hub: Hub, server: FakeServer) -> None:
    server.on("POST", "/replies").drops().answers(503, headers={"Retry-After": "600"})
    desk = WebhookDesk(hub, reply_url=f"{server.url}/replies", repeats="yes")
    item = _answered(desk)
    for _ in range(30):
        _lets_the_network_settle(hub)
        item = desk.arrived(item.id, seconds=3600)
    assert item.state is State.UNKNOWN


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (302, State.FAILED, "moved"),
        (400, State.FAILED, "refused"),
        (401, State.FAILED, "signature_refused"),
        (404, State.FAILED, "not_there"),
        (410, State.FAILED, "takes_no_more"),
        (429, State.QUEUED, "too_many_requests"),
        (500, State.UNKNOWN, "cannot_look_up"),
    ],
)
def test_each_answer_of_the_receiver_has_its_end(
    hub: Hub, server: FakeServer, status: int, state: State, reason: str
) -> None:
    server.on("POST", "/replies").answers(status, headers={"Location": "/elsewhere"})
    item = _answered(WebhookDesk(hub, reply_url=f"{server.url}/replies"))
    assert item.state is state
    assert item.trouble is not None
    assert item.trouble.reason == reason
    assert len(server.arrivals) == 1


def test_a_reply_is_never_wider_than_what_it_answers(hub: Hub, server: FakeServer) -> None:
    desk = WebhookDesk(hub, reply_url=f"{server.url}/replies")
    desk.is_sent(HELLO)
    desk.pulls()
    assert desk.conversation()[0].visibility is Visibility.DIRECT


def _answered(desk: WebhookDesk) -> Any:
    desk.is_sent(HELLO)
    desk.pulls()
    outbox_id = desk.answers("On its way.")
    desk.waits(30)
    _lets_the_network_settle(desk.hub)
    desk.resolves()
    return desk.item(outbox_id)


def _lets_the_network_settle(hub: Hub) -> None:
    with hub.database.transaction() as session:
        session.run("UPDATE outbox SET sending_until_ms = 0 WHERE state = 'sending'")
