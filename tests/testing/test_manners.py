"""The kit finds bad manners and replies that are split badly: each broken connector fails the test about it."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import time
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hub_plugins.sandbox.connector import SandboxConnector, SandboxSettings

from hub.connector import (
    Author,
    Check,
    Connector,
    Limits,
    Measure,
    Outgoing,
    Page,
    Part,
    Plan,
    Receipt,
    ReplyRules,
    setting,
)
from hub.errors import AuthExpired, ConnectorError, RateLimited, Unavailable
from hub.testing.contract.samples import LONG_TEXTS
from tests.testing.one_test import kit_for, run_one
from tests.testing.rude_import import AsksWhileItIsImported

SECRET = "hunter2-hunter2"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings(SandboxSettings):
    token: str = setting("Token", secret=True, default=SECRET)


class SignsIn(SandboxConnector):
    """A sound one with a secret."""

    Settings = TokenSettings


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OpenSettings(SandboxSettings):
    api_key: str = setting("Key", default=SECRET)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MuteSettings(SandboxSettings):
    colour: str = "blue"


class ShowsItsKey(SandboxConnector):
    Settings = OpenSettings


class ExplainsNothing(SandboxConnector):
    Settings = MuteSettings


class HasAWayOfItsOwn(SandboxConnector):
    def check(self) -> Check:
        with contextlib.suppress(OSError), socket.socket() as own:
            own.connect(("127.0.0.1", 1))
        return super().check()


class SleepsOnIt(SandboxConnector):
    def pull(self, cursor: str | None) -> Page:
        try:
            return super().pull(cursor)
        except RateLimited:
            time.sleep(1.01)
            raise


class LivesInItsOwnTimeZone(SandboxConnector):
    def pull(self, cursor: str | None) -> Page:
        page = super().pull(cursor)
        messages = tuple(
            dataclasses.replace(each, created_at=each.created_at.replace(tzinfo=None).astimezone(UTC))
            for each in page.messages
        )
        return dataclasses.replace(page, messages=messages)


class TriesWithoutItsToken(SignsIn):
    def pull(self, cursor: str | None) -> Page:
        try:
            return super().pull(cursor)
        except AuthExpired:
            raise Unavailable("down") from None


class WantsUsNamed(SandboxConnector):
    def pull(self, cursor: str | None) -> Page:
        page = super().pull(cursor)
        rules = ReplyRules(must_mention=(Author(id="us", is_us=True),))
        return dataclasses.replace(
            page, messages=tuple(dataclasses.replace(each, reply=rules) for each in page.messages)
        )


class LogsItsToken(SignsIn):
    def pull(self, cursor: str | None) -> Page:
        self.context.log.info("asking as %s", self.settings.token)
        return super().pull(cursor)


class Splits(SandboxConnector):
    """A sound one that makes a post of each paragraph or two."""

    most = 500

    @classmethod
    def pieces(cls, text: str) -> list[str]:
        pieces = [""]
        for paragraph in text.split("\n\n"):
            if len(pieces[-1]) + len(paragraph) > cls.most - 100:
                pieces.append("")
            pieces[-1] += paragraph + "\n"
        return pieces

    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        measured = super().measure(outgoing, limits)
        pieces = cls.pieces(outgoing.text)
        return measured if len(pieces) == 1 else dataclasses.replace(measured, parts=len(pieces), errors=())

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        pieces = self.pieces(outgoing.text)
        parts = tuple(Part(text=text, reserved=f"{key}:{number}") for number, text in enumerate(pieces))
        return Plan(outgoing=outgoing, parts=parts)


class LosesTheLastPart(Splits):
    @classmethod
    def pieces(cls, text: str) -> list[str]:
        return super().pieces(text)[:-1] or [text]


class SwapsItsParts(Splits):
    @classmethod
    def pieces(cls, text: str) -> list[str]:
        return super().pieces(text)[::-1]


class MakesPartsThatDoNotFit(Splits):
    most = 900


class CannotKeepItsWord(Splits):
    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        plan = super().plan(outgoing, key)
        return dataclasses.replace(plan, parts=(*plan.parts, Part(text="more", reserved=f"{key}:more")))


class StartsAgainFromTheFirstPart(Splits):
    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        for number in range(part):
            again = dataclasses.replace(plan.parts[number], reserved=None)
            super().send(dataclasses.replace(plan, parts=(again,)), 0, None)
        return super().send(plan, part, previous)


TOO_LONG = "test_a_text_that_is_too_long_is_refused_or_split_without_losing_a_word"
PLAIN = {"words": LONG_TEXTS[0]}

BROKEN: list[tuple[type[Connector], type[Connector], str, dict[str, Any]]] = [
    (AsksWhileItIsImported, SandboxConnector, "test_importing_it_touches_nothing", {}),
    (ShowsItsKey, SignsIn, "test_every_setting_explains_itself", {}),
    (ExplainsNothing, SignsIn, "test_every_setting_explains_itself", {}),
    (HasAWayOfItsOwn, SandboxConnector, "test_the_network_is_reached_only_through_the_door", {}),
    (SleepsOnIt, SandboxConnector, "test_it_never_waits_by_itself", {}),
    (LivesInItsOwnTimeZone, SandboxConnector, "test_the_time_zone_of_the_machine_changes_nothing", {}),
    (TriesWithoutItsToken, SignsIn, "test_a_withdrawn_access_asks_for_a_new_sign_in", {}),
    (WantsUsNamed, SandboxConnector, "test_the_first_pull_is_history_and_the_next_is_not", {}),
    (LogsItsToken, SignsIn, "test_no_secret_is_told_on", {}),
    (LosesTheLastPart, Splits, TOO_LONG, PLAIN),
    (SwapsItsParts, Splits, TOO_LONG, PLAIN),
    (MakesPartsThatDoNotFit, Splits, TOO_LONG, PLAIN),
    (CannotKeepItsWord, Splits, TOO_LONG, PLAIN),
    (StartsAgainFromTheFirstPart, Splits, "test_only_the_part_that_failed_is_sent_again", {}),
]


@pytest.mark.parametrize(("broken", "sound", "test", "given"), BROKEN)
def test_bad_manners_fail_the_test_about_them_and_good_ones_pass(
    broken: type[Connector],
    sound: type[Connector],
    test: str,
    given: dict[str, Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run_one(sound, test, {**given, "caplog": caplog}, tmp_path / "sound")
    caplog.clear()
    with pytest.raises((AssertionError, ConnectorError, pytest.fail.Exception)):
        run_one(broken, test, {**given, "caplog": caplog}, tmp_path / "broken")


@pytest.mark.parametrize("words", LONG_TEXTS, ids=lambda words: words[0])
def test_every_long_text_passes_where_it_is_split_soundly(words: tuple[str, ...], tmp_path: Path) -> None:
    run_one(Splits, TOO_LONG, {"words": words}, tmp_path)


def test_who_never_splits_is_not_asked_to_send_a_part_again() -> None:
    assert kit_for(SandboxConnector).test_only_the_part_that_failed_is_sent_again is None
    assert callable(kit_for(Splits).test_only_the_part_that_failed_is_sent_again)
