"""The quality scale: what each level promises, and what a connector has to declare and pass to reach it.

A level says what people at the inbox can rely on, so a network that cannot do something keeps its channel below that
level, however well the connector is written. docs/quality.md is the same for readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.connector import Connector

from .delivering import Delivering
from .extras import Extras
from .manners import Manners
from .needs import applies
from .receiving import Receiving
from .sending import Sending


class Outcome(StrEnum):
    """How one check of the kit ended, over all its parameters."""

    PASSED = "passed"
    SKIPPED = "was skipped"
    FAILED = "failed"
    MISSING = "was not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """features: what must be declared. checks: what must pass; those of features that are not declared do not count."""

    name: str
    promise: str
    features: tuple[str, ...] = ()
    checks: tuple[str, ...]


BRONZE = Level(
    name="bronze",
    promise="brings in what people write, loses nothing, harms nobody",
    checks=(
        "test_the_class_keeps_the_contract",
        "test_importing_it_touches_nothing",
        "test_the_constructor_touches_nothing",
        "test_every_setting_explains_itself",
        "test_check_tells_who_we_are_and_what_fits",
        "test_what_is_not_declared_is_refused",
        "test_the_first_pull_is_history_and_the_next_is_not",
        "test_what_comes_after_a_first_pull_that_found_nothing_is_no_history",
        "test_the_same_page_twice_brings_nothing_new",
        "test_a_burst_of_three_pages_loses_nothing",
        "test_a_message_that_comes_late_with_an_old_date_is_found",
        "test_a_restart_goes_on_where_the_cursor_is",
        "test_a_cursor_nobody_knows_means_a_safe_scan",
        "test_one_item_nobody_can_read_costs_only_itself",
        "test_kinds_and_fields_of_a_newer_server_are_tolerated",
        "test_every_body_has_words_to_read",
        "test_a_pull_that_fails_loses_nothing",
        "test_a_pull_told_to_slow_down_says_until_when",
        "test_a_withdrawn_access_asks_for_a_new_sign_in",
        "test_no_secret_is_told_on",
        "test_two_accounts_at_once_share_nothing",
        "test_the_network_is_reached_only_through_the_door",
        "test_it_never_waits_by_itself",
        "test_the_time_zone_of_the_machine_changes_nothing",
        "test_what_the_network_posts_is_taken_under_its_name",
        "test_what_somebody_else_posts_is_refused",
        "test_a_body_that_was_changed_on_the_way_is_refused_where_it_is_signed",
        "test_receiving_asks_nobody",
        "test_no_secret_is_kept_with_a_delivery",
        "test_every_delivery_comes_to_its_end",
        "test_news_wakes_who_listens_until_told_to_stop",
        "test_signing_in_at_the_network_brings_settings_that_work",
        "test_who_declines_to_sign_in_is_not_connected",
    ),
)

SILVER = Level(
    name="silver",
    promise="answers in the right place, to nobody else, and says what went wrong",
    features=("send", "threads"),
    checks=(
        "test_an_answer_tells_what_it_answers",
        "test_a_text_is_as_long_as_the_network_finds_it",
        "test_the_limit_of_this_server_counts",
        "test_a_text_that_is_too_long_is_refused_or_split_without_losing_a_word",
        "test_a_plan_is_the_same_every_time_and_survives_storage",
        "test_a_reply_arrives_once_in_its_own_words",
        "test_our_reply_comes_back_as_an_echo",
        "test_an_answer_from_the_native_app_is_ours",
        "test_a_reply_is_never_wider_than_what_it_answers",
        "test_what_is_deleted_cannot_be_answered",
        "test_what_is_closed_cannot_be_answered",
        "test_a_failure_before_it_left_is_surely_not_sent",
        "test_a_lost_answer_is_ambiguous",
        "test_a_send_told_to_slow_down_says_until_when",
        "test_only_the_part_that_failed_is_sent_again",
        "test_a_failed_send_tells_no_secret",
        "test_a_content_warning_goes_out_with_the_words",
        "test_a_quote_shows_the_message_and_an_answer_does_not",
        "test_pictures_go_out_in_order_with_their_descriptions",
        "test_one_picture_too_many_is_said_before_it_is_sent",
        "test_every_action_may_be_done_twice",
        "test_our_own_reply_can_be_changed_and_twice_is_the_same_as_once",
        "test_our_own_reply_can_be_deleted_and_twice_is_the_same_as_once",
    ),
)

GOLD = Level(
    name="gold",
    promise="finds out whether a reply arrived, and follows what is changed and taken away",
    features=("reconcile", "edits", "deletes"),
    checks=(
        "test_a_look_finds_what_arrived_and_nothing_else",
        "test_five_replies_through_a_storm_arrive_once_each",
        "test_an_edit_is_the_same_message_in_a_new_revision",
        "test_what_is_taken_away_is_told_as_deleted",
        "test_what_is_gone_before_we_saw_it_does_not_come",
    ),
)

PLATINUM = Level(
    name="platinum",
    promise="sends under ids of our own, so that the network itself refuses the same reply twice",
    features=("reserves",),
    checks=(
        "test_every_part_has_an_id_of_its_own_before_it_leaves",
        "test_the_same_reserved_id_is_never_sent_twice",
    ),
)

LEVELS = (BRONZE, SILVER, GOLD, PLATINUM)
"""From the lowest to the highest; each includes those before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a connector stands with one level. `lacks` says what is missing, in words; nothing: it is reached."""

    level: Level
    passed: int
    asked: int
    lacks: tuple[str, ...]


def standings(connector: type[Connector], outcomes: Mapping[str, Outcome]) -> tuple[Standing, ...]:
    """How a connector stands with each level, by how its checks ended."""
    return tuple(_standing(level, connector, outcomes) for level in LEVELS)


def reached(found: tuple[Standing, ...]) -> Level | None:
    """The highest level that is reached with all before it; None below bronze."""
    highest = None
    for standing in found:
        if standing.lacks:
            break
        highest = standing.level
    return highest


def highest_declared(connector: type[Connector]) -> Level:
    """The level a connector reaches by what it declares, when every check passes."""
    passed = reached(standings(connector, {name: Outcome.PASSED for level in LEVELS for name in level.checks}))
    return passed or BRONZE


def checks_of(connector: type[Connector]) -> frozenset[str]:
    """The names of the checks that a connector has to pass by what it declares."""
    return frozenset(name for level in LEVELS for name in level.checks if _applies(name, connector))


def _standing(level: Level, connector: type[Connector], outcomes: Mapping[str, Outcome]) -> Standing:
    asked = [name for name in level.checks if _applies(name, connector)]
    passed = [name for name in asked if outcomes.get(name) is Outcome.PASSED]
    return Standing(
        level=level, passed=len(passed), asked=len(asked), lacks=tuple(_lacks(level, connector, asked, outcomes))
    )


def _lacks(
    level: Level, connector: type[Connector], asked: list[str], outcomes: Mapping[str, Outcome]
) -> Iterator[str]:
    missing = [feature for feature in level.features if not getattr(connector.features, feature)]
    if missing:
        yield f"declare {', '.join(missing)}"
    for name in asked:
        outcome = outcomes.get(name, Outcome.MISSING)
        if outcome is not Outcome.PASSED:
            yield f"{name} {outcome}"


def _applies(name: str, connector: type[Connector]) -> bool:
    return applies(_KIT[name], connector)


_KIT = {name: check for part in (Receiving, Sending, Delivering, Extras, Manners) for name, check in vars(part).items()}
