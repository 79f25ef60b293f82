"""The kit proves what a connector says it can do besides: each empty claim fails the check about it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hub_plugins.sandbox.connector import SandboxConnector

from hub.connector import Connector, Limits, Measure, Outgoing, Plan, Receipt, SignIn
from hub.errors import ConnectorError, Misconfigured
from hub.testing.contract import extras
from tests.plugins.sandbox_corner import SandboxCorner
from tests.testing.one_test import kit_for, run_one


class Willing(SandboxConnector):
    """A sound one that listens and signs in, too."""

    features = dataclasses.replace(SandboxConnector.features, listens=True, signs_in=True)

    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        before = self._network.last_change()
        while not stop.wait(0.01):
            if self._network.last_change() != before:
                before = self._network.last_change()
                wake()

    def begin_sign_in(self, redirect_uri: str) -> SignIn:
        return SignIn(url=f"https://network.example/sign-in?account={self.settings.account}", state="begun")

    def finish_sign_in(self, state: str, query: Mapping[str, str]) -> Mapping[str, str]:
        if "code" not in query:
            raise Misconfigured("declined")
        return {"account": query["code"]}


class Obliging(SandboxCorner):
    """A network whose page to sign in gives the account away as the code."""

    def allows(self, url: str) -> Mapping[str, str]:
        return {"code": parse_qs(urlsplit(url).query)["account"][0]}


class Forgets(Willing):
    """Sends the words alone."""

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        bare = dataclasses.replace(plan.outgoing, content_warning="", attachments=(), quote=False)
        return super().send(dataclasses.replace(plan, outgoing=bare), part, previous)


class CountsNoPictures(Willing):
    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        return super().measure(dataclasses.replace(outgoing, attachments=()), limits)


class SleepsThroughTheNews(Willing):
    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        """Ends at once, which the kit need not wait for."""


class NeverStops(Willing):
    def listen(self, wake: Callable[[], None], stop: threading.Event) -> None:
        wake()
        threading.Event().wait(30)


class BringsTheWrongSettings(Willing):
    def finish_sign_in(self, state: str, query: Mapping[str, str]) -> Mapping[str, str]:
        return {**super().finish_sign_in(state, query), "session": "s"}


class TakesSilenceForConsent(Willing):
    def finish_sign_in(self, state: str, query: Mapping[str, str]) -> Mapping[str, str]:
        return {"account": query.get("code", "@brightwater")}


class ClaimsNothing(Willing):
    features = SandboxConnector.features


BROKEN: list[tuple[type[Connector], str]] = [
    (ClaimsNothing, "test_what_is_not_declared_is_refused"),
    (Forgets, "test_a_content_warning_goes_out_with_the_words"),
    (Forgets, "test_a_quote_shows_the_message_and_an_answer_does_not"),
    (Forgets, "test_pictures_go_out_in_order_with_their_descriptions"),
    (CountsNoPictures, "test_one_picture_too_many_is_said_before_it_is_sent"),
    (SleepsThroughTheNews, "test_news_wakes_who_listens_until_told_to_stop"),
    (NeverStops, "test_news_wakes_who_listens_until_told_to_stop"),
    (BringsTheWrongSettings, "test_signing_in_at_the_network_brings_settings_that_work"),
    (TakesSilenceForConsent, "test_who_declines_to_sign_in_is_not_connected"),
]


@pytest.mark.parametrize(("broken", "test"), BROKEN)
def test_an_empty_claim_fails_where_a_sound_one_passes(
    broken: type[Connector], test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_one(Willing, test, {}, tmp_path / "sound", corner=Obliging)
    monkeypatch.setattr(extras, "_SECONDS_TO_STOP", 0.2)
    with pytest.raises((AssertionError, ConnectorError, pytest.fail.Exception)):
        run_one(broken, test, {}, tmp_path / "broken", corner=Obliging)


def test_what_is_not_claimed_is_not_asked_for() -> None:
    assert kit_for(SandboxConnector).test_news_wakes_who_listens_until_told_to_stop is None
    assert callable(kit_for(Willing).test_news_wakes_who_listens_until_told_to_stop)
