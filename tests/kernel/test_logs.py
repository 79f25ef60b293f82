"""The operators' log: JSON lines, without secrets and without what people wrote."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from cryptography.fernet import Fernet

from hub.kernel.logs import configure_logs
from hub.kernel.redaction import HIDDEN, Redaction
from hub.kernel.secrets import Secrets

CANARY = "canary-4f9a1c"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def said(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_ours_and_the_libraries_lines_have_one_shape(lines: io.StringIO) -> None:
    structlog.stdlib.get_logger("hub.engine").warning("tick failed", tick="pull")
    logging.getLogger("apscheduler").warning("run of job %s missed", "pull")
    ours, theirs = said(lines)
    assert (ours["event"], ours["tick"], ours["logger"]) == ("tick failed", "pull", "hub.engine")
    assert (theirs["event"], theirs["logger"]) == ("run of job pull missed", "apscheduler")
    assert ours.keys() - {"tick"} == theirs.keys()


def test_a_tick_that_takes_longer_than_its_time_says_nothing(lines: io.StringIO) -> None:
    logging.getLogger("apscheduler.scheduler").warning("maximum number of running instances reached")
    logging.getLogger("apscheduler.executors.default").error("a tick broke")
    assert [line["event"] for line in said(lines)] == ["a tick broke"]


def test_an_exception_is_one_line(lines: io.StringIO) -> None:
    try:
        raise ValueError("wrong\nvalue")
    except ValueError:
        structlog.stdlib.get_logger("hub").exception("failed")
    [line] = said(lines)
    assert "ValueError: wrong\nvalue" in line["exception"]


def test_line_ends_and_terminal_codes_of_strangers_stay_inside_their_line(lines: io.StringIO) -> None:
    logging.getLogger("hub").warning("agent %s", 'x\r\n{"event": "forged"}\x1b[31m')
    assert len(said(lines)) == 1
    assert "\x1b" not in lines.getvalue()


SPELLINGS = [
    lambda log: log.warning("call", password=CANARY),
    lambda log: log.warning("call", settings={"application_password": CANARY}),
    lambda log: log.warning("call", headers={"Authorization": f"Basic {CANARY}"}),
    lambda log: log.warning("call", headers=[{"Cookie": f"hub={CANARY}"}]),
    lambda log: log.warning("call", text=CANARY),
    lambda log: log.warning("call", message={"html": CANARY}),
    lambda log: log.warning(f"GET https://a.example/?access_token={CANARY}&x=1"),
    lambda log: log.warning(f"GET https://ann:{CANARY}@a.example/"),
    lambda log: log.warning(f"sent Authorization: Bearer {CANARY}"),
    lambda log: log.warning(f"GET /link/{CANARY}{CANARY}"),
    lambda log: logging.getLogger("urllib3").warning("GET %s", f"/?token={CANARY}"),
]


@pytest.mark.parametrize("write", SPELLINGS)
def test_a_secret_is_hidden_by_its_name_or_its_shape(lines: io.StringIO, write: Any) -> None:
    write(structlog.stdlib.get_logger("hub"))
    assert len(said(lines)) == 1
    assert CANARY not in lines.getvalue()
    assert HIDDEN in lines.getvalue()


@pytest.mark.parametrize("value", ["plain-canary-77", 'quo"ted\\canary-77', "a b/c?canary-77", "ünïcödé-canary-77"])
def test_a_secret_that_was_unsealed_is_hidden_wherever_it_appears(lines: io.StringIO, value: str) -> None:
    secrets = Secrets([Fernet.generate_key().decode()])
    secrets.unseal(secrets.seal(json.dumps({"password": value})))
    log = structlog.stdlib.get_logger("hub")
    log.warning(f"the server said: {value} is wrong")
    log.warning("call", answer=[{"detail": value}])
    try:
        raise RuntimeError(value)
    except RuntimeError:
        log.exception("failed")
    assert len(said(lines)) == 3
    assert "canary-77" not in lines.getvalue()


def test_tokens_that_are_renewed_are_hidden_while_they_are_new_and_do_not_pile_up() -> None:
    redaction = Redaction()
    tokens = [f"eyJhbGciOiJIUzI1NiJ9.{number:040d}.signature" for number in range(1000)]
    for token in tokens:
        redaction.register_passing(f'{{"session": ["did:plc:brightwater", "{token}"]}}')
    assert redaction.text(f"signed in with {tokens[-1]} as did:plc:brightwater") == (
        "signed in with [hidden] as did:plc:brightwater"
    )
    assert redaction.text(tokens[0]) == tokens[0]


def test_what_is_no_secret_is_left_alone() -> None:
    redaction = Redaction()
    redaction.register(json.dumps({"short": "abc", "flag": True}))
    facts = {"event": "abc is short", "channel_id": 3, "retry_at": None, "reasons": ["closed", "too_long"]}
    assert redaction.value(facts) == facts
