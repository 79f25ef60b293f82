"""A plugin in a process of its own: whatever it does costs its own call, its own channel, never anything else."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.channels.children import CRASHES_MOST, CRASHES_WITHIN, ChildConnectors
from hub.channels.model import Account
from hub.channels.parent import environ_for_children
from hub.connector import Author, Outgoing, Part, Plan, Target
from hub.errors import HubError, PluginFault, Unavailable
from hub.kernel.hub import Hub
from tests.channels.conftest import calm, unruly
from tests.processes import is_running, wait_until

Start = Callable[..., ChildConnectors]

MISBEHAVIOUR = {
    "raises": "KeyError",
    "exits": "SystemExit",
    "is_badly_told": "BadlyTold",
    "names_no_instant": "wrong_type",
    "fills_errors_with_rubbish": "TypeError",
    "dies": "died",
    "closes_its_pipe": "died",
    "returns_nothing": "wrong_type",
    "returns_another_type": "wrong_type",
    "returns_no_data": "TypeError",
    "returns_wrong_fields": "wrong_type",
    "returns_naive_instants": "wrong_type",
    "returns_seventy_megabytes": "too_large",
    "floods": "too_large",
    "hoards": "MemoryError",
    "never_returns": "hangs",
}


@pytest.mark.parametrize("does", MISBEHAVIOUR)
def test_a_plugin_that_misbehaves_fails_its_own_call_with_a_reason(children: Start, does: str) -> None:
    connectors = children(seconds={"pull": 2} if does == "never_returns" else {})
    with pytest.raises(PluginFault) as caught:
        connectors.pull(unruly(does), None)
    assert caught.value.params["reason"] == MISBEHAVIOUR[does]
    assert pulled(connectors, unruly(channel_id=2)) == "1"
    assert pulled(connectors, calm()) == "1"


def test_what_is_left_of_broken_unicode_arrives(children: Start) -> None:
    connectors = children()
    assert connectors.pull(unruly("speaks_in_halves"), None).messages[0].text == "half a \ufffd pair"
    with pytest.raises(Unavailable) as caught:
        connectors.pull(unruly("says_surrogates"), None)
    assert caught.value.detail == "half a \ufffd pair"


def test_two_channels_of_one_plugin_do_not_wait_for_each_other(children: Start, tmp_path: Path) -> None:
    connectors, gate = children(), tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(connectors.pull, unruly("waits", gate=gate), None)
        wait_until((tmp_path / "gate.begun").exists, "the first channel's pull")
        assert connectors.pull(unruly(channel_id=2), None).cursor == "1"
        assert not waiting.done()
        gate.touch()
        assert waiting.result().cursor == "1"


def test_reading_and_writing_of_one_channel_do_not_wait_for_each_other(children: Start, tmp_path: Path) -> None:
    connectors, gate = children(), tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(connectors.pull, unruly("waits", gate=gate), None)
        wait_until((tmp_path / "gate.begun").exists, "the pull")
        assert connectors.plan(unruly("waits", gate=gate), outgoing(), "key").parts[0].reserved == "key"
        gate.touch()
        waiting.result()


def test_a_pull_that_hangs_leaves_calls_of_other_channels_the_time_they_need(children: Start, tmp_path: Path) -> None:
    connectors, gate = children(seconds={"pull": 1, "send": 30}), tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(connectors.send, unruly(channel_id=2, gate=gate), plan(), 0, None)
        wait_until((tmp_path / "gate.begun").exists, "the send")
        first = connectors.pids()
        with pytest.raises(PluginFault, match="in time"):
            connectors.pull(unruly("never_returns"), None)
        assert pulled(connectors, unruly(channel_id=3)) == "1"
        assert connectors.pids() != first
        gate.touch()
        assert sending.result().remote_id == "r1"


def test_a_send_that_hangs_is_ended_before_anybody_looks_whether_it_arrived(children: Start, tmp_path: Path) -> None:
    connectors, gate = children(seconds={"send": 1}), tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        pulling = pool.submit(connectors.pull, unruly("waits", channel_id=2, gate=tmp_path / "other"), None)
        wait_until((tmp_path / "other.begun").exists, "the pull that keeps the process busy")
        pid = connectors.pids()["unruly"]
        with pytest.raises(PluginFault, match="in time"):
            connectors.send(unruly(gate=gate), plan(), 0, None)
        wait_until(lambda: not is_running(pid), "the end of the process")
        gate.touch()
        with pytest.raises(PluginFault, match="ended while"):
            pulling.result()
    assert not (tmp_path / "gate.written").exists()


def test_a_stopped_process_with_a_full_pipe_blocks_nobody(children: Start) -> None:
    connectors = children(seconds={"pull": 1})
    pid = int(pulled(connectors, unruly("tells_its_number")))
    os.kill(pid, signal.SIGSTOP)
    longer_than_a_pipe = "x" * 1_000_000
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(connectors.pull, unruly(channel_id=n), longer_than_a_pipe) for n in range(1, 9)]
        assert pulled(connectors, calm()) == "1"
        assert {reason_of(each.exception()) for each in asked} == {"hangs"}
    wait_until(lambda: not is_running(pid), "the end of the stopped process")
    assert pulled(connectors, unruly()) == "1"


def test_closing_ends_even_a_stopped_process_and_starts_none_any_more(children: Start) -> None:
    connectors = children()
    pid = int(connectors.pull(unruly("tells_its_number"), None).cursor)
    os.kill(pid, signal.SIGSTOP)
    connectors.close()
    assert not is_running(pid)
    with pytest.raises(Unavailable, match="stopping"):
        connectors.pull(calm(), None)
    assert connectors.pids() == {}


def test_closing_fails_the_calls_that_are_under_way(children: Start, tmp_path: Path) -> None:
    connectors = children()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(connectors.pull, unruly("waits", gate=tmp_path / "gate"), None)
        wait_until((tmp_path / "gate.begun").exists, "the pull")
        connectors.close()
        assert reason_of(waiting.exception()) == "died"


def test_a_process_nobody_asked_for_a_while_ends_and_is_started_again(children: Start) -> None:
    connectors = children(idle_seconds=0.2)
    for _ in range(CRASHES_MOST + 1):
        pid = int(connectors.pull(unruly("tells_its_number"), None).cursor)
        wait_until(lambda: not is_running(pid), "the end of the idle process")  # noqa: B023
    assert connectors.pids() == {}


def test_a_busy_process_is_not_idle(children: Start, tmp_path: Path) -> None:
    connectors, gate = children(idle_seconds=0.05), tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(connectors.pull, unruly("waits", gate=gate), None)
        wait_until((tmp_path / "gate.begun").exists, "the pull")
        for _ in range(20):
            assert connectors.pids().keys() == {"unruly"}
            threading.Event().wait(0.01)
        gate.touch()
        assert waiting.result().cursor == "1"


def test_five_crashes_in_ten_minutes_keep_a_plugin_out_until_they_are_past(children: Start) -> None:
    now = 1000.0
    connectors = children(monotonic=lambda: now)
    for _ in range(CRASHES_MOST):
        assert reason_of(failure(connectors, "dies")) == "died"
        now += 1
    assert reason_of(failure(connectors, "works")) == "quarantined"
    assert connectors.pull(calm(), None).cursor == "1"
    now = 1000.0 + CRASHES_WITHIN
    assert connectors.pull(unruly(), None).cursor == "1"


def test_crashes_far_apart_do_not_count_together(children: Start) -> None:
    now = 0.0
    connectors = children(monotonic=lambda: now)
    for _ in range(CRASHES_MOST + 1):
        assert reason_of(failure(connectors, "dies")) == "died"
        now += CRASHES_WITHIN / CRASHES_MOST + 1
    assert connectors.pull(unruly(), None).cursor == "1"


def test_a_process_killed_from_outside_is_started_again(children: Start) -> None:
    connectors = children()
    pid = int(connectors.pull(unruly("tells_its_number"), None).cursor)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: connectors.pids() == {}, "our noticing the end of the process")
    assert connectors.pull(unruly(), None).cursor == "1"


def test_stopping_signals_to_the_whole_service_leave_calls_under_way_alone(children: Start, tmp_path: Path) -> None:
    connectors, gate = children(), tmp_path / "gate"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(connectors.pull, unruly("waits", gate=gate), None)
        wait_until((tmp_path / "gate.begun").exists, "the pull")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.killpg(connectors.pids()["unruly"], number)
        assert connectors.pull(unruly(channel_id=2), None).cursor == "1"
        gate.touch()
        assert waiting.result().cursor == "1"


def test_what_a_plugin_prints_comes_to_the_log_without_its_secrets(
    children: Start, caplog: pytest.LogCaptureFixture
) -> None:
    connectors = children()
    with caplog.at_level(logging.INFO):
        assert connectors.pull(unruly("prints", password="correct horse battery"), None).cursor == "1"
        connectors.check(unruly(channel_id=0, password="staple"))
        end(connectors)
    printed = "\n".join(record.getMessage() for record in caplog.records if record.name == "hub.plugin.unruly")
    assert "on stdout" in printed and "my password is [hidden]" in printed and "checking with [hidden]" in printed
    assert "correct horse" not in caplog.text and "staple" not in caplog.text


def test_a_chattering_plugin_does_not_fill_the_log(children: Start, caplog: pytest.LogCaptureFixture) -> None:
    connectors = children()
    with caplog.at_level(logging.INFO):
        assert connectors.pull(unruly("chatters"), None).cursor == "1"
        end(connectors)
    lines = [record.getMessage() for record in caplog.records if record.name == "hub.plugin.unruly"]
    assert len(lines) == 201
    assert lines[-1] == "4801 more lines were left out"


def test_a_fault_is_logged_with_its_place_and_without_what_it_quotes(
    children: Start, caplog: pytest.LogCaptureFixture
) -> None:
    connectors = children()
    with pytest.raises(PluginFault):
        connectors.pull(unruly("raises"), None)
    end(connectors)
    assert "fault in pull of unruly: KeyError at" in caplog.text and "plugged_unruly.py" in caplog.text
    assert "somebody's words" not in caplog.text


def test_a_plugin_does_not_learn_where_the_database_is(children: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://hub:secret@db/hub")
    monkeypatch.setenv("PGPASSWORD", "secret")
    names = children().pull(unruly("tells_its_environment"), None).cursor.split()
    assert "PATH" in names
    assert not {name for name in names if name.startswith(("HUB_", "PG"))}
    assert environ_for_children({"SECRET_KEY": "x", "LC_ALL": "C"}) == {"LC_ALL": "C"}


def test_starting_again_and_again_leaves_nothing_behind(opened: Hub) -> None:
    def once() -> None:
        connectors = ChildConnectors(opened)
        assert reason_of(failure(connectors, "dies")) == "died"
        connectors.pull(calm(), None)
        connectors.close()

    def fewer_than_one_a_round() -> bool:
        # Not "as many as before": what earlier tests left in this process may go, or come, meanwhile.
        return open_files() - files < rounds and children_of_this_process() - processes < rounds

    once()
    files, processes, rounds = open_files(), children_of_this_process(), 15
    for _ in range(rounds):
        once()
    wait_until(fewer_than_one_a_round, "every file and process to be given back")


def outgoing() -> Outgoing:
    return Outgoing(text="yes", target=Target(remote_id="m1", author=Author(id="lena")))


def plan() -> Plan:
    return Plan(outgoing=outgoing(), parts=(Part(text="yes"),))


def pulled(connectors: ChildConnectors, account: Account) -> str | None:
    """The cursor of a pull: on a slow machine its short time may be over before its process is up."""
    while True:
        with contextlib.suppress(Unavailable):
            return connectors.pull(account, None).cursor


def failure(connectors: ChildConnectors, does: str) -> HubError:
    with pytest.raises(HubError) as caught:
        connectors.pull(unruly(does), None)
    return caught.value


def reason_of(error: BaseException | None) -> object:
    assert isinstance(error, PluginFault), error
    return error.params["reason"]


def end(connectors: ChildConnectors) -> None:
    """Close, and wait until the last line of the log has come."""
    connectors.close()
    for thread in threading.enumerate():
        if thread.name.startswith("log of"):
            thread.join()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children_of_this_process() -> int:
    return sum(parent_of(stat) == os.getpid() for stat in Path("/proc").glob("[0-9]*/stat"))


def parent_of(stat: Path) -> int | None:
    """The parent of a process; None for one that has gone while we look."""
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
