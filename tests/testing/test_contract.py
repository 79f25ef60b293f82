"""The kit finds what it promises to find: each broken connector fails the test that is about it."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hub_plugins.sandbox.connector import SandboxConnector, SandboxSettings

from hub.connector import Action, Connector, Context, Features, Limits, Measure, Outgoing, Page, Part, Plan, Receipt
from hub.errors import Ambiguous, ConnectorError, RateLimited, Unavailable
from tests.testing.one_test import kit_for, run_one


class Sabotaged(SandboxConnector):
    """The sandbox's connector with one mistake in what it pulls."""

    def pull(self, cursor: str | None) -> Page:
        return self.spoil(super().pull(cursor))

    def spoil(self, page: Page) -> Page:
        return page

    def each(self, page: Page, **fields: Any) -> Page:
        return dataclasses.replace(
            page, messages=tuple(dataclasses.replace(message, **fields) for message in page.messages)
        )


class OpensItsFileAtOnce(SandboxConnector):
    def __init__(self, settings: Any, context: Context) -> None:
        super().__init__(settings, context)
        (context.data / "notes.txt").write_text("hello")


class DoesAnything(SandboxConnector):
    def act(self, action: Action) -> None: ...


class AlwaysNew(Sabotaged):
    def spoil(self, page: Page) -> Page:
        return dataclasses.replace(page, history=False)


class NewRevisionEachTime(Sabotaged):
    pulls = 0

    def spoil(self, page: Page) -> Page:
        self.pulls += 1
        return self.each(page, revision=str(self.pulls))


class LosesTheRestOfABurst(Sabotaged):
    def spoil(self, page: Page) -> Page:
        last = msgspec.json.decode(page.cursor) | {"after": self._network.last_change()}
        return dataclasses.replace(page, more=False, cursor=msgspec.json.encode(last).decode())


class TrustsDates(Sabotaged):
    def spoil(self, page: Page) -> Page:
        recent = self.context.clock() - timedelta(minutes=5)
        return dataclasses.replace(
            page, messages=tuple(message for message in page.messages if message.created_at > recent)
        )


class RemembersOnlyInMemory(Sabotaged):
    after = -1

    def pull(self, cursor: str | None) -> Page:
        if cursor is not None:
            at = msgspec.json.decode(cursor)
            at["after"] = self._network.last_change() if self.after < 0 else self.after
            cursor = msgspec.json.encode(at).decode()
        page = super().pull(cursor)
        self.after = msgspec.json.decode(page.cursor)["after"]
        return page


class StartsAtTheEndWithAStrangeCursor(Sabotaged):
    def pull(self, cursor: str | None) -> Page:
        known = cursor is None or '"born"' in cursor
        page = super().pull(cursor)
        return page if known else dataclasses.replace(page, messages=())


class KeepsItsDiaryInTheCursor(Sabotaged):
    def spoil(self, page: Page) -> Page:
        diary = msgspec.json.decode(page.cursor) | {"diary": "x" * 70_000}
        return dataclasses.replace(page, cursor=msgspec.json.encode(diary).decode())


class ChokesOnOneItem(Sabotaged):
    def spoil(self, page: Page) -> Page:
        return dataclasses.replace(page, messages=()) if page.skipped else page


class SwallowsWhatItCannotRead(Sabotaged):
    def spoil(self, page: Page) -> Page:
        return dataclasses.replace(page, skipped=())


class ForgetsParents(Sabotaged):
    def spoil(self, page: Page) -> Page:
        return self.each(page, parent_id=None)


class MissesEdits(Sabotaged):
    def spoil(self, page: Page) -> Page:
        return self.each(page, revision="1")


class MissesDeletes(Sabotaged):
    def spoil(self, page: Page) -> Page:
        return dataclasses.replace(page, deleted=())


class ReadsNoHtml(Sabotaged):
    def spoil(self, page: Page) -> Page:
        messages = tuple(
            dataclasses.replace(message, text="") if message.html else message for message in page.messages
        )
        return dataclasses.replace(page, messages=messages)


class HasNoTimeZone(Sabotaged):
    def spoil(self, page: Page) -> Page:
        return self.each(page, created_at=self.context.clock().replace(tzinfo=None))


class WaitsByItsOwnClock(SandboxConnector):
    def pull(self, cursor: str | None) -> Page:
        try:
            return super().pull(cursor)
        except RateLimited:
            raise RateLimited("too_many", retry_at=self.context.clock().replace(tzinfo=None, year=2027)) from None

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        try:
            return super().send(plan, part, previous)
        except RateLimited:
            raise RateLimited("too_many", retry_at=self.context.clock() - timedelta(hours=1)) from None


class TakesOneAccountForAll(SandboxConnector):
    shared: dict[str, str] = {}

    def pull(self, cursor: str | None) -> Page:
        self.settings = dataclasses.replace(
            self.settings, account=self.shared.setdefault("account", self.settings.account)
        )
        return super().pull(cursor)


class CountsCodePoints(SandboxConnector):
    @classmethod
    def measure(cls, outgoing: Outgoing, limits: Limits) -> Measure:
        return Measure(
            units={"graphemes": (len(outgoing.text), 500)}, errors=() if outgoing.text.strip() else ("empty",)
        )


class PlansAnewEachTime(SandboxConnector):
    plans = 0

    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        self.plans += 1
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text, reserved=f"{key}-{self.plans}"),))


class ReservesTheSameId(SandboxConnector):
    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text, reserved="mine"),))


class SignsItsReplies(SandboxConnector):
    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        return Plan(outgoing=outgoing, parts=(Part(text=f"{outgoing.text} Brightwater", reserved=key),))


class DoesNotKnowItself(Sabotaged):
    def spoil(self, page: Page) -> Page:
        messages = tuple(
            dataclasses.replace(message, author=dataclasses.replace(message.author, is_us=False))
            for message in page.messages
        )
        return dataclasses.replace(page, messages=messages)


class IgnoresTheVisibilityChosen(SandboxConnector):
    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        outgoing = dataclasses.replace(plan.outgoing, visibility=plan.outgoing.target.visibility)
        return super().send(dataclasses.replace(plan, outgoing=outgoing), part, previous)


class TriesAgainByItself(SandboxConnector):
    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        try:
            return super().send(plan, part, previous)
        except Ambiguous:
            return super().send(dataclasses.replace(plan, parts=(Part(text="again"),)), part, previous)


class CallsEverythingUnavailable(SandboxConnector):
    def plan(self, outgoing: Outgoing, key: str) -> Plan:
        return Plan(outgoing=outgoing, parts=(Part(text=outgoing.text),))

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        try:
            return super().send(plan, part, previous)
        except ConnectorError:
            raise Unavailable("something") from None


class FindsNothing(SandboxConnector):
    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        return None


class FindsAnything(SandboxConnector):
    def reconcile(self, plan: Plan, part: int, since: datetime) -> Receipt | None:
        return Receipt(remote_id="p1", at=since)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SecretSettings(SandboxSettings):
    token: str = dataclasses.field(default="hunter2-hunter2", metadata={"secret": True})


class TellsItsToken(SandboxConnector):
    Settings = SecretSettings

    def pull(self, cursor: str | None) -> Page:
        try:
            return super().pull(cursor)
        except ConnectorError:
            raise Unavailable("down", detail=f"Bearer {self.settings.token} was not heard") from None

    def send(self, plan: Plan, part: int, previous: Receipt | None) -> Receipt:
        try:
            return super().send(plan, part, previous)
        except ConnectorError:
            raise Unavailable("down", detail=f"Bearer {self.settings.token} was not heard") from None


class LikesOnlyOnce(SandboxConnector):
    liked = False

    def act(self, action: Action) -> None:
        if self.liked:
            raise Unavailable("liked already")
        self.liked = True


BROKEN: list[tuple[type[Connector], str, dict[str, Any]]] = [
    (OpensItsFileAtOnce, "test_the_constructor_touches_nothing", {}),
    (DoesAnything, "test_what_is_not_declared_is_refused", {}),
    (AlwaysNew, "test_the_first_pull_is_history_and_the_next_is_not", {}),
    (NewRevisionEachTime, "test_the_same_page_twice_brings_nothing_new", {}),
    (LosesTheRestOfABurst, "test_a_burst_of_three_pages_loses_nothing", {}),
    (TrustsDates, "test_a_message_that_comes_late_with_an_old_date_is_found", {}),
    (RemembersOnlyInMemory, "test_a_restart_goes_on_where_the_cursor_is", {}),
    (KeepsItsDiaryInTheCursor, "test_a_restart_goes_on_where_the_cursor_is", {}),
    (StartsAtTheEndWithAStrangeCursor, "test_a_cursor_nobody_knows_means_a_safe_scan", {"cursor": "{}"}),
    (ChokesOnOneItem, "test_one_item_nobody_can_read_costs_only_itself", {}),
    (SwallowsWhatItCannotRead, "test_one_item_nobody_can_read_costs_only_itself", {}),
    (ForgetsParents, "test_an_answer_tells_what_it_answers", {}),
    (MissesEdits, "test_an_edit_is_the_same_message_in_a_new_revision", {}),
    (MissesDeletes, "test_what_is_taken_away_is_told_as_deleted", {}),
    (ReadsNoHtml, "test_every_body_has_words_to_read", {"body": "<p>Wasserhärte</p>"}),
    (HasNoTimeZone, "test_the_first_pull_is_history_and_the_next_is_not", {}),
    (WaitsByItsOwnClock, "test_a_pull_told_to_slow_down_says_until_when", {}),
    (WaitsByItsOwnClock, "test_a_send_told_to_slow_down_says_until_when", {}),
    (TakesOneAccountForAll, "test_two_accounts_at_once_share_nothing", {}),
    (CountsCodePoints, "test_a_text_is_as_long_as_the_network_finds_it", {"text": "👍🏽", "graphemes": 1}),
    (CountsCodePoints, "test_the_limit_of_this_server_counts", {}),
    (PlansAnewEachTime, "test_a_plan_is_the_same_every_time_and_survives_storage", {}),
    (ReservesTheSameId, "test_every_part_has_an_id_of_its_own_before_it_leaves", {}),
    (SignsItsReplies, "test_a_reply_arrives_once_in_its_own_words", {}),
    (DoesNotKnowItself, "test_our_reply_comes_back_as_an_echo", {}),
    (DoesNotKnowItself, "test_an_answer_from_the_native_app_is_ours", {}),
    (IgnoresTheVisibilityChosen, "test_a_reply_is_never_wider_than_what_it_answers", {}),
    (TriesAgainByItself, "test_a_lost_answer_is_ambiguous", {}),
    (CallsEverythingUnavailable, "test_what_is_deleted_cannot_be_answered", {}),
    (CallsEverythingUnavailable, "test_what_is_closed_cannot_be_answered", {}),
    (CallsEverythingUnavailable, "test_five_replies_through_a_storm_arrive_once_each", {}),
    (FindsNothing, "test_a_look_finds_what_arrived_and_nothing_else", {}),
    (FindsAnything, "test_a_look_finds_what_arrived_and_nothing_else", {}),
    (TellsItsToken, "test_no_secret_is_told_on", {}),
    (TellsItsToken, "test_a_failed_send_tells_no_secret", {}),
    (LikesOnlyOnce, "test_every_action_may_be_done_twice", {}),
]


@pytest.mark.parametrize(("broken", "test", "given"), BROKEN)
def test_a_broken_connector_fails_the_test_about_it(
    broken: type[Connector], test: str, given: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = {**given, "caplog": caplog}
    with pytest.raises((AssertionError, ConnectorError, pytest.fail.Exception)):
        run_one(broken, test, given, tmp_path)


@pytest.mark.parametrize(("test", "given"), [(test, given) for _, test, given in BROKEN if "secret" not in test])
def test_the_same_test_passes_for_a_sound_one(test: str, given: dict[str, Any], tmp_path: Path) -> None:
    run_one(SandboxConnector, test, given, tmp_path)


class ReadOnly(SandboxConnector):
    features = Features(threads=True)


def test_what_is_not_declared_is_not_tested() -> None:
    kit, whole = kit_for(ReadOnly), kit_for(SandboxConnector)
    assert callable(kit.test_an_answer_tells_what_it_answers)
    assert kit.test_a_lost_answer_is_ambiguous is None
    assert kit.test_an_edit_is_the_same_message_in_a_new_revision is None
    assert callable(whole.test_a_lost_answer_is_ambiguous)
    assert whole.test_no_secret_is_told_on is None


def test_a_read_only_connector_that_sends_all_the_same_is_found(tmp_path: Path) -> None:
    with pytest.raises((AssertionError, ConnectorError, pytest.fail.Exception)):
        run_one(ReadOnly, "test_what_is_not_declared_is_refused", {}, tmp_path)
