"""The engine's ticks over real child processes: everything due happens, once, and one trouble stays where it is."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hub.engine.engine import Engine
from hub.outbox.model import State
from tests.engine.conftest import Installation, soon, started

Running = Callable[[], threading.Event]


def test_what_people_say_comes_in_and_what_we_answer_goes_out(installation: Installation, running: Running) -> None:
    running()
    installation.hears("is that normal?")
    soon(lambda: installation.texts() == ["is that normal?"], "the message")
    outbox_id = installation.answers("is that normal?", "yes")
    soon(lambda: installation.is_sent(outbox_id), "the reply to be sent")
    assert installation.arrivals() == ["yes"]
    soon(lambda: installation.claims() == 0, "every claim to be given back")


def test_a_reply_whose_answer_was_lost_is_looked_up_and_not_sent_again(
    installation: Installation, running: Running
) -> None:
    running()
    installation.hears("hello")
    soon(lambda: installation.texts() == ["hello"], "the message")
    installation.network.fails(next_sends=["drop"])
    outbox_id = installation.answers("hello", "hello back")
    soon(lambda: installation.item(outbox_id).state is State.SENDING, "the answer to be lost")
    soon(lambda: _looked_up_at_once(installation, outbox_id), "the look-up")
    assert installation.arrivals() == ["hello back"]


def test_a_process_that_dies_while_sending_is_looked_up_and_not_sent_again(
    installation: Installation, running: Running
) -> None:
    running()
    installation.hears("hello")
    soon(lambda: installation.texts() == ["hello"], "the message")
    installation.network.fails(next_sends=["crash"])
    outbox_id = installation.answers("hello", "hello back")
    soon(lambda: _looked_up_at_once(installation, outbox_id), "the look-up")
    assert installation.arrivals() == ["hello back"]


def test_a_plugin_that_dies_while_it_looks_is_no_answer_and_asked_again(
    installation: Installation, running: Running
) -> None:
    running()
    installation.hears("hello")
    soon(lambda: installation.texts() == ["hello"], "the message")
    installation.network.fails(next_sends=["drop"], next_looks=["crash", "garbage"])
    outbox_id = installation.answers("hello", "hello back")
    soon(lambda: _looked_up_at_once(installation, outbox_id), "the look-up that worked")
    assert installation.network.script("look") == ()
    assert installation.arrivals() == ["hello back"]


def test_two_engines_do_everything_once(installation: Installation, running: Running) -> None:
    running()
    running()
    texts = [f"question {number}" for number in range(10)]
    for text in texts:
        installation.hears(text)
    soon(lambda: sorted(installation.texts()) == texts, "every message")
    sent = [installation.answers(text, f"answer to {text}") for text in texts]
    soon(lambda: all(installation.is_sent(outbox_id) for outbox_id in sent), "every reply")
    assert sorted(installation.arrivals()) == [f"answer to {text}" for text in texts]


def test_a_channel_that_hangs_delays_only_itself(installation: Installation, running: Running) -> None:
    other = installation.connects("@second")
    installation.network.fails(next_pulls=["hang"])
    running()
    installation.hears("anybody there?", to="@second")
    installation.hears("hello?")
    soon(lambda: len(installation.texts()) == 1, "the pull of the channel that does not hang")
    soon(lambda: installation.claims() == 1, "its claim to be given back, and the other's not")
    assert {installation.channel().trouble, installation.channel(other).trouble} == {None}


def test_a_stop_under_load_finishes_what_is_under_way_and_claims_nothing_more(installation: Installation) -> None:
    with started(Engine(installation.hub, installation.connectors)) as stop:
        installation.hears("question")
        soon(lambda: installation.texts() == ["question"], "the message")
        sent = [installation.answers("question", f"answer {number}") for number in range(20)]
        soon(lambda: bool(installation.arrivals()), "the first reply")
        stop.set()
    states = {installation.item(outbox_id).state for outbox_id in sent}
    assert states <= {State.SENT, State.QUEUED}
    assert installation.claims() == 0
    assert len(installation.arrivals()) == sum(installation.is_sent(outbox_id) for outbox_id in sent)
    with installation.hub.database.reading() as session:
        assert session.all("SELECT id FROM workers") == []


def _looked_up_at_once(installation: Installation, outbox_id: int) -> bool:
    """Let the time a network is given to settle pass, which no test can wait for."""
    with installation.hub.database.transaction() as session:
        session.run(
            "UPDATE outbox SET sending_until_ms = 0 WHERE id = :id AND error_code IS NOT NULL AND state = 'sending'",
            id=outbox_id,
        )
    return installation.is_sent(outbox_id)
