"""`hub doctor`: every part in turn broken, found, and how to mend it said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.commands.exits import Exit
from hub.doctor import machine
from hub.doctor.checks import examine
from hub.doctor.model import Finding, Level, Part
from hub.engine.beat import Worker
from hub.events import ReplyQueued
from hub.kernel import log
from hub.kernel.clock import system_clock
from hub.kernel.config import Config, read_config
from hub.kernel.database import open_database
from hub.kernel.hub import open_hub
from hub.kernel.plugins import Found, Plugins
from tests.cli.conftest import Terminal


def look(terminal: Terminal, *, plugins: Plugins | None = None) -> dict[Part, list[Finding]]:
    found: dict[Part, list[Finding]] = {part: [] for part in Part}
    for finding in examine(settings(terminal), plugins or Plugins(), system_clock):
        found[finding.part].append(finding)
    return found


def settings(terminal: Terminal) -> Config:
    return read_config(terminal.environ)


def levels(findings: list[Finding]) -> set[Level]:
    return {finding.level for finding in findings}


def test_a_healthy_installation_lacks_only_its_worker(hub: Terminal) -> None:
    found = look(hub)
    lacking = {part for part, findings in found.items() if levels(findings) != {Level.OK}}
    assert lacking == {Part.WORKER, Part.BACKUP}
    assert hub("doctor").exit_code == Exit.TEMPORARY


def test_with_a_worker_all_is_well(hub: Terminal) -> None:
    opened = open_hub(settings(hub))
    with Worker(opened, "worker"):
        ended = hub("doctor")
        assert ended.exit_code == Exit.OK, ended.output
        assert hub.json("doctor")["ok"] is True
    opened.close()


def test_every_finding_that_is_not_well_says_how_to_mend_it(empty: Terminal) -> None:
    broken = [finding for findings in look(empty).values() for finding in findings if finding.level is not Level.OK]
    assert len(broken) >= 2
    assert all(finding.advice for finding in broken)


def test_no_installation_is_out_of_order(empty: Terminal) -> None:
    ended = empty("doctor")
    assert ended.exit_code == Exit.OUT_OF_ORDER
    assert not (empty.folder / "hub.db").exists()


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    hub = Terminal(folder=tmp_path, environ={"HUB_DATA": str(tmp_path), "LANG": "C"})
    hub("init")
    with (hub.folder / "hub.db").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 40960)
    assert levels(look(hub)[Part.DATABASE]) >= {Level.BROKEN}
    assert hub("doctor").exit_code == Exit.OUT_OF_ORDER


def test_a_key_that_others_can_read_is_a_warning(hub: Terminal) -> None:
    (hub.folder / "key").chmod(0o644)
    [finding] = look(hub)[Part.KEY]
    assert finding.level is Level.WARNING
    assert "chmod 600" in finding.advice


def test_a_lost_key_is_found_and_the_rest_still_looked_at(hub: Terminal) -> None:
    (hub.folder / "key").unlink()
    found = look(hub)
    assert levels(found[Part.KEY]) == {Level.BROKEN}
    assert found[Part.CLOCK]


def test_a_plugin_that_is_not_loaded_is_found(hub: Terminal) -> None:
    broken = Found(name="odd", distribution="hubbub-odd", version="1", problem="ImportError: no module odd")
    [finding] = look(hub, plugins=Plugins(found=[broken]))[Part.PLUGINS]
    assert finding.level is Level.BROKEN
    assert "ImportError" in finding.text


def test_a_folder_without_room_is_found(hub: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_LITTLE", 2**62)
    assert levels(look(hub)[Part.FOLDER]) == {Level.WARNING}
    monkeypatch.setattr(machine, "_TOO_LITTLE", 2**61)
    assert levels(look(hub)[Part.FOLDER]) == {Level.BROKEN}


def test_a_folder_that_cannot_be_written_to_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    terminal = Terminal(folder=folder, environ={"HUB_DATA": str(folder), "LANG": "C"})
    assert levels(look(terminal)[Part.FOLDER]) == {Level.BROKEN}


def test_a_clock_behind_what_happened_is_a_warning(hub: Terminal) -> None:
    database = open_database(settings(hub))
    with database.transaction() as session:
        at = system_clock() + timedelta(hours=1)
        log.append(session, ReplyQueued(outbox_id=1), at=at)
    database.close()
    [finding] = look(hub)[Part.CLOCK]
    assert finding.level is Level.WARNING
    assert "in the future" in finding.text


def test_a_clock_that_was_set_since_the_last_beat_is_a_warning(hub: Terminal) -> None:
    opened = open_hub(settings(hub), clock=lambda: system_clock() - timedelta(minutes=5))
    with Worker(opened, "worker"):
        [finding] = look(hub)[Part.CLOCK]
    opened.close()
    assert finding.level is Level.WARNING


def test_channels_that_need_a_person_make_the_doctor_say_so(hub: Terminal) -> None:
    from hub.channels import store
    from hub.channels.model import ChannelState

    hub("channel", "add", "sandbox", "Lab", "--set", "talk=0")
    [channel] = hub.json("channel", "list")
    database = open_database(settings(hub))
    for state, level, mended in [
        (ChannelState.PAUSED, Level.WARNING, "resume"),
        (ChannelState.SIGNED_OUT, Level.BROKEN, "sign it in again"),
        (ChannelState.MISCONFIGURED, Level.BROKEN, "enter its settings again"),
    ]:
        with database.transaction() as session:
            store.set_state(session, channel["id"], state, now=system_clock())
        [finding] = look(hub)[Part.CHANNELS]
        assert finding.level is level
        assert str(channel["id"]) in finding.advice
        assert mended in finding.advice
    database.close()
    assert hub("doctor").exit_code == Exit.NOT_CONFIGURED
