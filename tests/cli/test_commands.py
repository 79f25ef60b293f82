"""What `hub` does, says and returns."""

from __future__ import annotations

import contextlib
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import errors
from hub.channels.store import keep_quiet
from hub.commands.exits import Exit, exit_for
from hub.commands.output import print_error, print_table, print_warnings
from hub.connector import Receipt
from hub.kernel.config import read_config
from hub.kernel.database import open_database
from hub.testing.clock import START
from tests.cli.conftest import Terminal


def test_init_makes_an_installation_and_leaves_one_alone(empty: Terminal) -> None:
    assert empty.json("init")["migrations"]
    assert empty.json("init")["migrations"] == []
    assert (empty.folder / "key").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_made_is_its_owners_alone_and_one_that_was_there_stays(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o750)
    for folder, mode in ((tmp_path / "deep" / "ours", 0o700), (theirs, 0o750)):
        hub = Terminal(folder=folder, environ={"HUB_DATA": str(folder), "LANG": "C"})
        assert hub("init").exit_code == Exit.OK
        assert stat.S_IMODE(folder.stat().st_mode) == mode


def test_what_is_made_in_a_folder_that_others_may_look_into_is_its_owners_alone(tmp_path: Path) -> None:
    ours, restored = tmp_path / "ours", tmp_path / "restored"
    hub, other = (Terminal(folder=each, environ={"HUB_DATA": str(each), "LANG": "C"}) for each in (ours, restored))
    for folder in (ours, restored):
        folder.mkdir(mode=0o755)
    assert hub("init").exit_code == Exit.OK
    with contextlib.closing(open_database(read_config({}, data=ours))) as database:
        # While it runs, what SQLite keeps beside the file is there, too.
        with database.transaction() as session:
            session.run("UPDATE installation SET value = value")
        assert {"hub.db", "hub.db-turn", "media"} <= open_to_nobody(ours)
    assert hub("backup", str(tmp_path / "b.hub")).exit_code == Exit.OK
    (restored / "key").write_bytes((ours / "key").read_bytes())
    (restored / "key").chmod(0o600)
    assert other("restore", str(tmp_path / "b.hub")).exit_code == Exit.OK
    assert {"hub.db", "media"} <= open_to_nobody(restored)


def open_to_nobody(folder: Path) -> set[str]:
    """The names in a folder, none of which others can read."""
    found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert not {name: oct(mode) for name, mode in found.items() if mode & 0o077}
    return set(found)


def test_migrate_brings_up_to_date_what_is_there(hub: Terminal) -> None:
    assert hub.json("migrate") == {"migrations": []}


def test_migrate_makes_no_installation(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("nothing") / "data"
    ended = Terminal(folder=folder, environ={"HUB_DATA": str(folder), "LANG": "C"})("migrate")
    assert ended.exit_code == Exit.OUT_OF_ORDER
    assert "hub init" in ended.stderr
    assert not folder.exists()


def test_a_command_without_an_installation_says_how_to_make_one(empty: Terminal) -> None:
    empty.folder.mkdir()
    ended = empty("user", "list")
    assert ended.exit_code == Exit.OUT_OF_ORDER
    assert "hub init" in ended.stderr


def test_a_command_makes_no_folder_for_itself(tmp_path: Path) -> None:
    ended = Terminal(folder=tmp_path, environ={"HUB_DATA": str(tmp_path / "none"), "LANG": "C"})("channel", "list")
    assert ended.exit_code == Exit.OUT_OF_ORDER
    assert "hub init" in ended.stderr
    assert not (tmp_path / "none").exists()


def test_a_wrong_setting_is_named(hub: Terminal) -> None:
    hub.environ["HUB_TRUSTED_PROXIES"] = "many"
    ended = hub("user", "list")
    assert ended.exit_code == Exit.USAGE
    assert "HUB_TRUSTED_PROXIES: This is not a number" in ended.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HUB_BASE_URL", "nonsense", "HUB_BASE_URL is not the address of a site"),
        ("HUB_BASE_URL", "https://hub.example.com/hub", "HUB_BASE_URL is not the address of a site"),
        ("HUB_BASE_URL", "https://hub.example.com:port", "HUB_BASE_URL is not the address of a site"),
        ("HUB_METRICS_TOKEN", "short", "HUB_METRICS_TOKEN is too easy to guess"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused_at_the_start(
    hub: Terminal, name: str, value: str, said: str
) -> None:
    hub.environ[name] = value
    ended = hub("user", "list")
    assert ended.exit_code == Exit.USAGE
    assert said in ended.stderr


def test_a_person_is_added_with_a_link(hub: Terminal) -> None:
    added = hub.json("user", "add", "Ann@Example.com", "--name", "Ann", "--role", "admin")
    assert added["email"] == "ann@example.com"
    assert "/link/" in added["link"]
    assert hub.json("user", "list")[0]["state"] == "invited"


def test_a_person_is_added_with_a_password(hub: Terminal) -> None:
    ended = hub("user", "add", "ann@example.com", "--name", "Ann", "--password-stdin", typed="correct horse tea\n")
    assert ended.exit_code == 0, ended.output
    assert hub.json("user", "list")[0]["state"] == "active"
    assert "correct horse" not in ended.output


def test_a_weak_password_is_refused(hub: Terminal) -> None:
    ended = hub("user", "add", "ann@example.com", "--name", "Ann", "--password-stdin", typed="short\n")
    assert ended.exit_code == Exit.USAGE
    assert hub.json("user", "list") == []


def test_invite_and_reset_print_new_links(hub: Terminal) -> None:
    first = hub.json("user", "add", "ann@example.com", "--name", "Ann")["link"]
    second = hub.json("user", "invite", "ann@example.com")["link"]
    third = hub.json("user", "reset", "ann@example.com")["link"]
    assert len({first, second, third}) == 3


def test_somebody_is_shut_out(hub: Terminal) -> None:
    hub("user", "add", "ann@example.com", "--name", "Ann", "--role", "admin")
    hub("user", "add", "bo@example.com", "--name", "Bo")
    assert hub("user", "deactivate", "bo@example.com").exit_code == 0
    states = {each["email"]: each["state"] for each in hub.json("user", "list")}
    assert states["bo@example.com"] == "deactivated"


@pytest.mark.parametrize("command", ["invite", "reset", "deactivate"])
def test_an_unknown_person_is_said(hub: Terminal, command: str) -> None:
    ended = hub("user", command, "nobody@example.com")
    assert ended.exit_code == Exit.USAGE
    assert "Nobody here has this address" in ended.stderr


def test_an_unknown_team_is_said(hub: Terminal) -> None:
    ended = hub("user", "add", "ann@example.com", "--name", "Ann", "--team", "Nowhere")
    assert ended.exit_code == Exit.USAGE


def test_a_token_is_printed_once_listed_and_revoked(hub: Terminal) -> None:
    hub("user", "add", "ana@brightwater.example", "--name", "Ana", "--password-stdin", typed="nine lamps of kvas\n")
    made = hub("token", "create", "--user", "ana@brightwater.example", "--scope", "read", "--scope", "reply")
    text = made.stdout.strip()
    assert text.startswith("hub_")
    assert "What it may be used for: read, reply." in made.stderr
    [listed] = hub.json("token", "list")
    assert (listed["user"], listed["scopes"], listed["used_at"]) == ("ana@brightwater.example", ["read", "reply"], None)
    assert text not in hub("token", "list").output
    assert hub("token", "revoke", str(listed["id"])).exit_code == 0
    assert hub.json("token", "list") == []
    again = hub("token", "revoke", str(listed["id"]))
    assert again.exit_code == Exit.USAGE
    assert "There is no token" in again.stderr


def test_a_token_only_reads_unless_more_is_asked_for(hub: Terminal) -> None:
    hub("user", "add", "ana@brightwater.example", "--name", "Ana")
    made = hub.json("token", "create", "--user", "ana@brightwater.example", "--days", "7", "--name", "Shop")
    assert (made["scopes"], made["name"]) == (["read"], "Shop")
    assert made["expires_at"] > made["created_at"]


def test_a_channel_is_connected_tested_paused_resumed_pulled_and_removed(hub: Terminal) -> None:
    added = hub("channel", "add", "sandbox", "Lab", "--set", "account=@lab", "--set", "talk=0")
    assert added.exit_code == 0, added.output
    [channel] = hub.json("channel", "list")
    assert (channel["kind"], channel["name"], channel["state"]) == ("sandbox", "Lab", "active")
    assert hub.json("channel", "check", "Lab")[0]["ok"] is True
    assert hub("channel", "check", "Lab").stdout == "Lab: works as @lab\n"
    assert hub("channel", "pause", "lab").exit_code == 0
    assert hub.json("channel", "list")[0]["state"] == "paused"
    assert hub.json("pull") == []
    assert hub("channel", "resume", str(channel["id"])).exit_code == 0
    assert hub.json("pull", "Lab")[0]["name"] == "Lab"
    assert "nothing left to read again" in hub("channel", "read-again", "Lab").stdout
    assert hub("channel", "remove", "Lab", typed="n\n").exit_code != 0
    assert hub("channel", "remove", "Lab", "--yes").exit_code == 0
    assert hub.json("channel", "list") == []


def test_a_channel_that_was_told_to_slow_down_is_pulled_next_when_it_may_speak_again(hub: Terminal) -> None:
    assert hub("channel", "add", "sandbox", "Lab", "--set", "account=@lab", "--set", "talk=0").exit_code == 0
    with contextlib.closing(open_database(read_config(hub.environ))) as database, database.transaction() as session:
        keep_quiet(session, 1, until=datetime(2100, 1, 1, tzinfo=UTC))
    assert "2100-01-01 00:00:00Z" in hub("channel", "list").stdout
    assert hub.json("channel", "list")[0]["next_pull_at"].startswith("2100-01-01T00:00:00")


def test_a_channel_that_does_not_work_is_not_saved(hub: Terminal) -> None:
    ended = hub("channel", "add", "feed", "Blog", "--set", "address=http://127.0.0.1:9/feed")
    assert ended.exit_code != 0
    assert hub.json("channel", "list") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["channel", "add", "nothing", "X"],
        ["channel", "add", "sandbox", "X", "--set", "no equals sign"],
        ["channel", "add", "sandbox", "X", "--set", "unknown=1"],
        ["channel", "add", "sandbox", "X", "--set", "talk=many"],
        ["channel", "add", "sandbox", "X", "--team", "Nowhere"],
        ["channel", "check", "Nobody"],
        ["pull", "Nobody"],
        ["no-such-command"],
    ],
)
def test_a_mistake_at_the_keyboard_is_a_mistake_in_usage(hub: Terminal, arguments: list[str]) -> None:
    ended = hub(*arguments)
    assert ended.exit_code == Exit.USAGE
    assert ended.stderr
    assert "Traceback" not in ended.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sandbox", "X", "--set", "wrong=1"], ["--set wrong", "sandbox", "account, talk"]),
        (["feed", "X"], ["--set address=VALUE", "Address of the feed"]),
        (["feed", "X", "--set", "address=nowhere"], ["--set address: This is not a web address"]),
        (["sandbox", "X", "--set", "talk=many"], ["--set talk: This is not a number"]),
        (["sandbox", "X" * 101], ["NAME: This is too long"]),
        (["nothing", "X"], ["nothing", "hub plugins"]),
        (["sandbox", "X", "--team", "Nowhere"], ["Nowhere"]),
    ],
)
def test_a_mistake_in_a_channel_is_said_at_the_option_that_was_typed(
    hub: Terminal, arguments: list[str], said: list[str]
) -> None:
    ended = hub("channel", "add", *arguments)
    assert ended.exit_code == Exit.USAGE
    assert [words for words in said if words not in ended.stderr] == []
    assert "form" not in ended.stderr


def test_what_the_network_refuses_is_said_at_the_option_that_was_typed(hub: Terminal) -> None:
    ended = hub("channel", "add", "sandbox", "X", "--set", "account=not a name")
    assert ended.exit_code == Exit.NOT_CONFIGURED
    assert "--set account: This cannot be the name of an account" in ended.stderr


def test_a_connection_that_failed_for_a_while_is_not_said_to_be_tried_again(hub: Terminal) -> None:
    ended = hub("channel", "add", "feed", "X", "--set", "address=https://no-such-host.invalid/feed")
    assert ended.exit_code == Exit.TEMPORARY
    assert "No server has this name\nNothing was saved." in ended.stderr


def test_a_name_is_said_at_its_argument(hub: Terminal) -> None:
    assert "--name: This is needed" in hub("user", "add", "ann@example.com", "--name", " ").stderr


def test_nothing_to_send_is_no_error(hub: Terminal) -> None:
    assert hub.json("send") == {"tried": 0}


def test_plugins_need_no_installation(empty: Terminal) -> None:
    found = {each["name"]: each for each in empty.json("plugins")}
    assert found["sandbox"]["kinds"] == ["sandbox"]
    assert found["sandbox"]["problem"] == ""
    assert not empty.folder.exists()


RECEIPT = Receipt(remote_id="1", at=START)
CODES = [
    (errors.Invalid("field", "missing"), Exit.USAGE),
    (errors.Absent(), Exit.USAGE),
    (errors.Conflict(), Exit.USAGE),
    (errors.AuthExpired(), Exit.NOT_CONFIGURED),
    (errors.Misconfigured("address"), Exit.NOT_CONFIGURED),
    (errors.AddressRefused("not_public"), Exit.NOT_CONFIGURED),
    (errors.DatabaseUnusable("locked"), Exit.OUT_OF_ORDER),
    (errors.StorageFull("full"), Exit.OUT_OF_ORDER),
    (errors.KeyLost(), Exit.OUT_OF_ORDER),
    (errors.Unavailable(), Exit.TEMPORARY),
    (errors.RateLimited(), Exit.TEMPORARY),
    (errors.Rejected("closed"), Exit.FAILED),
    (errors.PluginFault(), Exit.FAILED),
    (errors.AlreadySent(RECEIPT), Exit.FAILED),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_an_exit_code_says_what_kind_of_failure_it_was(error: errors.HubError, code: Exit) -> None:
    assert exit_for(error) is code


def test_a_table_shows_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name"], [["\x1b[31mred\nline"]])
    assert capsys.readouterr().out == "NAME\n [31mred line\n"


def test_an_error_or_a_warning_shows_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    said = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\r\nError: all is well"
    print_error(errors.Rejected("spam", detail=said))
    print_error(errors.Rejected(said, detail=said))
    print_error(errors.Misconfigured("not_an_expression", detail=said))
    print_error(errors.Invalid("", "connected_already", name=said, id=1))
    print_error(errors.Absent("no such kind", reason="unknown_kind", kind=said))
    print_warnings([said, f"cannot_moderate:{said}"])
    out, err = capsys.readouterr()
    assert "owned" in out
    assert "owned" in err
    for line in (out + err).splitlines():
        assert line.isprintable(), line
        assert not line.startswith("Error: all is well")
